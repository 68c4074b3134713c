// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --verify-ap-contract -verify-diagnostics

func.func @not_compiled(%x: tensor<4x2xi8>, %w: tensor<1x2xi8>) -> tensor<4x1xi32> {
  // expected-error @below {{is not compiled (ap-compile-programs)}}
  %y = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<4x2xi8>, tensor<1x2xi8>) -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}

// -----

// expected-error @below {{names no device}}
module {
  func.func @no_device(%x: tensor<4x2xi8>) -> tensor<4x1xi32> {
    %y = ap.run %x program dense<[80, 65]> : tensor<2xi8> : tensor<4x2xi8> -> tensor<4x1xi32>
    return %y : tensor<4x1xi32>
  }
}
