// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed -e 's/name = "chip", holds = 2/name = "chip", holds = 1/' %S/../../Inputs/few-arrays.mlir > %t.two.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.two.mlir --pum-schedule=algorithm=fastest 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not pumice-opt %s --pum-attach-device=device=%t.two.mlir --pum-schedule=json=/no/such/folder/s.json 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: sed -e 's/name = "chip", holds = 2/name = "chip"/' %S/../../Inputs/few-arrays.mlir > %t.endless.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.endless.mlir --pum-schedule=algorithm=naive 2>&1 | FileCheck %s --check-prefix=ENDLESS
// RUN: sed -e 's/mode = lossless/mode = full_scale/' -e 's/bits = 8, mode/bits = 2, mode/' %t.two.mlir > %t.scaled.mlir
// RUN: sed -e 's/mode = lossless/mode = full_scale/' -e 's/bits = 8, mode/bits = 2, mode/' %s > %t.scaled-layer.mlir
// RUN: not pumice-opt %t.scaled-layer.mlir --pum-attach-device=device=%t.scaled.mlir --pum-schedule 2>&1 | FileCheck %s --check-prefix=SCALED
// RUN: sed -e 's/mode = lossless/mode = calibrated/' %t.two.mlir > %t.calibrated.mlir
// RUN: sed -e 's/mode = lossless/mode = calibrated/' %s > %t.calibrated-layer.mlir
// RUN: not pumice-opt %t.calibrated-layer.mlir --pum-attach-device=device=%t.calibrated.mlir --pum-schedule 2>&1 | FileCheck %s --check-prefix=WHOLE
// RUN: sed -e 's/rows = 8, columns/rows = 16, columns/' %t.two.mlir > %t.other.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.other.mlir --pum-schedule=algorithm=overlap 2>&1 | FileCheck %s --check-prefix=OTHER
//
// NAME: expected an algorithm of naive, strong, overlap, copies, steady, got 'fastest'
// FILE: cannot write '/no/such/folder/s.json'
// ENDLESS: cannot be scheduled: group 'arrays' of device 'few-arrays' has no number of arrays
// SCALED: 'pum.program' op needs 3 arrays at once for its smallest split, as its sums are not exact in parts, but device 'few-arrays' has 2
// WHOLE: 'pum.program' op needs 6 arrays at once for its smallest split, as its conversions depend on all of its arrays, but device 'few-arrays' has 2
// OTHER: 'pum.program' op needs 6 arrays, but device 'few-arrays' has none that are left for constant weights: nets and tables take 0, temporary weights 0

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!grid = !crossbar.grid<1x20x6xi8, si8>

func.func @larger_than_the_machine(%arg: tensor<5x20xi8>) -> tensor<5x6xi32> {
  %w = arith.constant dense<1> : tensor<6x20xi8>
  %g, %t = pum.program %w setup array #array tiling <row_tiles = 3, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 6> : tensor<6x20xi8> -> !grid
  %x, %t0 = pum.load %arg : tensor<5x20xi8>
  %y, %t1 = pum.compute (%x, %g) : (tensor<5x20xi8>, !grid) -> tensor<5x6xi32> {
  ^bb0(%i: tensor<5x20xi8>, %h: !grid):
    %0 = crossbar.mvm %i, %h : (tensor<5x20xi8>, !grid) -> tensor<5x6xi32>
    pum.yield %0 : tensor<5x6xi32>
  }
  %s, %t2 = pum.store %y : tensor<5x6xi32>
  return %s : tensor<5x6xi32>
}
