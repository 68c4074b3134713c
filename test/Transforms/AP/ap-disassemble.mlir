// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%s.device "--ap-compile-programs=lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=%s.device "--ap-compile-programs=lanes=1 output-blocks=1 spread=1" --ap-disassemble=passes=true | FileCheck %s --check-prefix=PASSES
//
// The example of docs/ap.md: two filters on one channel of 2-bit codes.

// CHECK: ap.program for "" attributes {columns = 24 : i64, domains = 16 : i64, input_bits = 2 : i64, kernel_positions = 9 : i64, lanes = 1 : i64, spread = 1 : i64}
// CHECK-NEXT: ap.output_block attributes {column = 9 : i64, columns = 1 : i64, first_output = 0 : i64, initial = array<i64: -8, -8>, slot = 5 : i64, widths = array<i64: 5, 5>}
// CHECK-NEXT: ap.channel_block attributes {channels = 1 : i64, first_channel = 0 : i64}
// CHECK-NEXT: ap.bundle {
// CHECK-NEXT: ap.serial sub_new d = <column = 10, domain = 0, width = 3, is_signed = true> b = <column = 6, domain = 0, width = 2> a = <column = 8, domain = 0, width = 2> carry 17 steps 3
// CHECK-NEXT: ap.serial sub_new d = <column = 11, domain = 0, width = 3, is_signed = true> b = <column = 0, domain = 0, width = 2> a = <column = 2, domain = 0, width = 2> carry 18 steps 3
// CHECK-NEXT: ap.serial add_new d = <column = 12, domain = 0, width = 4, is_signed = true> b = <column = 10, domain = 0, width = 3, is_signed = true> a = <column = 11, domain = 0, width = 3, is_signed = true> carry 19 steps 4
// CHECK: ap.bundle {
// CHECK-NEXT: ap.serial add d = <column = 9, domain = 0, width = 5, is_signed = true> a = <column = 3, domain = 0, width = 2> carry 17 steps 5
// CHECK-NEXT: ap.serial sub d = <column = 9, domain = 0, width = 5, is_signed = true> a = <column = 5, domain = 0, width = 2> carry 18 steps 5
// CHECK-NEXT: ap.serial add d = <column = 9, domain = 0, width = 5, is_signed = true> a = <column = 12, domain = 0, width = 4, is_signed = true> biased carry 19 steps 5
// CHECK: ap.bundle {
// CHECK-NEXT: ap.serial add d = <column = 9, domain = 5, width = 5, is_signed = true> a = <column = 4, domain = 0, width = 2> carry 17 steps 5
// CHECK-NEXT: ap.serial add d = <column = 9, domain = 5, width = 5, is_signed = true> a = <column = 12, domain = 0, width = 4, is_signed = true> biased carry 18 steps 5
// CHECK-NOT: ap.serial

// The last group: 13 and 17 passes. y1 += x4 in step 0, on columns 17, 9 and 4.
// PASSES: ap.serial add d = <column = 9, domain = 5{{.*}} a = <column = 12
// PASSES-NEXT: ap.move [9] by 1
// PASSES-NEXT: ap.move [12] by -3
// PASSES-NEXT: ap.search [17] key [true]
// PASSES-NEXT: ap.write [17] key [false]
// PASSES-NEXT: ap.search [17, 9, 4] key [false, true, true]
// PASSES-NEXT: ap.write [17, 9] key [true, false]
// PASSES-NEXT: ap.search [17, 9, 4] key [false, false, true]
// PASSES-NEXT: ap.write [9] key [true]
// PASSES-NEXT: ap.search [18] key [true]
// PASSES-COUNT-26: ap.search
// PASSES-NOT: ap.search
func.func @main(%x: tensor<1x1x4x4xi8>) -> tensor<1x2x2x2xi32> {
  %w = arith.constant dense<[[[[1, 0, -1], [1, 0, -1], [1, 0, -1]]], [[[1, 0, -1], [0, 1, 0], [1, 0, -1]]]]> : tensor<2x1x3x3xi8>
  %y = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 2 : i64} : (tensor<1x1x4x4xi8>, tensor<2x1x3x3xi8>) -> tensor<1x2x2x2xi32>
  return %y : tensor<1x2x2x2xi32>
}
