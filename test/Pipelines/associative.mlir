// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --linalg-to-quantized --quantized-to-crossbar=device=rtm-ap --ap-disassemble | FileCheck %s --check-prefix=SHARED
// RUN: pumice-opt %s --linalg-to-quantized --quantized-to-crossbar="device=rtm-ap ap-share=false ap-threads=1" --ap-disassemble | FileCheck %s --check-prefix=PLAIN
// RUN: pumice-opt %s --linalg-to-simulator="device=rtm-ap ap-share=false" | FileCheck %s --check-prefix=MACHINE
//
// Options of pipelines reach the compiler of associative programs.

// x0 + x1 + x2 + x3 is in all four outputs: 16 weights are not 0, 3 additions and 4 accumulations are left.
// SHARED-COUNT-7: ap.serial
// SHARED-NOT: ap.serial
// PLAIN-COUNT-16: ap.serial
// PLAIN-NOT: ap.serial
// MACHINE: simulator.ap_exec
func.func @main(%x: tensor<2x5xi8>) -> tensor<2x4xi32> {
  %w = arith.constant dense<[[1, -1, 1, 1], [1, -1, 1, 1], [1, -1, 1, 1], [1, -1, 1, 1], [0, 0, 0, 0]]> : tensor<5x4xi8>
  %c0 = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<2x4xi32>
  %init = linalg.fill ins(%c0 : i32) outs(%empty : tensor<2x4xi32>) -> tensor<2x4xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %c0, %c0 : tensor<2x5xi8>, tensor<5x4xi8>, i32, i32)
      outs(%init : tensor<2x4xi32>) -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}
