// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Associative processors of static CMOS cells. A cell holds one bit and does not shift: layers are computed across
// columns (docs/ap.md).
//
// Sources: [paper] = SMLE-CAM (abstract of arXiv 1406.7662), 90 nm, 256 x 144 cells, match lines that the first bits
// enable: 0.115 fJ per bit and search, 0.36 ns; [config] = SRAM_16T_28nm.cell of
// Notre-Dame-HW-SW-Codesign-Lab/evacam: 832.73 F^2; [derived] = computed, the rule beside it; [substitute] = from
// elsewhere, named beside it; guess.
#pum.device<
  name = "cmos-ap",
  groups = [
    #pum.associative_group<
      name = "processors",
      ap = <
        rows = 256, columns = 256,        // [substitute] as `rtm-ap`
        domains = 1,                      // [derived] a bit per cell
        search_ns = 0.36,                 // [paper]
        search_pj_per_row = 0.01656,      // [derived] 0.115 fJ x 144 bits: all of it is paid by the row
        search_pj_per_bit = 0.00000452,   // [substitute] search lines of `fefet-ap`: 0.296 pJ / 65,536 cells
        write_ns = 1,                     // guess: a clock
        write_pj_per_bit = 0.005,         // guess: bitlines of 256 rows, about 5 fJ (51 fF x 0.1 V x 1 V)
        read_ns = 1,                      // guess: a clock
        read_pj_per_bit = 0.005,          // guess: as a write
        shift_ns = 0, shift_pj_per_bit = 0,  // [derived] nothing shifts
        link_pj_per_bit = 0.107825,       // [derived] out of and into the buffer below: 2 x 0.4313 pJ / 8
        fetch_pj_per_byte = 0.4313>,      // [substitute] programs in a memory as the buffer below
      levels = [
        #pum.level<name = "tile", holds = 8>,  // guess: processors of a tile
        #pum.level<name = "bank", holds = 8>,  // guess: tiles of a bank
        #pum.level<name = "chip">],            // as many banks as the network needs
      endurance_writes = 1000000000000000000>,  // guess: static cells do not wear
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
    // Of the eight processors of a tile. Leakage is not known.
    // [config] at 90 nm
    #pum.component<name = "cells", group = "processors", level = "tile", count = 8,
      power_mw = 0, area_um2 = 3536382>,
    // [substitute] drivers, decoders, prechargers and sense amplifiers of `fefet-ap`, four times as large at 90 nm
    #pum.component<name = "periphery", group = "processors", level = "tile", count = 8,
      power_mw = 0, area_um2 = 183899>]
>
