// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays of phase-change memory whose cells are described by a table.
//
// pcm.csv is derived: table.py writes it from published formulas, which were fitted to measured
// cells. The exponents of drift are those for times in units of 20 s (t_0 there), so drift_time_s is
// the time since programming, over 20 s. Everything else is a substitute: times, energies and the
// pulses of programming are guesses, so that the example runs. Replace them with those of your hardware.
#pum.device<
  name = "pcm",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
        adc = <bits = 9, mode = clip>,
        columns_per_adc = 16,
        encoding = differential,
        rows_per_read = 32,
        analog = <
          cells = <file = "pcm.csv">,
          write_verify = <pulses = 8, tolerance = 0.03>>>,
      timing = <read_ns = 20, adc_ns = 1, row_write_ns = 100, verify_ns = 20>,
      energy = <
        cell_read_pj = 0.001, dac_pj = 0.1, sample_hold_pj = 0.001,
        adc_pj = 0.5, shift_add_pj = 0.02, cell_write_pj = 10, verify_pj = 0.01>,
      levels = [#pum.level<name = "chip">]>,
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
  components = []
>
