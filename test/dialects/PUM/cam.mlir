// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s

// CHECK-LABEL: func private @cams
// CHECK-SAME: test.cam = #pum.cam<rows = 64, columns = 32, max_distance = 32, merge_parts = 4, best_matches = 2, search_ns = 1,
// CHECK-SAME: match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10,
// CHECK-SAME: write_pj_per_bit = 2, merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>
// CHECK-SAME: test.cams = #pum.cam_group<name = "cams", cam = <rows = 64, columns = 32, ternary = false,
// CHECK-SAME: distance_noise = 0.5, seed = 7>, levels = [#pum.level<name = "chip", holds = 2>]>
func.func private @cams() attributes {
  test.cam = #pum.cam<rows = 64, columns = 32, max_distance = 32, merge_parts = 4, best_matches = 2, search_ns = 1,
    match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2,
    merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>,
  test.cams = #pum.cam_group<name = "cams", cam = <rows = 64, columns = 32, ternary = false, max_distance = 32,
    merge_parts = 4, best_matches = 2, search_ns = 1, match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125,
    search_line_pj = 0.5, write_ns = 10, write_pj_per_bit = 2, merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4,
    distance_noise = 0.5, seed = 7>, levels = [#pum.level<name = "chip", holds = 2>]>}
