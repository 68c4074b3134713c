// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --tosa-to-linalg-contract | FileCheck %s --check-prefix=LINALG
// RUN: pumice-opt %s --tosa-to-linalg-contract --linalg-to-quantized --quantized-to-crossbar=device=ideal | FileCheck %s

// LINALG-LABEL: func.func @main
// LINALG-NOT: tosa
// LINALG: linalg.conv_2d_nhwc_fhwc_q
// LINALG: arith.muli
// LINALG-NOT: tosa

// Bias, rescale and both changes of layout are one op of the digital unit.
// CHECK-LABEL: func.func @main
// CHECK: crossbar.conv_2d {{.*}} padding = [1, 1, 1, 1]> groups 1 {input_zero_point = -5 : i64}
// CHECK: linalg.generic
// CHECK: arith.addi
// CHECK: arith.muli
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @main(%x: tensor<1x6x6x3xi8>) -> tensor<1x6x6x4xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<4x3x3x3xi8>}> : () -> tensor<4x3x3x3xi8>
  %b = "tosa.const"() <{values = dense<[1, -2, 3, 400]> : tensor<4xi32>}> : () -> tensor<4xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  %c = tosa.conv2d %x, %w, %b, %xz, %z {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      stride = array<i64: 1, 1>} : (tensor<1x6x6x3xi8>, tensor<4x3x3x3xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x6x4xi32>
  %r = tosa.rescale %c, %m, %s, %z32, %z {input_unsigned = false, output_unsigned = false, per_channel = false,
      rounding_mode = DOUBLE_ROUND, scale32 = true} : (tensor<1x6x6x4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x6x6x4xi8>
  return %r : tensor<1x6x6x4xi8>
}
