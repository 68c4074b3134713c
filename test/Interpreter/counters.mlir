// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
// RUN: not pumice-sim %t.mlir --estimate 2>&1 | FileCheck %s
//
// Counts that a report cannot hold are refused: 2^69 multiplications.
// CHECK: pumice-sim: error: instruction '{{.*}}': expected fewer than 2^63 events of each kind, got more

!h = memref<8388608x8388608xi8, #simulator.memory<host>>
!b = memref<8388608x8388608xi8, #simulator.memory<buffer>>
func.func @main(%x: !h) -> !b {
  %a = simulator.buffer : !b
  %t = simulator.transfer %x to %a : !h to !b
  %y = simulator.buffer : !b
  %u = simulator.digital @f(%a) to(%y) after(%t) : (!b) -> !b
  return %y : !b
}
func.func private @f(%a: tensor<8388608x8388608xi8>) -> tensor<8388608x8388608xi8> {
  %z = arith.constant 0 : i8
  %e = tensor.empty() : tensor<8388608x8388608xi8>
  %f = linalg.fill ins(%z : i8) outs(%e : tensor<8388608x8388608xi8>) -> tensor<8388608x8388608xi8>
  %y = linalg.matmul ins(%a, %a : tensor<8388608x8388608xi8>, tensor<8388608x8388608xi8>)
      outs(%f : tensor<8388608x8388608xi8>) -> tensor<8388608x8388608xi8>
  return %y : tensor<8388608x8388608xi8>
}
