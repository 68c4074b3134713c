// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions --crossbar-to-pum --pum-to-simulator -o %t.mlir
// RUN: pumice-opt %t.mlir --verify-simulator-program -o /dev/null
// RUN: sed 's/mode = clip/mode = full_scale/' %t.mlir > %t.scale.mlir
// RUN: not pumice-opt %t.scale.mlir --verify-simulator-program 2>&1 | FileCheck %s --check-prefix=SCALE
// RUN: sed 's/encoding = offset/encoding = offset, analog = <seed = 1>/' %t.mlir > %t.analog.mlir
// RUN: not pumice-opt %t.analog.mlir --verify-simulator-program 2>&1 | FileCheck %s --check-prefix=ANALOG
//
// Results are looked up, which is right only where arrays give exact sums.
// SCALE: error: 'simulator.apply' op cannot run on its arrays: expected array.adc.mode lossless or clip, which give exact sums, got a converter of 8 bits that scales sums of 128 rows at a time
// ANALOG: error: 'simulator.apply' op cannot run on its arrays: expected ideal cells (no array.analog), which give exact sums, got analog ones

crossbar.table @table input <bits = 2, low = 0, high = 3>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
func.func @main(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %0 = crossbar.apply @table(%x) copies 3 : tensor<8x64xf32>
  return %0 : tensor<8x64xf32>
}
