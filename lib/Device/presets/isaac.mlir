// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ISAAC-CE (Shafiee et al., ISCA 2016), 32 nm.
//
// Sources: [table] = component table of ISAAC-CE as docs/devices.md lists it,
// recalled and confirmed by its exact match with Table IV of NEON
// (arXiv 2211.05730); [recalled] = from the paper, not read again; [derived] =
// computed, the rule beside it; [substitute] = taken from elsewhere because
// ISAAC does not give it; guess.
#pum.device<
  name = "isaac",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128,        // [table] 128x128 crossbar
        cell_bits = 2,                    // [table] 2 bits per cell
        weight_bits = 16,                 // [recalled] 16-bit weights, 8 cells each; narrower layers use fewer
        input_bits = 16,                  // [recalled] 16-bit inputs, streamed
        dac_bits = 1,                     // [table] 1-bit DACs
        adc = <bits = 8, mode = clip>,    // [table] 8-bit ADC
        columns_per_adc = 128,            // [table] 8 ADCs for the 8 arrays of an IMA
        encoding = offset>,
      timing = <
        read_ns = 100,                    // [recalled] 100 ns crossbar read cycle (ISCA 2016)
        adc_ns = 0.78125,                 // [derived] 1 / 1.28 GS/s
        row_write_ns = 85.7>,             // [substitute] puma-simulator: 10.97 us per 128-row array
      energy = <
        cell_read_pj = 0.0018310546875,   // [derived] 2.4 mW x 100 ns / 8 arrays / 16384 cells
        dac_pj = 0.390625,                // [derived] 4 mW x 100 ns / 1024 wordlines
        sample_hold_pj = 0.0009765625,    // [derived] 0.01 mW x 100 ns / 1024 columns
        adc_pj = 1.5625,                  // [derived] 16 mW / 8 ADCs / 1.28 GS/s
        shift_add_pj = 0.01953125,        // [derived] 0.2 mW x 100 ns / 1024 conversions
        cell_write_pj = 1.3>,             // [substitute] puma-simulator: 676 nJ / 32 per 128x128 array
      levels = [
        #pum.level<name = "ima", holds = 8>,  // [table]
        #pum.level<name = "tile", holds = 12>,  // [table]
        #pum.level<name = "chip", holds = 168>],  // [table]
      endurance_writes = 1000000>,        // [substitute] all 4 levels of HfOx cells (Huang et al., analytic model of
                                          // endurance, abstract); single-level cells: up to 10^12 (cited by PRIME)
    #pum.digital_group<                   // [substitute] ISAAC has no general vector unit:
      name = "digital",
      units = 168,                        // one PUMA-like vector unit per tile,
      lanes = 16,                         // guess: 16 lanes
      clock_ghz = 1,                      // [substitute] puma-simulator: 1 ns cycle
      bits = 16,                            // [recalled] 16-bit data
      ops = [                             // [substitute] puma-simulator ALU: 1.71 mW at 1 GHz
        #pum.digital_op<kind = "add", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 13.68, cycles = 8>,  // guess: 8 ALU cycles
        #pum.digital_op<kind = "compare", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 13.68, cycles = 8>,  // guess: 8 ALU cycles
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],  // counted as buffer traffic
  buffer = <                          // the tiles' eDRAM as one memory
    capacity_bytes = 11010048,        // [derived] 168 x 64 KiB
    ports = 168,                      // [derived] one bus per tile
    bandwidth_bytes_per_ns = 48,      // [derived] 384 wires at 1 GHz (the clock is a guess)
    latency_ns = 0,                   // guess: hidden by the pipeline
    read_pj_per_byte = 0.4313,        // [derived] eDRAM 20.7 mW at the bus's 48 bytes per ns
    write_pj_per_byte = 0.4313>,      // [derived] as reading
  dram = <                            // behind HyperTransport
    ports = 4,                        // [table] 4 links
    bandwidth_bytes_per_ns = 6.4,     // [table] 6.4 GB/s each
    latency_ns = 0,                   // guess
    read_pj_per_byte = 32,            // [substitute] LPDDR4, about 4 pJ per bit
    write_pj_per_byte = 32>,          // [substitute] as reading
  components = [
    // Per IMA [table].
    #pum.component<name = "adc", group = "arrays", level = "ima", count = 8, power_mw = 16, area_um2 = 9600>,
    #pum.component<name = "dac", group = "arrays", level = "ima", count = 1024, power_mw = 4, area_um2 = 170>,
    #pum.component<name = "sample_hold", group = "arrays", level = "ima", count = 1024, power_mw = 0.01, area_um2 = 40>,
    #pum.component<name = "crossbar", group = "arrays", level = "ima", count = 8, power_mw = 2.4, area_um2 = 200>,
    #pum.component<name = "shift_add", group = "arrays", level = "ima", count = 4, power_mw = 0.2, area_um2 = 240>,
    #pum.component<name = "input_register", group = "arrays", level = "ima", power_mw = 1.24, area_um2 = 2100>,
    #pum.component<name = "output_register", group = "arrays", level = "ima", power_mw = 0.23, area_um2 = 770>,
    // Per tile [table].
    #pum.component<name = "edram", group = "arrays", level = "tile", power_mw = 20.7, area_um2 = 83000>,
    #pum.component<name = "bus", group = "arrays", level = "tile", power_mw = 7, area_um2 = 90000>,
    #pum.component<name = "router", group = "arrays", level = "tile", shared_by = 4, power_mw = 42, area_um2 = 151000>,
    #pum.component<name = "sigmoid", group = "arrays", level = "tile", count = 2, power_mw = 0.52, area_um2 = 600>,
    #pum.component<name = "tile_shift_add", group = "arrays", level = "tile", power_mw = 0.05, area_um2 = 60>,
    #pum.component<name = "max_pool", group = "arrays", level = "tile", power_mw = 0.4, area_um2 = 240>,
    #pum.component<name = "tile_output_register", group = "arrays", level = "tile", power_mw = 1.68, area_um2 = 3200>,
    // Per chip [table]; that its links are always on is a guess.
    #pum.component<name = "hypertransport", group = "arrays", level = "chip", count = 4, power_mw = 10400,
                   area_um2 = 22880000, always_on = true>],
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 8, rate_gsps = 1.28}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.cell_read_pj", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 24}>,
    #pum.law<of = "arrays.timing.read_ns", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "digital.units", kind = "per_instance", at = {instances = 168}, level = "tile">,
    #pum.law<of = "digital.ops.add.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.multiply.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.divide.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.compare.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.convert.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.special.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "buffer.capacity_bytes", kind = "per_instance", at = {instances = 168}, level = "tile">,
    #pum.law<of = "buffer.ports", kind = "per_instance", at = {instances = 168}, level = "tile">,
    #pum.law<of = "buffer.read_pj_per_byte", kind = "edram_power", at = {buffer_kib = 64}, level = "tile">,
    #pum.law<of = "buffer.write_pj_per_byte", kind = "edram_power", at = {buffer_kib = 64}, level = "tile">,
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
    #pum.law<of = "components.edram.power_mw", kind = "edram_power", at = {buffer_kib = 64}>,
    #pum.law<of = "components.edram.area_um2", kind = "edram_area", at = {buffer_kib = 64}>,
    #pum.law<of = "components.bus.power_mw", kind = "bus", at = {bus_bits = 384, arrays = 96}>,
    #pum.law<of = "components.bus.area_um2", kind = "bus", at = {bus_bits = 384, arrays = 96}>]
>
