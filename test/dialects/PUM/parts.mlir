// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics | pumice-opt -split-input-file -allow-unregistered-dialect | FileCheck %s
//
// C5 of pum.program, and pum.schedule.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
// CHECK: pum.schedule = {time_ps = 5 : i64}
module attributes {pum.schedule = {time_ps = 5 : i64}} {
  func.func @parts(%w: tensor<6x20xi8>) {
    // CHECK: pum.program %{{.*}} part <groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 8, first_column = 4> tiles [1, 1] on <"arrays", 3, 4> array
    %g, %t = pum.program %w part <groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 8, first_column = 4>
        tiles [1, 1] on <"arrays", 3, 4> array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
        groups_per_array = 1, arrays = 2> {matrix = 4 : i64} : tensor<6x20xi8> -> !crossbar.grid<1x12x2xi8, si8>
    // CHECK: crossbar.join %{{.*}}, %{{.*}} : !crossbar.grid<1x12x2xi8, si8>
    %j = crossbar.join %g, %g : !crossbar.grid<1x12x2xi8, si8>
    return
  }
}
