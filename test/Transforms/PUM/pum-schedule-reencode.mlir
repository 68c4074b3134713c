// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed -e 's/levels = .#pum.level<name = "element"/pulse_unchanged_cells = false, &/' %S/../../Inputs/few-arrays.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir --pum-schedule="algorithm=naive reencode=bitlines" --verify-pum-scheduled --pum-to-simulator | FileCheck %s
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule="algorithm=naive reencode=bitlines" 2>&1 | FileCheck %s --check-prefix=PULSES
// RUN: not pumice-opt %s --pum-attach-device=device=%t.device.mlir --pum-schedule="algorithm=naive reencode=offset" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: sed -e 's/^\(func.func.*\) {$/\1 attributes {pum.reencoding = "gray"} {/' %s > %t.wrong.mlir
// RUN: not pumice-opt %t.wrong.mlir 2>&1 | FileCheck %s --check-prefix=WRONG
//
// PULSES: cannot be re-encoded: expected pulses that depend on what cells hold in group 'arrays' of device 'few-arrays'
// METHOD: expected a re-encoding of centre, fitted, columns or bitlines, got 'offset'
// WRONG: pum.reencoding must be "centre", "fitted", "columns" or "bitlines", got "gray"
//
// Weights of 8 bits are re-encoded; those of 4 bits are not.
// CHECK: simulator.program {{.*}} {pum.reencoding = "bitlines"} {{.*}}8x8xi8
// CHECK-NOT: pum.reencoding
// CHECK: simulator.program {{.*}}8x16xi4

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!wide = !crossbar.grid<1x8x8xi8, si8>
!narrow = !crossbar.grid<1x8x16xi4, si8>

func.func @network(%arg: tensor<4x8xi8>) -> tensor<4x16xi32> {
  %w = arith.constant dense<1> : tensor<8x8xi8>
  %a, %ta = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !wide
  %v = arith.constant dense<2> : tensor<16x8xi8>
  %b, %tb = pum.program %v setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 2,
      groups_per_array = 1, arrays = 2> : tensor<16x8xi8> -> !narrow
  %x, %t0 = pum.load %arg : tensor<4x8xi8>
  %y, %t1 = pum.compute (%x, %a) : (tensor<4x8xi8>, !wide) -> tensor<4x8xi32> {
  ^bb0(%i: tensor<4x8xi8>, %g: !wide):
    %0 = crossbar.mvm %i, %g : (tensor<4x8xi8>, !wide) -> tensor<4x8xi32>
    pum.yield %0 : tensor<4x8xi32>
  }
  %q, %t2 = pum.digital (%y) : (tensor<4x8xi32>) -> tensor<4x8xi8> {
  ^bb0(%i: tensor<4x8xi32>):
    %0 = arith.trunci %i : tensor<4x8xi32> to tensor<4x8xi8>
    pum.yield %0 : tensor<4x8xi8>
  }
  %z, %t3 = pum.compute (%q, %b) : (tensor<4x8xi8>, !narrow) -> tensor<4x16xi32> {
  ^bb0(%i: tensor<4x8xi8>, %g: !narrow):
    %0 = crossbar.mvm %i, %g : (tensor<4x8xi8>, !narrow) -> tensor<4x16xi32>
    pum.yield %0 : tensor<4x16xi32>
  }
  %s, %t4 = pum.store %z : tensor<4x16xi32>
  return %s : tensor<4x16xi32>
}
