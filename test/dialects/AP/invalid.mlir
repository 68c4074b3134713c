// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of ap.add: 15 + 15 is 30
func.func @add_overflows(%a: !ap.column<u4>) {
  // expected-error @below {{'ap.add' op has results that '!ap.column<u4>' does not hold}}
  %0 = ap.add %a, %a : !ap.column<u4>, !ap.column<u4> -> !ap.column<u4>
  return
}

// -----

// C1 of ap.sub: 0 - 15 is negative
func.func @sub_is_negative(%a: !ap.column<u4>) {
  // expected-error @below {{'ap.sub' op has results that '!ap.column<u5>' does not hold}}
  %0 = ap.sub %a, %a : !ap.column<u4>, !ap.column<u4> -> !ap.column<u5>
  return
}

// -----

// 2^64 - 1 twice
func.func @add_overflows_widest(%a: !ap.column<u64>) {
  // expected-error @below {{'ap.add' op has results that '!ap.column<u64>' does not hold}}
  %0 = ap.add %a, %a : !ap.column<u64>, !ap.column<u64> -> !ap.column<u64>
  return
}

// -----

// C1 of ap.copy
func.func @copy_loses_sign(%a: !ap.column<s4>) {
  // expected-error @below {{'ap.copy' op has results that '!ap.column<u8>' does not hold}}
  %0 = ap.copy %a : !ap.column<s4> -> !ap.column<u8>
  return
}

// -----

// C1 of ap.search
func.func @search_key() {
  // expected-error @below {{'ap.search' op has 2 key bits for 3 columns}}
  ap.search [3, 7, 12] key [false, true]
  return
}

// -----

// C1 of ap.write
func.func @write_twice() {
  // expected-error @below {{'ap.write' op names column 3 twice}}
  ap.write [3, 3] key [true, false]
  return
}

// -----

// C1 of ap.move
func.func @move_negative_column() {
  // expected-error @below {{'ap.move' op names column -1}}
  ap.move [0, -1] by 1
  return
}

// -----

func.func @move_nowhere() {
  // expected-error @below {{'ap.move' op moves by 0 domains}}
  ap.move [0, 1] by 0
  return
}

// -----

// expected-error @below {{a column is u or s and a width, such as u4}}
func.func private @column_without_sign(!ap.column<i4>)

// -----

// expected-error @below {{a column is u or s and a width, such as u4}}
func.func private @column_without_width(!ap.column<u>)

// -----

// expected-error @below {{a column is 1 to 64 bits wide, got 65}}
func.func private @wide_column(!ap.column<s65>)

// -----

// expected-error @below {{a column is 1 to 64 bits wide, got 0}}
func.func private @empty_column(!ap.column<u0>)

// -----

// C1 of ap.mvm
func.func @mvm_shapes(%x: tensor<2x3xi8>, %w: tensor<5x4xi8>) {
  // expected-error @below {{'ap.mvm' op cannot multiply 'tensor<2x3xi8>' by 'tensor<5x4xi8>' to 'tensor<2x5xi32>'}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<2x3xi8>, tensor<5x4xi8>) -> tensor<2x5xi32>
  return
}

// -----

// Bits of an input
func.func @input_bits(%x: tensor<2x3xi8>, %w: tensor<5x3xi8>) {
  // expected-error @below {{'ap.mvm' op attribute 'input_bits' failed to satisfy constraint}}
  %0 = ap.mvm %x, %w {input_bits = 9 : i64} : (tensor<2x3xi8>, tensor<5x3xi8>) -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.conv_2d
func.func @conv_window(%x: tensor<1x2x4x4xi8>, %w: tensor<4x2x3x3xi8>) {
  // expected-error @below {{'ap.conv_2d' op dimension 2 of the result must be 2, got 4}}
  %0 = ap.conv_2d %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] padding [0, 0, 0, 0] groups 1
      {input_bits = 4 : i64} : (tensor<1x2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<1x4x4x4xi32>
  return
}

// -----

// C1 of ap.conv_2d
func.func @conv_weights(%x: tensor<1x2x4x4xi8>, %w: tensor<4x2x3x3xi8>) {
  // expected-error @below {{'ap.conv_2d' op expects weights of 4x1x3x3, got 'tensor<4x2x3x3xi8>'}}
  %0 = ap.conv_2d %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] padding [1, 1, 1, 1] groups 2
      {input_bits = 4 : i64} : (tensor<1x2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<1x4x4x4xi32>
  return
}

// -----

// C2 of ap.run
func.func @run_bytes(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op expects the bytes of a program, got 'tensor<2xi16>'}}
  %0 = ap.run %x program dense<[80, 65]> : tensor<2xi16> : tensor<2x3xi8> -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.run
func.func @run_rows(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op expects matrices of as many rows without a window}}
  %0 = ap.run %x program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> -> tensor<3x5xi32>
  return
}

// -----

// C1 of ap.run
func.func @run_window(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op expects kernel, strides, dilations and padding together, or none of them}}
  %0 = "ap.run"(%x) {program = dense<80> : tensor<1xi8>, kernel = array<i64: 1, 1>} : (tensor<2x3xi8>) -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.lookup
func.func @lookup_shapes(%q: tensor<2x4xi8>) {
  // expected-error @below {{'ap.lookup' op cannot look queries of [2, 4] up in 'tensor<1x3xi8>' with a result of [2, 1]}}
  %0 = ap.lookup %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> by "exact" : tensor<2x4xi8> -> tensor<2x1xi32>
  return
}

// -----

// C2 of ap.lookup
func.func @lookup_method(%q: tensor<2x3xi8>) {
  // expected-error @below {{'ap.lookup' op method must be exact, ternary or hamming, got "nearest"}}
  %0 = ap.lookup %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> by "nearest" : tensor<2x3xi8> -> tensor<2x1xi32>
  return
}
