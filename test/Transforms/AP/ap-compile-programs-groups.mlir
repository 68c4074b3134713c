// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/two-groups-device.mlir --ap-compile-programs -verify-diagnostics
//
// A layer is assigned to a group that is not of associative processors.

func.func @arrays(%x: tensor<2x3xi8>) -> tensor<2x1xi32> {
  %w = arith.constant dense<[[1, 0, -1]]> : tensor<1x3xi8>
  // expected-error @below {{is assigned to 'arrays', which has no associative processors}}
  %y = ap.mvm %x, %w {pum.target = #pum.target<ap in "arrays">, input_bits = 8 : i64} : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
