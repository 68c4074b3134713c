// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Associative processors of 2FeFET cells in 45 nm: the cell that Eva-CAM ships, in arrays of 256 x 256. A cell
// holds one bit and does not shift: layers are computed across columns (docs/ap.md).
//
// Sources: [run] = Eva-CAM (eva-cam/EvaCAM) with its 2FeFET cell file, per search of an array of 256 x 256 cells:
// search lines 0.30 pJ, cells 2.58 pJ, precharge of match lines 1.14 pJ, sense amplifiers 0.92 pJ; 1.21 ns; a row of
// 256 bits is written with 24.5 pJ in 10.3 ns; [derived] = computed, the rule beside it; [substitute] = from elsewhere,
// named beside it; guess.
#pum.device<
  name = "fefet-ap",
  groups = [
    #pum.associative_group<
      name = "processors",
      ap = <
        rows = 256, columns = 256,        // [run]
        domains = 1,                      // [run] a bit per cell
        search_ns = 1.21,                 // [run]
        search_pj_per_row = 0.00805,      // [derived] match lines and amplifiers: (1.14 + 0.92) pJ / 256 rows
        search_pj_per_bit = 0.0000439,    // [derived] search lines and cells: (0.30 + 2.58) pJ / 65,536 cells
        write_ns = 10.3,                  // [run]
        write_pj_per_bit = 0.0957,        // [derived] 24.5 pJ / 256
        read_ns = 1.21,                   // guess: as a search
        read_pj_per_bit = 0.00805,        // guess: as a match line and its amplifier
        shift_ns = 0, shift_pj_per_bit = 0,  // [derived] nothing shifts
        link_pj_per_bit = 0.107825,       // [derived] out of and into the buffer below: 2 x 0.4313 pJ / 8
        fetch_pj_per_byte = 0.4313>,      // [substitute] programs in a memory as the buffer below
      levels = [
        #pum.level<name = "tile", holds = 8>,  // guess: processors of a tile
        #pum.level<name = "bank", holds = 8>,  // guess: tiles of a bank
        #pum.level<name = "chip">],            // as many banks as the network needs
      endurance_writes = 10000000000>,    // guess: 1e10, a figure often given for FeFETs
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
  buffer = <                          // [substitute] as `neurosim-rram`, so that the two compare
    ports = 1, bandwidth_bytes_per_ns = 256, latency_ns = 0,
    read_pj_per_byte = 0.4313, write_pj_per_byte = 0.4313>,
  dram = <                            // [substitute] as `neurosim-rram`
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = []
>
