// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Content-addressable memories of two ferroelectric transistors per cell (2FeFET), 45 nm, in arrays of
// 256 x 256, for searches of stored words (docs/cam.md). There are no crossbars: everything else runs on the
// digital unit.
//
// Sources: [run] = obtained by running Eva-CAM (github.com/eva-cam/EvaCAM) on its shipped 2FeFET cell, 45 nm, one
// array of 256 x 256: a search takes 1.21 ns and 4.94 pJ (search line drivers 0.30, precharge of match lines 1.14,
// cells 2.58, sense amplifiers 0.92); writing a row of 256 bits 10.3 ns and 24.5 pJ; [derived] = computed, the rule
// beside it; [substitute] = from elsewhere, named beside it; guess.
// Eva-CAM's figures are those of an exact match. That sense amplifiers tell all distances apart, in the same time
// and for the same energy, is what tools of the field assume for best matches; `max_distance` and
// `distance_noise` show what follows if they do not.
#pum.device<
  name = "cam-fefet",
  groups = [
    #pum.cam_group<
      name = "cams",
      cam = <
        rows = 256, columns = 256,        // [run]
        ternary = true,                   // 2FeFET cells hold "don't care"
        max_distance = 256,               // guess: all of a row
        merge_parts = 64,                 // guess: words of up to 16,384 cells
        best_matches = 64,                // guess
        search_ns = 1.21,                 // [run]
        match_line_pj = 0.004453125,      // [derived] 1.14 pJ / 256 rows
        cell_pj = 0.00003936767578125,    // [derived] 2.58 pJ / 65536 cells
        sense_pj = 0.00359375,            // [derived] 0.92 pJ / 256 rows
        search_line_pj = 0.001171875,     // [derived] 0.30 pJ / 256 columns
        write_ns = 10.3,                  // [run]
        write_pj_per_bit = 0.095703125,   // [derived] 24.5 pJ / 256
        merge_ns = 1,                     // [substitute] a cycle of the digital unit
        merge_pj = 0.26524,               // [substitute] an addition of the digital unit
        rank_ns = 1,                      // [substitute] a cycle of the digital unit
        rank_pj = 0.26524>,               // [substitute] a comparison of the digital unit
      levels = [
        #pum.level<name = "mat", holds = 4>,   // guess: arrays of a mat
        #pum.level<name = "bank", holds = 4>,  // guess: mats of a bank
        #pum.level<name = "chip">],            // as many banks as the words need
      endurance_writes = 10000000000>,    // guess: 1e10, of ferroelectric transistors
    #pum.digital_group<                   // [substitute] as `neurosim-rram`
      name = "digital",
      units = 1, lanes = 256, clock_ghz = 1,
      ops = [                             // [substitute] as `neurosim-rram`
        #pum.digital_op<kind = "add", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 0.56533, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 1.08089, cycles = 1>,
        #pum.digital_op<kind = "compare", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 0.234, cycles = 1>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <                          // [substitute] as `neurosim-rram`
    ports = 1, bandwidth_bytes_per_ns = 256, latency_ns = 0,
    read_pj_per_byte = 0.4313, write_pj_per_byte = 0.4313>,
  dram = <                            // [substitute] as `neurosim-rram`
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = []
>
