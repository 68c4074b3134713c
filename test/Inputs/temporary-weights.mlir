// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Three small arrays, products of two activations on them.
#pum.device<
  name = "temporary-weights",
  groups = [
    #pum.crossbar_group<name = "arrays",
      array = <rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
           adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>,
      timing = <read_ns = 10, adc_ns = 1, row_write_ns = 50>,
      energy = <cell_read_pj = 0, dac_pj = 0, sample_hold_pj = 0, adc_pj = 0, shift_add_pj = 0, cell_write_pj = 2>,
      levels = [#pum.level<name = "ima", holds = 3>, #pum.level<name = "tile", holds = 1>, #pum.level<name = "chip", holds = 1>],
      endurance_writes = 1000,
      dynamic_matmul = crossbar>,
    #pum.digital_group<name = "digital", units = 1, lanes = 1, clock_ghz = 1, ops = [
    #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "divide", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "special", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <ports = 1, bandwidth_bytes_per_ns = 8, latency_ns = 0, read_pj_per_byte = 0.5, write_pj_per_byte = 0.5>,
  dram = <ports = 1, bandwidth_bytes_per_ns = 1, latency_ns = 0, read_pj_per_byte = 4, write_pj_per_byte = 4>,
  components = []>
