// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PUMA (Ankit et al., ASPLOS 2019), 32 nm, 1 GHz: cores with memristor arrays
// and a vector unit, under a compiler and an instruction set.
//
// Sources: [constants] and [config] = read in include/constants.py and
// include/config.py of the authors' simulator (Aayush-Ankit/puma-simulator);
// powers are its dynamic plus its leakage power; [derived] = computed from
// these, the rule beside it; [recalled] = from the paper's tables, not read
// again; [substitute] = from elsewhere; guess. docs/devices.md compares the sums
// with the recalled tables.
#pum.device<
  name = "puma",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128,        // [config] xbar_size
        cell_bits = 2,                    // [config] xbar_bits
        weight_bits = 16,                 // [config] weight_width: 8 arrays form an MVM unit
        input_bits = 16,                  // [config] input_prec
        dac_bits = 1,                     // [config] dac_res
        adc = <bits = 8, mode = clip>,    // [config] adc_res
        columns_per_adc = 128,            // [derived] 8 ADCs are 16 of the 19.09 mW [recalled] of an MVM unit
        encoding = offset>,               // [substitute] isaac
      timing = <
        read_ns = 128,                    // [constants] xbar_lat_dict; 18 of them are the 2304 ns [recalled] of an
                                          // MVM: 16 input bits and a pipeline of 3 stages
        adc_ns = 1,                       // [derived] 128 conversions in 128 ns
        row_write_ns = 85.693359375>,     // [derived] xbar_wr_lat, 351 us / 32, / 128 rows
      energy = <
        cell_read_pj = 0.00234375,        // [derived] 0.3 mW x 128 ns / 16384 cells
        dac_pj = 0.06235,                 // [derived] 3.896875 uW x 128 ns; a DAC drives the 8 arrays of an MVM unit
        sample_hold_pj = 0.0012416,       // [derived] 9.7 nW x 128 ns
        adc_pj = 2,                       // [derived] 2 mW x 1 ns
        shift_add_pj = 0.00625,           // [derived] 0.05 mW x 128 ns / 1024 columns of an MVM unit
        cell_write_pj = 1.28936767578125>,  // [derived] xbar_wr_pow x xbar_rd_lat, 676 nJ / 32, / 16384 cells
      levels = [
        #pum.level<name = "core", holds = 16>,  // [config] a core has num_matrix = 2 MVM units of 8 arrays
        #pum.level<name = "tile", holds = 8>,  // [config] num_ima
        #pum.level<name = "chip", holds = 138>],  // [recalled]; the simulator allows 168
      endurance_writes = 1000000>,        // [substitute] as in `isaac`
    #pum.digital_group<
      name = "digital",
      units = 138,                        // [derived] the vector units of a tile's cores as one
      lanes = 8,                          // [derived] 8 cores with a vector unit of width 1 [recalled]
      clock_ghz = 1,                      // [constants] cycle_time
      bits = 16,                            // [recalled] 16-bit data
      ops = [                             // [constants] alu_pow_*_dyn at 1 GHz, alu_lat = act_lat = 1 cycle
        #pum.digital_op<kind = "add", energy_pj = 0.26524, cycles = 1>,  // 0.373 x 32 / 45
        #pum.digital_op<kind = "multiply", energy_pj = 0.56533, cycles = 1>,  // 0.795 x 32 / 45
        #pum.digital_op<kind = "divide", energy_pj = 1.08089, cycles = 1>,  // 1.52 x 32 / 45
        #pum.digital_op<kind = "compare", energy_pj = 0.26524, cycles = 1>,  // as add
        #pum.digital_op<kind = "convert", energy_pj = 0.26524, cycles = 1>,  // as add (guess)
        #pum.digital_op<kind = "special", energy_pj = 0.234, cycles = 1>,  // act_pow_dyn: a table for sigmoid and
                                          // tanh; that others fit it is a guess
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],  // counted as buffer traffic
  buffer = <                          // the tiles' eDRAM as one memory
    capacity_bytes = 9043968,         // [derived] 138 x 64 KiB
    ports = 138,                      // [derived] one bus per tile
    bandwidth_bytes_per_ns = 16,      // [derived] 256 bits per access of 2 ns
    latency_ns = 2,                   // [constants] edram_lat_dict
    read_pj_per_byte = 0.725,         // [derived] 17.2 pJ of eDRAM and 6 pJ of bus per 32 bytes
    write_pj_per_byte = 0.725>,       // [derived] as reading
  dram = <                            // behind HyperTransport
    ports = 4,                        // [substitute] isaac
    bandwidth_bytes_per_ns = 6.4,     // [constants] comment at ht_lat
    latency_ns = 5,                   // [constants] ht_lat
    read_pj_per_byte = 32,            // [substitute] LPDDR4, about 4 pJ per bit
    write_pj_per_byte = 32>,          // [substitute] as reading
  components = [
    // Per core: 2 MVM units. [constants], summed as src/ima_metrics.py does for the parts of inference.
    #pum.component<name = "adc", group = "arrays", level = "core", count = 16, power_mw = 32, area_um2 = 19200>,
    #pum.component<name = "dac", group = "arrays", level = "core", count = 256, power_mw = 0.9976, area_um2 = 42.752>,
    #pum.component<name = "sample_hold", group = "arrays", level = "core", count = 2048, power_mw = 0.0198656, area_um2 = 80>,
    #pum.component<name = "crossbar", group = "arrays", level = "core", count = 16, power_mw = 4.8, area_um2 = 400>,
    #pum.component<name = "shift_add", group = "arrays", level = "core", count = 2, power_mw = 0.1, area_um2 = 120>,
    #pum.component<name = "input_memory", group = "arrays", level = "core", count = 2, power_mw = 0.4265625, area_um2 = 1560>,
    #pum.component<name = "output_memory", group = "arrays", level = "core", count = 2, power_mw = 0.4, area_um2 = 1560>,
    // 4 KB of instructions: 0.538 mW and 1080 um2 x sqrt(8); 1 KB of registers.
    #pum.component<name = "instruction_memory", group = "arrays", level = "core", power_mw = 1.521694, area_um2 = 3054.701>,
    #pum.component<name = "register_file", group = "arrays", level = "core", power_mw = 0.477, area_um2 = 1920>,
    #pum.component<name = "vector_unit", group = "arrays", level = "core", power_mw = 1.898667, area_um2 = 4032>,  // 2.67 mW x 32 / 45
    #pum.component<name = "special_unit", group = "arrays", level = "core", power_mw = 0.26, area_um2 = 300>,
    #pum.component<name = "control", group = "arrays", level = "core", power_mw = 0.25, area_um2 = 3262.5>,
    // Per tile [constants], as src/tile_metrics.py.
    #pum.component<name = "edram", group = "arrays", level = "tile", power_mw = 9.06, area_um2 = 86000>,
    #pum.component<name = "edram_control", group = "arrays", level = "tile", power_mw = 0.525, area_um2 = 1450>,
    #pum.component<name = "bus", group = "arrays", level = "tile", power_mw = 3.5, area_um2 = 90000>,
    #pum.component<name = "attribute_memory", group = "arrays", level = "tile", power_mw = 1.385929, area_um2 = 11596.551>,
    #pum.component<name = "receive_buffer", group = "arrays", level = "tile", power_mw = 9.14, area_um2 = 4400>,
    #pum.component<name = "tile_instruction_memory", group = "arrays", level = "tile", power_mw = 1.914845, area_um2 = 5430.580>,
    #pum.component<name = "tile_control", group = "arrays", level = "tile", power_mw = 0.05, area_um2 = 1450>,
    #pum.component<name = "router", group = "arrays", level = "tile", shared_by = 4, power_mw = 16.54, area_um2 = 47000>,
    // Per chip [constants]; the simulator counts it when nodes talk.
    #pum.component<name = "hypertransport", group = "arrays", level = "chip", power_mw = 10400, area_um2 = 22880000>],
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 8, rate_gsps = 1}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.cell_read_pj", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 24}>,
    #pum.law<of = "arrays.timing.read_ns", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "digital.units", kind = "per_instance", at = {instances = 138}, level = "tile">,
    #pum.law<of = "digital.ops.add.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.multiply.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.divide.energy_pj", kind = "multiplier", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.compare.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.convert.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "digital.ops.special.energy_pj", kind = "adder", at = {lane_bits = 16}>,
    #pum.law<of = "buffer.capacity_bytes", kind = "per_instance", at = {instances = 138}, level = "tile">,
    #pum.law<of = "buffer.ports", kind = "per_instance", at = {instances = 138}, level = "tile">,
    #pum.law<of = "buffer.read_pj_per_byte", kind = "edram_power", at = {buffer_kib = 64}, level = "tile">,
    #pum.law<of = "buffer.write_pj_per_byte", kind = "edram_power", at = {buffer_kib = 64}, level = "tile">,
    #pum.law<of = "components.adc.power_mw", kind = "adc_power", at = {adc_bits = 8, rate_gsps = 1, converters = 16}>,
    #pum.law<of = "components.adc.area_um2", kind = "adc_area", at = {adc_bits = 8, rate_gsps = 1, converters = 16}>,
    #pum.law<of = "components.dac.power_mw", kind = "dac_power", at = {dac_bits = 1, columns = 128, wordlines = 2048}>,
    #pum.law<of = "components.dac.area_um2", kind = "dac_area", at = {dac_bits = 1, wordlines = 2048}>,
    #pum.law<of = "components.sample_hold.power_mw", kind = "per_bitline", at = {bitlines = 2048}>,
    #pum.law<of = "components.sample_hold.area_um2", kind = "per_bitline", at = {bitlines = 2048}>,
    #pum.law<of = "components.crossbar.power_mw", kind = "per_cell", at = {cells = 262144}>,
    #pum.law<of = "components.crossbar.area_um2", kind = "per_cell", at = {cells = 262144}>,
    #pum.law<of = "components.shift_add.power_mw", kind = "accumulators", at = {width = 24, converters = 16}>,
    #pum.law<of = "components.shift_add.area_um2", kind = "accumulators", at = {width = 24, converters = 16}>,
    #pum.law<of = "components.edram.power_mw", kind = "edram_power", at = {buffer_kib = 64}>,
    #pum.law<of = "components.edram.area_um2", kind = "edram_area", at = {buffer_kib = 64}>,
    #pum.law<of = "components.bus.power_mw", kind = "bus", at = {bus_bits = 128, arrays = 128}>,
    #pum.law<of = "components.bus.area_um2", kind = "bus", at = {bus_bits = 128, arrays = 128}>]
>
