// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight-stationary systolic array like that of a TPU (Jouppi et al., ISCA 2017)
// on the area of the crossbars of `aras`, which ARAS (arXiv 2410.17931) compares
// itself with. Weights stay in DRAM and pass through the array layer by layer.
//
// The machine that the paper compares with is not known here. Sources: [tpu] =
// the TPU v1 paper, from memory; [aras] = as in the preset `aras`; [derived] =
// computed, the rule beside it; guess. The sizes were fixed before any ratio was
// computed.
#pum.device<
  name = "tpu-like",
  groups = [
    #pum.systolic_group<
      name = "array",
      units = 1,                        // [tpu]
      rows = 86, columns = 86,          // [derived] 3072 crossbars of 3875 um2 (tile of `isaac` / 96) hold
                                        // 86 x 86 multipliers of 1583 um2
      weight_bits = 8, input_bits = 8,  // [tpu]
      clock_ghz = 0.7,                  // [tpu]
      mac_pj = 0.6,                     // guess
      accumulator_pj_per_byte = 1>,     // guess
    #pum.digital_group<
      name = "digital",
      units = 32, lanes = 16, clock_ghz = 1,  // [aras]
      ops = [                                 // [aras]
        #pum.digital_op<kind = "add", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "compare", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 1.71, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 13.68, cycles = 8>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <
    capacity_bytes = 33554432,        // [aras]
    ports = 32,                       // [aras]
    bandwidth_bytes_per_ns = 60.2,    // [derived] a row of 86 inputs in a cycle
    latency_ns = 0,                   // guess
    read_pj_per_byte = 1,             // guess
    write_pj_per_byte = 1>,           // guess
  dram = <
    ports = 1, bandwidth_bytes_per_ns = 25.6,  // [aras]
    latency_ns = 0,                   // guess
    read_pj_per_byte = 32,            // [aras]
    write_pj_per_byte = 32>,          // [aras]
  components = [
    #pum.component<name = "multipliers", count = 7396, power_mw = 3106.32,  // [derived] 0.6 pJ at 0.7 GHz
                   area_um2 = 11707868>,  // [tpu] 24 % of 331 mm2 for 65536 in 28 nm, in 32 nm
    // Static power, which no source gives: guesses.
    #pum.component<name = "array_static", power_mw = 307.2, area_um2 = 0,
                   always_on = true>,  // guess: that of the crossbars of `aras`
    #pum.component<name = "buffer_static", power_mw = 640, area_um2 = 0,
                   always_on = true>,  // guess: 20 mW per MiB
    #pum.component<name = "other_static", power_mw = 100, area_um2 = 0, always_on = true>]  // guess
>
