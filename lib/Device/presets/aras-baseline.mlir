// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine of `aras` without any optimization, as ARAS (arXiv 2410.17931)
// compares itself with: programming pulses every cell. Compile with
// --schedule=naive for one copy of the weights and no overlap.
//
// The paper's sizes and constants are not known here. Sources: [paper] = its
// abstract, or a review of it; [isaac] = as in the preset `isaac`, which says
// from where [substitute]; [derived] = computed, the rule beside it;
// [substitute] = taken from elsewhere; guess. The sizes were fixed before any
// ratio was computed.
#pum.device<
  name = "aras-baseline",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128,        // [isaac]
        cell_bits = 2,                    // [isaac]
        weight_bits = 8, input_bits = 8,  // [paper] 8-bit codes
        dac_bits = 1,                     // [isaac]
        adc = <bits = 8, mode = clip>,    // [isaac]
        columns_per_adc = 128,            // [isaac] one converter per array
        encoding = offset>,               // [isaac]
      timing = <
        read_ns = 100, adc_ns = 0.78125,  // [isaac] 800 ns for 8 bits of input
        row_write_ns = 85.7>,             // [isaac] 10.97 us per array
      energy = <
        cell_read_pj = 0.0018310546875, dac_pj = 0.390625, sample_hold_pj = 0.0009765625,  // [isaac]
        adc_pj = 1.5625, shift_add_pj = 0.01953125,  // [isaac]
        cell_write_pj = 1.3>,             // [isaac]
      levels = [
        #pum.level<name = "pe", holds = 96>,     // [isaac] arrays of a tile
        #pum.level<name = "chip", holds = 32>],  // [derived] the largest power of two for which none of the
                                                 // paper's six networks fits (12.6 MB)
      endurance_writes = 1000000>,        // [isaac]
      // All arrays of an element are written at once: 96 rows of 128 cells at 1.3 pJ in 85.7 ns
      // are 186 mW, less than an element takes when it reads [derived].
    #pum.digital_group<
      name = "digital",
      units = 32, lanes = 16, clock_ghz = 1,  // [isaac] one unit per element
      ops = [                                 // [isaac]
        #pum.digital_op<kind = "add", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <
    capacity_bytes = 33554432,        // guess: holds the largest activations of VGG-16 with sums of 32 bits
    ports = 32,                       // [derived] one bus per element
    bandwidth_bytes_per_ns = 48,      // [isaac]
    latency_ns = 0,                   // guess
    read_pj_per_byte = 0.4313,        // [isaac]
    write_pj_per_byte = 0.4313>,      // [isaac]
  dram = <
    ports = 1, bandwidth_bytes_per_ns = 25.6,  // [substitute] LPDDR4-3200, 64 bits
    latency_ns = 0,                   // guess
    read_pj_per_byte = 32,            // [isaac]
    write_pj_per_byte = 32>,          // [isaac]
  components = [
    // Per element: the IMAs of a tile of `isaac` [derived].
    #pum.component<name = "adc", group = "arrays", level = "pe", count = 96, power_mw = 192, area_um2 = 115200>,
    #pum.component<name = "dac", group = "arrays", level = "pe", count = 12288, power_mw = 48, area_um2 = 2040>,
    #pum.component<name = "sample_hold", group = "arrays", level = "pe", count = 12288, power_mw = 0.12, area_um2 = 480>,
    #pum.component<name = "crossbar", group = "arrays", level = "pe", count = 96, power_mw = 28.8, area_um2 = 2400>,
    #pum.component<name = "shift_add", group = "arrays", level = "pe", count = 48, power_mw = 2.4, area_um2 = 2880>,
    // Static power, which no source gives: guesses.
    #pum.component<name = "array_static", group = "arrays", level = "pe", power_mw = 9.6, area_um2 = 0,
                   always_on = true>,  // guess: 0.1 mW per array
    #pum.component<name = "buffer_static", power_mw = 640, area_um2 = 0,
                   always_on = true>,  // guess: 20 mW per MiB
    #pum.component<name = "other_static", power_mw = 100, area_um2 = 0, always_on = true>],  // guess
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 8, rate_gsps = 1.28}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.cell_read_pj", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 16}>,
    #pum.law<of = "arrays.timing.read_ns", kind = "array_time", at = {rows = 128}>]
>
