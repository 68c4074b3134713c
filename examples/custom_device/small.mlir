// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small device with arrays of 64 x 64 cells. Every number is a guess: replace
// them with those of your hardware. docs/devices.md explains the fields.
#pum.device<
  name = "small",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 64, columns = 64, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
        adc = <bits = 7, mode = lossless>,  // 64 cells of one level: at most 64 < 2^7
        columns_per_adc = 8,
        encoding = differential>,
      timing = <read_ns = 20, adc_ns = 1, row_write_ns = 50>,
      energy = <
        cell_read_pj = 0.001, dac_pj = 0.1, sample_hold_pj = 0.001,
        adc_pj = 0.5, shift_add_pj = 0.02, cell_write_pj = 1>,
      levels = [
        #pum.level<name = "element", holds = 4>,
        #pum.level<name = "tile", holds = 4>,
        #pum.level<name = "chip", holds = 32>]>,
    #pum.digital_group<
      name = "digital",
      units = 8, lanes = 16, clock_ghz = 1,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 8, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <capacity_bytes = 4194304, ports = 8, bandwidth_bytes_per_ns = 16, latency_ns = 2,
            read_pj_per_byte = 0.5, write_pj_per_byte = 0.5>,
  dram = <ports = 1, bandwidth_bytes_per_ns = 8, latency_ns = 50,
          read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = [
    #pum.component<name = "crossbar", group = "arrays", level = "element", count = 4, power_mw = 1,
                   area_um2 = 100>,
    #pum.component<name = "adc", group = "arrays", level = "element", count = 32, power_mw = 0.5,
                   area_um2 = 500>]
>
