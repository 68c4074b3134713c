// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Associative processors of 2FeFET cells in 45 nm: the cell that Eva-CAM ships, in arrays of 256 x 256. A cell
// holds one bit and does not shift: layers are computed across columns (docs/ap.md).
//
// Sources: [run] = printed by Eva-CAM (eva-cam/EvaCAM, commit 3289a85) with its 2FeFET cell file, for an array of
// 256 x 256 cells; cam-fefet.mlir has the whole list. A search takes 1.209 ns and 28.964 pJ, of it search lines 0.296,
// cells 2.583, sense amplifiers 0.924, charge and prechargers of match lines the rest; a row of 256 bits is written
// with 24.517 pJ in 10.326 ns; [derived] = computed, the rule beside it; [substitute] = from elsewhere, named beside
// it; guess.
#pum.device<
  name = "fefet-ap",
  groups = [
    #pum.associative_group<
      name = "processors",
      ap = <
        rows = 256, columns = 256,        // [run]
        domains = 1,                      // [run] a bit per cell
        search_ns = 1.209,                // [run]
        search_pj_per_row = 0.10189,      // [derived] match lines, amplifiers: (28.964 - 0.296 - 2.583) pJ / 256
        search_pj_per_bit = 0.00004393,   // [derived] search lines and cells: (0.296 + 2.583) pJ / 65,536 cells
        write_ns = 10.326,                // [run]
        write_pj_per_bit = 0.09577,       // [derived] 24.517 pJ / 256
        read_ns = 1.209,                  // guess: as a search
        read_pj_per_bit = 0.10189,        // guess: as a match line and its amplifier
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
  components = [
    // As in cam-fefet, of the eight processors of a tile. Tag registers are not counted. Power is leakage.
    // [run]
    #pum.component<name = "cells", group = "processors", level = "tile", count = 8,
      power_mw = 0, area_um2 = 318504.96>,
    // [run]
    #pum.component<name = "line drivers", group = "processors", level = "tile", count = 8,
      power_mw = 54.656, area_um2 = 34123.16, always_on = true>,
    // [derived]
    #pum.component<name = "decoders", group = "processors", level = "tile", count = 8,
      power_mw = 3.497248, area_um2 = 4228.184, always_on = true>,
    // [run]
    #pum.component<name = "prechargers", group = "processors", level = "tile", count = 8,
      power_mw = 1.847112, area_um2 = 4235.864, always_on = true>,
    // [run]
    #pum.component<name = "sense amplifiers", group = "processors", level = "tile", count = 8,
      power_mw = 0.262192, area_um2 = 3387.664, always_on = true>]
>
