// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap "--ap-compile-programs=lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s --check-prefix=ACROSS
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap "--ap-compile-programs=layout=along lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s --check-prefix=ALONG
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap "--ap-compile-programs=layout=across lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s --check-prefix=ACROSS
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap "--ap-compile-programs=layout=cheapest lanes=1 output-blocks=1 spread=1" --ap-disassemble | FileCheck %s --check-prefix=ACROSS
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --ap-compile-programs=layout=diagonal 2>&1 | FileCheck %s --check-prefix=OTHER
//
// A value takes one racetrack, or a column for each bit; the latter takes less energy here.

// ALONG: ap.program for "" attributes {columns = 256 : i64
// ALONG-NEXT: ap.output_block attributes {column = 9 : i64, columns = 2 : i64
// ALONG: ap.serial sub_new d = <column = 11, domain = 0, width = 3, is_signed = true> b =
// ALONG-NEXT: ap.serial sub_new d = <column = 12,
// ALONG-NOT: across

// ACROSS: ap.program for "" attributes {across, columns = 256 : i64
// ACROSS-NEXT: ap.output_block attributes {column = 18 : i64, columns = 10 : i64
// ACROSS: ap.serial sub_new d = <column = 28, domain = 0, width = 3, is_signed = true, across = true> b =
// ACROSS-NEXT: ap.serial sub_new d = <column = 31,

// OTHER: expected layout 'along', 'across' or 'cheapest', got 'diagonal'
func.func @main(%x: tensor<1x1x4x4xi8>) -> tensor<1x2x2x2xi32> {
  %w = arith.constant dense<[[[[1, 0, -1], [1, 0, -1], [1, 0, -1]]], [[[1, 0, -1], [0, 1, 0], [1, 0, -1]]]]> : tensor<2x1x3x3xi8>
  %y = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 2 : i64} : (tensor<1x1x4x4xi8>, tensor<2x1x3x3xi8>) -> tensor<1x2x2x2xi32>
  return %y : tensor<1x2x2x2xi32>
}
