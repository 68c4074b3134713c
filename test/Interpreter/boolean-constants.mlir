// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
// RUN: %npy write %t.x.npy "np.zeros(1, np.float32)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --output %t.y.npy --output %t.z.npy --output %t.n.npy
// RUN: %npy equal %t.y.npy "np.array([True, False, True, True])"
// RUN: %npy equal %t.z.npy "np.array([True, True])"
// RUN: %npy equal %t.n.npy "np.array([False, True, False, False])"
//
// i1 is one byte in memory and one bit in MLIR's constants, in a memory and inside of a function.

!x = memref<1xf32, #simulator.memory<host>>
!y = memref<4xi1, #simulator.memory<buffer>>
!z = memref<2xi1, #simulator.memory<buffer>>
func.func @main(%x: !x) -> (!y, !z, !y) {
  %y = simulator.constant dense<[true, false, true, true]> : tensor<4xi1> to !y
  %z = simulator.constant dense<true> : tensor<2xi1> to !z
  %n = simulator.buffer : !y
  %t = simulator.digital @not (%y) to (%n) : (!y) -> !y
  return %y, %z, %n : !y, !z, !y
}
func.func private @not(%x: tensor<4xi1>) -> tensor<4xi1> {
  %ones = arith.constant dense<[true, true, true, true]> : tensor<4xi1>
  %mixed = arith.constant dense<[false, true, false, true]> : tensor<4xi1>
  %0 = arith.xori %x, %ones : tensor<4xi1>
  %1 = arith.xori %0, %mixed : tensor<4xi1>
  %2 = arith.xori %1, %mixed : tensor<4xi1>
  return %2 : tensor<4xi1>
}
