// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs --ap-compile-programs | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap "--ap-compile-programs=threads=1 share=false lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s --check-prefix=PLAIN
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=threads=1 -o %t.1.mlir
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=threads=2 -o %t.2.mlir
// RUN: diff %t.1.mlir %t.2.mlir

// CHECK-LABEL: func @main
// CHECK-NOT: ap.conv_2d
// CHECK: ap.run %{{.*}} program dense_resource<ap_program> : tensor<{{[0-9]+}}xi8> window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
// CHECK-SAME: tensor<1x1x4x4xi8> -> tensor<1x2x2x2xi32>

// Without sharing, one addition or subtraction for each weight that is not 0.
// PLAIN-COUNT-11: ap.serial
// PLAIN-NOT: ap.serial
func.func @main(%x: tensor<1x1x4x4xi8>) -> tensor<1x2x2x2xi32> {
  %w = arith.constant dense<[[[[1, 0, -1], [1, 0, -1], [1, 0, -1]]], [[[1, 0, -1], [0, 1, 0], [1, 0, -1]]]]> : tensor<2x1x3x3xi8>
  %y = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 2 : i64} : (tensor<1x1x4x4xi8>, tensor<2x1x3x3xi8>) -> tensor<1x2x2x2xi32>
  return %y : tensor<1x2x2x2xi32>
}
