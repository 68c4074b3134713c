// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The baseline DLC of NEON (arXiv 2211.05730), 32 nm: the arrays of the preset
// `neon`, and fixed-function units for EXP and for division and square root.
//
// Sources: [neon] = from the preset `neon`; [paper] = read there; [derived] =
// computed, the rule beside it; guess. The latency of the units is not stated:
// 8 cycles at 1 GHz are a guess, the one of `neon` (a radix-16 unit in 40 nm
// takes 11 ns). A multiplier of Table IV (4.7 uW, 236 um2) computes products of
// two activations; its time is not stated, so that the ALU of `neon` stands
// for it. The schema counts square roots as `special`, so that they cost as much
// as an EXP here and not as much as a division.
#pum.device<
  name = "neon-dlc",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128,        // [neon]
        cell_bits = 2,                    // [neon]
        weight_bits = 16,                 // [neon]
        input_bits = 16,                  // [neon]
        dac_bits = 1,                     // [neon]
        adc = <bits = 8, mode = clip>,    // [neon]
        columns_per_adc = 128,            // [neon]
        encoding = offset>,               // [neon]
      timing = <
        read_ns = 100,                    // [neon]
        adc_ns = 0.78125,                 // [neon]
        row_write_ns = 85.7>,             // [neon]
      energy = <                          // [neon]
        cell_read_pj = 0.0018310546875,
        dac_pj = 0.390625,
        sample_hold_pj = 0.0009765625,
        adc_pj = 1.5625,
        shift_add_pj = 0.01953125,
        cell_write_pj = 1.3>,             // [neon]
      levels = [
        #pum.level<name = "subarray", holds = 8>,  // [neon]
        #pum.level<name = "bank", holds = 12>,  // [neon]
        #pum.level<name = "chip">],
      endurance_writes = 1000000>,        // [neon]
    #pum.digital_group<                   // [neon] but for the units:
      name = "digital",
      units = 36, lanes = 16, clock_ghz = 1, bits = 16,  // [derived] 576 lanes: one for each EXP and DIV unit
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1.71, cycles = 1>,       // [neon]
        #pum.digital_op<kind = "multiply", energy_pj = 1.71, cycles = 1>,  // [neon]
        #pum.digital_op<kind = "divide", energy_pj = 215.04, cycles = 8>,  // [derived] 26.88 mW x 8 ns (guess)
        #pum.digital_op<kind = "compare", energy_pj = 1.71, cycles = 1>,   // [neon]
        #pum.digital_op<kind = "convert", energy_pj = 1.71, cycles = 1>,   // [neon]
        #pum.digital_op<kind = "special", energy_pj = 59.392, cycles = 8>, // [derived] EXP: 7.424 mW x 8 ns (guess)
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],      // [neon]
  buffer = <                          // a bank's eDRAM, as in `isaac`; no capacity without a number of banks
    ports = 168,                      // [neon]
    bandwidth_bytes_per_ns = 48,      // [neon]
    latency_ns = 0,                   // guess
    read_pj_per_byte = 0.4313,        // [neon]
    write_pj_per_byte = 0.4313>,      // [neon]
  dram = <                            // [neon]
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = [
    // [neon] Subarrays and banks.
    #pum.component<name = "adc", group = "arrays", level = "subarray", count = 8, power_mw = 16, area_um2 = 9600>,
    #pum.component<name = "dac", group = "arrays", level = "subarray", count = 1024, power_mw = 4, area_um2 = 170>,
    #pum.component<name = "sample_hold", group = "arrays", level = "subarray", count = 1024, power_mw = 0.01, area_um2 = 40>,
    #pum.component<name = "crossbar", group = "arrays", level = "subarray", count = 8, power_mw = 2.4, area_um2 = 200>,
    #pum.component<name = "shift_add", group = "arrays", level = "subarray", count = 4, power_mw = 0.2, area_um2 = 240>,
    #pum.component<name = "input_register", group = "arrays", level = "subarray", power_mw = 1.24, area_um2 = 2100>,
    #pum.component<name = "output_register", group = "arrays", level = "subarray", power_mw = 0.23, area_um2 = 770>,
    #pum.component<name = "edram", group = "arrays", level = "bank", power_mw = 20.7, area_um2 = 83000>,
    #pum.component<name = "bus", group = "arrays", level = "bank", power_mw = 7, area_um2 = 90000>,
    #pum.component<name = "router", group = "arrays", level = "bank", power_mw = 42, area_um2 = 151000>,  // [neon] not shared
    #pum.component<name = "tile_shift_add", group = "arrays", level = "bank", power_mw = 0.05, area_um2 = 60>,
    #pum.component<name = "max_pool", group = "arrays", level = "bank", power_mw = 0.4, area_um2 = 240>,
    #pum.component<name = "tile_output_register", group = "arrays", level = "bank", power_mw = 1.68, area_um2 = 3200>,
    // [paper] Table IV: EXP 7.424 mW, 5017 um2; division and square root 26.88 mW, 23869 um2. As many as the text
    // says a softmax of 1152 requires: d/2 of each (19.76 W).
    #pum.component<name = "exp", count = 576, power_mw = 4276.224, area_um2 = 2889792>,      // [derived] 576 units
    #pum.component<name = "divide", count = 576, power_mw = 15482.88, area_um2 = 13748544>],  // [derived] 576 units
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 8, rate_gsps = 1.28}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.cell_read_pj", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 24}>,
    #pum.law<of = "arrays.timing.read_ns", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "digital.ops.add.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.multiply.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.divide.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.compare.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.convert.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.special.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "components.adc.power_mw", kind = "adc_power", at = {adc_bits = 8, rate_gsps = 1.28, converters = 8}>,
    #pum.law<of = "components.adc.area_um2", kind = "adc_area", at = {adc_bits = 8, rate_gsps = 1.28, converters = 8}>,
    #pum.law<of = "components.dac.power_mw", kind = "dac_power", at = {dac_bits = 1, columns = 128, wordlines = 1024}>,
    #pum.law<of = "components.dac.area_um2", kind = "dac_area", at = {dac_bits = 1, wordlines = 1024}>,
    #pum.law<of = "components.sample_hold.power_mw", kind = "per_bitline", at = {bitlines = 1024}>,
    #pum.law<of = "components.sample_hold.area_um2", kind = "per_bitline", at = {bitlines = 1024}>,
    #pum.law<of = "components.crossbar.power_mw", kind = "per_cell", at = {cells = 131072}>,
    #pum.law<of = "components.crossbar.area_um2", kind = "per_cell", at = {cells = 131072}>,
    #pum.law<of = "components.shift_add.power_mw", kind = "accumulators", at = {width = 24, converters = 8}>,
    #pum.law<of = "components.shift_add.area_um2", kind = "accumulators", at = {width = 24, converters = 8}>,
    #pum.law<of = "components.input_register.power_mw", kind = "input_sram_power", at = {input_bytes = 2048}>,
    #pum.law<of = "components.input_register.area_um2", kind = "input_sram_area", at = {input_bytes = 2048}>,
    #pum.law<of = "components.output_register.power_mw", kind = "output_sram_power", at = {output_bytes = 256}>,
    #pum.law<of = "components.output_register.area_um2", kind = "output_sram_area", at = {output_bytes = 256}>,
    #pum.law<of = "components.bus.power_mw", kind = "bus", at = {bus_bits = 384, arrays = 96}>,
    #pum.law<of = "components.bus.area_um2", kind = "bus", at = {bus_bits = 384, arrays = 96}>]
>
