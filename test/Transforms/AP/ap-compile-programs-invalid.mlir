// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --ap-compile-programs 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not pumice-opt %s --pum-attach-device=device=ideal --ap-compile-programs 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs 2>&1 | FileCheck %s
// NONE: names no device
// OTHER: expects a device with associative processors, but 'ideal' has none
// CHECK: cannot be compiled: expected weights of -1, 0 and 1, but 1 of 2 are not

func.func @main(%x: tensor<4x2xi8>) -> tensor<4x1xi32> {
  %w = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %y = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<4x2xi8>, tensor<1x2xi8>) -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}
