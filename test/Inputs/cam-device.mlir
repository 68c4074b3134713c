// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two groups of content-addressable memories: eight arrays of 4 x 8, and two of 16 x 16 binary cells.
#pum.device<
  name = "two-cams",
  groups = [
    #pum.cam_group<
      name = "cams",
      cam = <rows = 4, columns = 8, max_distance = 8, merge_parts = 4, best_matches = 2, search_ns = 1,
        match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10,
        write_pj_per_bit = 2, merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>,
      levels = [#pum.level<name = "mat", holds = 2>, #pum.level<name = "chip", holds = 4>]>,
    #pum.cam_group<
      name = "wide",
      cam = <rows = 16, columns = 16, ternary = false, max_distance = 4, merge_parts = 1, best_matches = 0, search_ns = 1,
        match_line_pj = 0.5, cell_pj = 0.25, sense_pj = 0.125, search_line_pj = 0.5, write_ns = 10,
        write_pj_per_bit = 2, merge_ns = 1, merge_pj = 3, rank_ns = 1, rank_pj = 4>,
      levels = [#pum.level<name = "chip", holds = 2>]>,
    #pum.digital_group<
      name = "digital", units = 1, lanes = 16, clock_ghz = 1,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <ports = 1, bandwidth_bytes_per_ns = 8, latency_ns = 0, read_pj_per_byte = 1, write_pj_per_byte = 1>,
  dram = <ports = 1, bandwidth_bytes_per_ns = 8, latency_ns = 0, read_pj_per_byte = 1, write_pj_per_byte = 1>,
  components = []
>
