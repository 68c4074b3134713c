// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --verify-ap-contract -verify-diagnostics
// RUN: pumice-opt %s --ap-disassemble -verify-diagnostics

func.func @elided(%x: tensor<4x2xi8>) -> tensor<4x1xi32> {
  // expected-error @below {{'ap.run' op has a microprogram without data}}
  %y = ap.run %x program dense_resource<__elided__> : tensor<7xi8> : tensor<4x2xi8> -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}
