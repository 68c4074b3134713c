// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func private @case1() attributes {
  // expected-error @below {{cam columns must be between 1 and 65535, got 0}}
  test.cam = #pum.cam<rows = 64, columns = 0, max_distance = 32, merge_parts = 4, best_matches = 2, search_ns = 1,
    match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2,
    merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>}

// -----

func.func private @case2() attributes {
  // expected-error @below {{cam best_matches must be between 0 and 65535, got -1}}
  test.cam = #pum.cam<rows = 64, columns = 1, max_distance = 32, merge_parts = 4, best_matches = -1, search_ns = 1,
    match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2,
    merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>}

// -----

func.func private @case3() attributes {
  // expected-error @below {{match_line_pj must be at least 0, got -5.000000e-01}}
  test.cam = #pum.cam<rows = 64, columns = 1, max_distance = 32, merge_parts = 4, best_matches = 1, search_ns = 1,
    match_line_pj = -0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2,
    merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>}

// -----

func.func private @case4() attributes {
  // expected-error @below {{name of a group must not be empty}}
  test.cams = #pum.cam_group<name = "", cam = <rows = 64, columns = 32, max_distance = 32,
    merge_parts = 4, best_matches = 2, search_ns = 1, match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125,
    search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2, merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>,
    levels = [#pum.level<name = "chip", holds = 2>]>}
