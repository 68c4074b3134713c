// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// Waits for a fix: an empty list of types does not parse.
// XFAIL: *

// CHECK-LABEL: func @digital_without_inputs
func.func @digital_without_inputs() -> tensor<2xi8> {
  // CHECK: pum.digital() : () -> (tensor<2xi8>) {
  %y, %t = pum.digital () : () -> (tensor<2xi8>) {
    %0 = arith.constant dense<[1, 2]> : tensor<2xi8>
    pum.yield %0 : tensor<2xi8>
  }
  return %y : tensor<2xi8>
}
