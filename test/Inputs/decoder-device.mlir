// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two groups of arrays, only one of which has a decoder of compressed weights. DRAM brings 1 byte per ns for 1 pJ.
#pum.device<
  name = "with-decoder",
  groups = [
    #pum.crossbar_group<
      name = "packed",
      array = <rows = 16, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 8,
               adc = <bits = 9, mode = lossless>, columns_per_adc = 16, encoding = offset>,
      timing = <read_ns = 10, adc_ns = 0, row_write_ns = 10>,
      energy = <cell_read_pj = 0, dac_pj = 0, sample_hold_pj = 0, adc_pj = 1, shift_add_pj = 0, cell_write_pj = 1>,
      levels = [#pum.level<name = "chip", holds = 4096>],
      weight_decoder = <weights_per_ns = 0.5, pj_per_weight = 0.25>>,
    #pum.crossbar_group<
      name = "plain",
      array = <rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 8,
               adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>,
      timing = <read_ns = 10, adc_ns = 0, row_write_ns = 10>,
      energy = <cell_read_pj = 0, dac_pj = 0, sample_hold_pj = 0, adc_pj = 1, shift_add_pj = 0, cell_write_pj = 1>,
      levels = [#pum.level<name = "chip", holds = 64>]>,
    #pum.digital_group<name = "digital", units = 1, lanes = 1, clock_ghz = 1,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <ports = 4, bandwidth_bytes_per_ns = 1024, latency_ns = 0, read_pj_per_byte = 0, write_pj_per_byte = 0>,
  dram = <ports = 1, bandwidth_bytes_per_ns = 1, latency_ns = 0, read_pj_per_byte = 1, write_pj_per_byte = 1>>
