// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

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
