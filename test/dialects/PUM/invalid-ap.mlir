// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func private @rows() attributes {
  // expected-error @below {{ap rows must be between 1 and 65535, got 0}}
  test.ap = #pum.ap<rows = 0, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1>}

// -----

func.func private @time() attributes {
  // expected-error @below {{search_ns must be at least 0, got -1}}
  test.ap = #pum.ap<rows = 1, columns = 64, domains = 32, search_ns = -1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1>}

// -----

func.func private @elementwise() attributes {
  // expected-error @below {{ap elementwise_bits must be between 0 and 6, got 7}}
  test.ap = #pum.ap<rows = 1, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1, elementwise_bits = 7>}

// -----

func.func private @match_line() attributes {
  // expected-error @below {{search_pj_per_row must be at least 0, got -1}}
  test.ap = #pum.ap<rows = 1, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1, search_pj_per_row = -1>}
