// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=layout=along --ap-disassemble | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs --ap-disassemble | FileCheck %s --check-prefix=ACROSS
// RUN: not pumice-opt %s --pum-attach-device=device=%s.device --ap-compile-programs 2>&1 | FileCheck %s --check-prefix=SMALL
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --verify-ap-contract 2>&1 | FileCheck %s --check-prefix=CONTRACT
// CONTRACT: 'ap.max_pool_2d' op is not compiled (ap-compile-programs)
// SMALL: 'ap.max_pool_2d' op cannot be compiled: needs at least 6 columns and 2 domains, but processors have 5 and 16

// CHECK: ap.run %{{.*}} window <kernel = [2, 2]
// CHECK: ap.run %{{.*}} with %{{.*}} program {{.*}} tensor<1x1x2x2xi8> with tensor<1x1x2x2xi8> -> tensor<1x1x2x2xi8>
// A maximum: the first of 4 codes, then what is more.
// CHECK: ap.program
// CHECK: ap.serial copy d = <column = 4, domain = 0, width = 2> a = <column = 0, domain = 0, width = 2> steps 2
// CHECK: ap.serial compare d = <column = 4, domain = 0, width = 2> a = <column = 1, domain = 0, width = 2> carry 5 steps 2
// CHECK: ap.serial select d = <column = 4, domain = 0, width = 2> a = <column = 1, domain = 0, width = 2> carry 5 steps 2
// CHECK-COUNT-4: ap.serial {{compare|select}}
// CHECK-NOT: compare
// 3 a + b is 4 a - a + b.
// CHECK: ap.program
// CHECK: ap.channel_block attributes {channels = 1 : i64, first_channel = 0 : i64}
// CHECK: ap.serial sub d = <column = 1, domain = 0, width = 5, is_signed = true> a = <column = 0, domain = 0, width = 2> carry 2 steps 5
// CHECK: ap.serial add d = <column = 1, domain = 2, width = 3, is_signed = true> a = <column = 0, domain = 0, width = 2> carry 2 steps 3
// CHECK: ap.channel_block attributes {channels = 1 : i64, first_channel = 1 : i64}
// CHECK: ap.serial add d = <column = 1, domain = 0, width = 5, is_signed = true> a = <column = 0, domain = 0, width = 2> carry 2 steps 5
// CHECK: ap.epilogue
// CHECK: ap.serial less a = <column = 1, domain = 0, width = 5, is_signed = true> than 7 carry 0 steps 5
// By default, bits lie across columns.
// ACROSS: ap.serial copy d = <column = 8, domain = 0, width = 2, across = true> a = <column = 0, domain = 0, width = 2, across = true> steps 2
// ACROSS: ap.serial compare d = <column = 8, domain = 0, width = 2, across = true> a = <column = 2, domain = 0, width = 2, across = true> carry 10 steps 2
// ACROSS: ap.serial sub d = <column = 2, domain = 0, width = 5, is_signed = true, across = true> a = <column = 0, domain = 0, width = 2, across = true> carry 7 steps 5
// ACROSS: ap.serial add d = <column = 4, domain = 0, width = 3, is_signed = true, across = true> a = <column = 0, domain = 0, width = 2, across = true> carry 7 steps 3
// ACROSS: ap.serial less a = <column = 2, domain = 0, width = 5, is_signed = true, across = true> than 7 carry 7 steps 5
func.func @main(%x: tensor<1x1x4x4xi8>, %b: tensor<1x1x2x2xi8>) -> tensor<1x1x2x2xi8> {
  %a = ap.max_pool_2d %x window <kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding = [0, 0, 0, 0]> {input_unsigned, input_bits = 2 : i64}
     : tensor<1x1x4x4xi8> -> tensor<1x1x2x2xi8>
  %y = ap.weighted_sum %a, %b by [3, 1] {input_unsigned, input_bits = 2 : i64, thresholds = dense<7> : tensor<1x1xi64>, codes = dense<[[0, 1]]> : tensor<1x2xi8>}
     : tensor<1x1x2x2xi8>
  return %y : tensor<1x1x2x2xi8>
}
