// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null
//
// Parts of a matrix, and grids whose tiles are read together.

// CHECK: module attributes {test.part = #crossbar.part<groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 8, first_column = 4>}
module attributes {test.part = #crossbar.part<groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 8, first_column = 4>} {
  func.func @joined(%a: !crossbar.grid<1x12x2xi8, si8>, %b: !crossbar.grid<1x12x2xi8, si8>) -> !crossbar.grid<1x12x2xi8, si8> {
    // CHECK: crossbar.join %{{.*}}, %{{.*}} : !crossbar.grid<1x12x2xi8, si8>
    %0 = crossbar.join %a, %b : !crossbar.grid<1x12x2xi8, si8>
    return %0 : !crossbar.grid<1x12x2xi8, si8>
  }
}
