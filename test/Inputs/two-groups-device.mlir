// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two groups of each kind of unit.
#pum.device<
  name = "two-groups",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
               adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>,
      timing = <read_ns = 10, adc_ns = 1, row_write_ns = 50>,
      energy = <cell_read_pj = 0.001, dac_pj = 0.01, sample_hold_pj = 0.002, adc_pj = 1, shift_add_pj = 0.1, cell_write_pj = 2>,
      levels = [#pum.level<name = "tile", holds = 2>, #pum.level<name = "chip", holds = 8>],
      endurance_writes = 1000>,
    #pum.crossbar_group<
      name = "small",
      array = <rows = 4, columns = 8, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
               adc = <bits = 8, mode = lossless>, columns_per_adc = 8, encoding = offset>,
      timing = <read_ns = 20, adc_ns = 1, row_write_ns = 50>,
      energy = <cell_read_pj = 0.001, dac_pj = 0.01, sample_hold_pj = 0.002, adc_pj = 1, shift_add_pj = 0.1, cell_write_pj = 2>,
      levels = [#pum.level<name = "tile", holds = 2>, #pum.level<name = "chip", holds = 8>],
      endurance_writes = 1000>,
    #pum.associative_group<
      name = "processors",
      ap = <rows = 8, columns = 32, domains = 16, search_ns = 1, search_pj_per_bit = 0.01, write_ns = 1, write_pj_per_bit = 0.1,
            read_ns = 1, read_pj_per_bit = 0.05, shift_ns = 0.5, shift_pj_per_bit = 0.02, link_pj_per_bit = 0.1, fetch_pj_per_byte = 0.4>,
      levels = [#pum.level<name = "bank", holds = 4>],
      endurance_writes = 100000>,
    #pum.associative_group<
      name = "more",
      ap = <rows = 8, columns = 32, domains = 16, search_ns = 3, search_pj_per_bit = 0.01, write_ns = 1, write_pj_per_bit = 0.1,
            read_ns = 1, read_pj_per_bit = 0.05, shift_ns = 0.5, shift_pj_per_bit = 0.02, link_pj_per_bit = 0.1, fetch_pj_per_byte = 0.4>,
      levels = [#pum.level<name = "bank", holds = 4>],
      endurance_writes = 100000>,
    #pum.digital_group<
      name = "digital", units = 1, lanes = 4, clock_ghz = 1,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 2, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>,
    #pum.digital_group<
      name = "slow", units = 1, lanes = 1, clock_ghz = 0.25,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 2, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <ports = 2, bandwidth_bytes_per_ns = 8, latency_ns = 1, read_pj_per_byte = 0.5, write_pj_per_byte = 0.5>,
  dram = <ports = 1, bandwidth_bytes_per_ns = 1, latency_ns = 3, read_pj_per_byte = 4, write_pj_per_byte = 4>
>
