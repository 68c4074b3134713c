// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=overlap 2>&1 | FileCheck %s
//
// Tasks that read each other's results are refused with their names.
// CHECK: loc("first"): operand #1 does not dominate this use
// CHECK: loc("second"): operand defined here

func.func @cycle(%arg: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %x, %t0 = pum.load %arg : tensor<4x8xi8>
  %y, %t1 = pum.digital (%x, %z) : (tensor<4x8xi8>, tensor<4x8xi8>) -> tensor<4x8xi8> {
  ^bb0(%i: tensor<4x8xi8>, %j: tensor<4x8xi8>):
    %0 = arith.addi %i, %j : tensor<4x8xi8>
    pum.yield %0 : tensor<4x8xi8>
  } loc("first")
  %z, %t2 = pum.digital (%y) : (tensor<4x8xi8>) -> tensor<4x8xi8> {
  ^bb0(%i: tensor<4x8xi8>):
    %0 = arith.addi %i, %i : tensor<4x8xi8>
    pum.yield %0 : tensor<4x8xi8>
  } loc("second")
  %s, %t3 = pum.store %z : tensor<4x8xi8>
  return %s : tensor<4x8xi8>
}
