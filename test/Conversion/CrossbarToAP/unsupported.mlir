// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --pum-attach-device=device=rtm-ap --convert-crossbar-to-ap -verify-diagnostics

func.func @four_values(%x: tensor<2x3xi8>) -> tensor<2x2xi32> {
  %w = arith.constant dense<[[1, 2, -1], [3, 3, -4]]> : tensor<2x3xi8>
  // expected-error @below {{expects ternary weights for associative processors, but 2 of 6 are none of three values of their output}}
  %y = crossbar.mvm %x, %w : (tensor<2x3xi8>, tensor<2x3xi8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

func.func @wide_inputs(%x: tensor<2x3xi16>) -> tensor<2x1xi32> {
  %w = arith.constant dense<[[1, 1, -1]]> : tensor<1x3xi8>
  // expected-error @below {{expects inputs of at most 8 bits for associative processors, got 16}}
  %y = crossbar.mvm %x, %w : (tensor<2x3xi16>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}

// -----

func.func @computed_weights(%x: tensor<2x3xi8>, %w: tensor<1x3xi8>) -> tensor<2x1xi32> {
  // expected-error @below {{expects constant weights of 8 bits for associative processors}}
  %y = crossbar.mvm %x, %w : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
