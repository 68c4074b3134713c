// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: %npy write %t/x.npy "np.arange(-10, 10, dtype=np.int8).reshape(4, 5)"
//
// Layers whose weights are all the same are layers like others.
//
// RUN: sed s/WEIGHT/0/ %t/layer.mlir > %t/0.mlir
// RUN: pumice-opt %t/0.mlir --linalg-to-simulator=device=isaac -o %t/0.sim.mlir
// RUN: pumice-sim %t/0.sim.mlir --input %t/x.npy --output %t/0.npy
// RUN: %npy equal %t/0.npy "np.zeros((4, 3), np.int32)"
// RUN: sed s/WEIGHT/-128/ %t/layer.mlir > %t/1.mlir
// RUN: pumice-opt %t/1.mlir --linalg-to-simulator=device=isaac -o %t/1.sim.mlir
// RUN: pumice-sim %t/1.sim.mlir --input %t/x.npy --output %t/1.npy
// RUN: %npy equal %t/1.npy "np.arange(-10, 10, dtype=np.int32).reshape(4, 5) @ np.full((5, 3), -128, np.int32)"
// RUN: pumice-opt %t/1.mlir --linalg-to-simulator=device=rtm-ap -o %t/2.sim.mlir
// RUN: pumice-sim %t/2.sim.mlir --input %t/x.npy --output %t/2.npy
// RUN: %npy equal %t/2.npy "np.arange(-10, 10, dtype=np.int32).reshape(4, 5) @ np.full((5, 3), -128, np.int32)"

//--- layer.mlir
func.func @main(%x: tensor<4x5xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<WEIGHT> : tensor<5x3xi8>
  %c0 = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4x3xi32>
  %i = linalg.fill ins(%c0 : i32) outs(%e : tensor<4x3xi32>) -> tensor<4x3xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %c0, %c0 : tensor<4x5xi8>, tensor<5x3xi8>, i32, i32) outs(%i : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
