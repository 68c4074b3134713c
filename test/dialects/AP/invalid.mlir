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
