// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=layout=along --ap-disassemble | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=layout=along --ap-disassemble=passes=true | FileCheck %s --check-prefix=PASSES
//
// min(max(y, 0), 3) for sums y from -2 to 5: the example of docs/ap.md, "Codes".

// CHECK: ap.program for "" attributes {code_bits = 2 : i64,
// CHECK: ap.epilogue {
// CHECK-NEXT: ap.bundle {
// CHECK-NEXT: ap.serial less a = <column = 7, domain = 0, width = 4, is_signed = true> than 1 carry 0 steps 4
// CHECK-NEXT: ap.serial less a = <column = 7, domain = 0, width = 4, is_signed = true> than 2 carry 1 steps 4
// CHECK-NEXT: ap.serial less a = <column = 7, domain = 0, width = 4, is_signed = true> than 3 carry 2 steps 4
// CHECK-NEXT: }
// CHECK-NEXT: ap.bundle {
// CHECK-NEXT: ap.serial copy d = <column = 7, domain = 0, width = 1> a = <column = 2, domain = 0, width = 1, cell = true> biased steps 1
// CHECK-NEXT: ap.serial between d = <column = 7, domain = 0, width = 1> a = <column = 0, domain = 0, width = 1, cell = true> carry 1 steps 1
// CHECK-NEXT: }
// CHECK-NEXT: ap.bundle {
// CHECK-NEXT: ap.serial copy d = <column = 7, domain = 1, width = 1> a = <column = 1, domain = 0, width = 1, cell = true> biased steps 1
// CHECK-NEXT: }
// CHECK-NEXT: }

// y < 1 is a pass for each bit; that of the sign is inverted.
// PASSES: ap.serial less {{.*}} than 3
// PASSES-NEXT: ap.search [0] key [true]
// PASSES-NEXT: ap.write [0] key [false]
// PASSES-NEXT: ap.search [7] key [false]
// PASSES-NEXT: ap.write [0] key [true]
func.func @main(%x: tensor<4x7xi8>) -> tensor<4x1xi8> {
  %w = arith.constant dense<[[1, 1, 1, 1, 1, -1, -1]]> : tensor<1x7xi8>
  %y = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64, thresholds = dense<[[1, 2, 3]]> : tensor<1x3xi64>,
      codes = dense<[[0, 1, 2, 3]]> : tensor<1x4xi8>} : (tensor<4x7xi8>, tensor<1x7xi8>) -> tensor<4x1xi8>
  return %y : tensor<4x1xi8>
}
