// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %inputs/network.mlir --linalg-to-simulator=device=ideal -o %t.mlir
// RUN: pumice-opt %inputs/network.mlir --linalg-to-simulator=device=ideal --emit-bytecode -o %t.mlirbc
// RUN: pumice-opt %t.mlirbc | diff - %t.mlir
// RUN: %npy write %t.x.npy "np.ones((1, 2, 13, 13), np.float32)"
// RUN: pumice-opt - < %t.mlirbc | diff - %t.mlir
// RUN: pumice-sim - --input %t.x.npy --output %t.y.npy < %t.mlirbc
// RUN: pumice-sim %t.mlirbc --input %t.x.npy --output %t.y.npy
// RUN: %python %inputs/network.py %inputs/network.mlir %t.x.npy %t.y.npy
//
// A program is complete as bytecode, too, also from standard input, whose buffer
// is not aligned.
