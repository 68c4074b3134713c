// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device without limits: lossless converters, as many arrays as a program asks
// for, an unlimited buffer. Its integers are those of the quantized network. Its
// times and energies are those of `isaac` [substitute], so that reports compare.
#pum.device<
  name = "ideal",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16, dac_bits = 1,
        adc = <bits = 9, mode = lossless>,  // 128 rows x 3 = 384 < 2^9
        columns_per_adc = 128,
        encoding = offset>,
      timing = <read_ns = 100, adc_ns = 0.78125, row_write_ns = 85.7>,
      energy = <
        cell_read_pj = 0.0018310546875, dac_pj = 0.390625, sample_hold_pj = 0.0009765625,
        adc_pj = 1.5625, shift_add_pj = 0.01953125, cell_write_pj = 1.3>,
      levels = [
        #pum.level<name = "ima", holds = 8>,
        #pum.level<name = "tile", holds = 12>,
        #pum.level<name = "chip">]>,
    #pum.digital_group<
      name = "digital",
      units = 168, lanes = 16, clock_ghz = 1,
      ops = [
        #pum.digital_op<kind = "add", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <ports = 168, bandwidth_bytes_per_ns = 48, latency_ns = 0,
            read_pj_per_byte = 0.4313, write_pj_per_byte = 0.4313>,
  dram = <ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
          read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = [],
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 9, rate_gsps = 1.28}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.cell_read_pj", kind = "array_time", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 25}>,
    #pum.law<of = "arrays.timing.read_ns", kind = "array_time", at = {rows = 128}>]
>
