// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --pum-attach-device=device=ideal --verify-ap-contract 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --verify-ap-contract 2>&1 | FileCheck %s
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --ap-disassemble 2>&1 | FileCheck %s
// OTHER: runs on associative processors, but device 'ideal' has none
// CHECK: microprogram, byte 2: expected a number, got the end of the microprogram

func.func @main(%x: tensor<4x2xi8>) -> tensor<4x1xi32> {
  %y = ap.run %x program dense<[80, 65]> : tensor<2xi8> : tensor<4x2xi8> -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}
