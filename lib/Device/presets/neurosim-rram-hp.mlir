// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `neurosim-rram` with `deviceroadmap = 1`: high-performance transistors, layer by
// layer. Nearly all of its energy is leakage.
//
// Sources: [param] = read in Inference_pytorch/NeuroSIM/Param.cpp of
// neurosim/DNN_NeuroSim_V1.3 (commit 388f421), [code] = in another file there,
// named beside it; [run] = printed by that program, or by a probe in it that
// prints the energy of each module, per event; [fitted] = a formula with few
// parameters, fitted to what runs print for ResNet-18 and VGG-8 (docs/devices.md,
// "Circuits around arrays"); [derived] = computed, the rule beside it;
// [substitute] = from elsewhere; guess.
// Ratios are those of a run of ResNet-18 (8-bit weights, 4-bit inputs) with this
// setting and one without.
#pum.device<
  name = "neurosim-rram-hp",
  groups = [
    #pum.crossbar_group<
      name = "arrays",
      array = <
        rows = 128, columns = 128,        // [param] numRowSubArray, numColSubArray
        cell_bits = 2,                    // [param] cellBit
        weight_bits = 8,                  // [code] inference.py: wl_weight
        input_bits = 8,                   // [code] inference.py: wl_activate
        dac_bits = 1,                     // [code] quantization_cpu_np_infer.py: inputs bit by bit
        adc = <bits = 5,                  // [param] levelOutput = 32
               mode = calibrated>,        // [code] quantization_cpu_np_infer.py: steps over the range of the data
        columns_per_adc = 8,              // [param] numColMuxed
        encoding = offset>,               // [code] weights + 128; corrected exactly, not by a dummy column
        // Ideal cells: on/off ratio 150 ([param] 6 kOhm, 900 kOhm) would be
        // analog = <on_off_ratio = 150, reference_column = true>, variation is off by default there.
      timing = <                          // read_ns and adc_ns are for devices without circuits
        read_ns = 16.312,                 // [derived] 8 clocks of 2.039 ns [run]
        adc_ns = 2.039,                   // [run] a clock, set by the sense amplifiers
        row_write_ns = 100>,              // [substitute] 50 ns pulses, SET and RESET one after the other
      energy = <
        cell_read_pj = 0.003919,           // [derived] of `neurosim-rram`, x 48.3 / 52.5 [run]
        dac_pj = 0.2824,                   // [derived] of `neurosim-rram`, x 48.3 / 52.5 [run]
        sample_hold_pj = 0.000563,        // [derived] 11.26 um of bitline (128 x 4 x 22 nm) x 0.2 fF/um x (0.5 V)^2
        adc_pj = 0.04848,                  // [derived] of `neurosim-rram`, x 48.3 / 52.5 [run]
        shift_add_pj = 0,                 // [derived] in `accumulation` below
        cell_write_pj = 16.7778>,         // [derived] (2 V)^2 [param] x mean conductance x 50 ns [substitute]
      levels = [
        #pum.level<name = "pe", holds = 9>,  // [param] novelMapping: one array per position of a 3x3 kernel
        #pum.level<name = "tile", holds = 4>,  // guess; the chip is as large as the network needs
        #pum.level<name = "chip">],
      endurance_writes = 1000000,         // [substitute] as in `isaac`
      circuits = <
        mapping = kernel,                 // [param] novelMapping
        ones = 0.5,                       // guess; energies are linear in it (real activations: 0.1 to 0.3)
        tiles = <                         // [run] 5,184 arrays in 32 tiles of 144 and 9 of 64 (ResNet-18, 8 bits)
          kernel_positions = 9, kernel_arrays = 4, dense_arrays = 8,
          kernel_um = 1453, dense_um = 885>,
        periphery = <                    // [derived] x 7.7 / 11.1 [run]; cells and encoders x 48.3 / 52.5
          narrow_cell_read_pj = 0.00288,  // [run] ternary, 80 % zeros: levels 0, 1 and 2
          array_read_pj = 3.628, row_pj = 0.01158, multiplexer_pj = 0.03025, encoder_pj = 0.2981,
          result_pj = 0.003538>,
        accumulation = <                 // [derived] x 7.2 / 10.5 [run]
          slices_pj = 0.01248, slices_pj_per_slice = 0.001749,
          bits_pj = 0.01255, bits_pj_per_slice = 0.0024, bits_pj_per_bit = 0.001755,
          tree_pj = 0.006274, tree_pj_per_array = 0.00576, dense_tree_pj = 0.001371>,
        interconnect = <                 // [derived] x 30.2 / 31.1 [run]
          array_in_pj = 0.04816, array_out_pj = 0.04467, kernel_tile_pj = 0.3748, dense_tile_pj = 0.04166,
          chip_pj_per_um = 0.00004729>,
        buffers = <                      // [derived] x 1.11 / 1.59 [run]
          array_in_pj = 0.005738, tile_in_pj = 0.007239, array_out_pj = 0.005641, tile_out_pj = 0.003868,
          chip_out_pj = 0.002136>,
        timing = <                       // [derived] x 6.52 / 8.97 [run]
          window_ns = 55.75, bit_ns = 16.21, result_ns = 0.934, input_ns = 0.01308>,
        leakage = <                      // [derived] x 940141 / 970 [run]
          array_uw = 100.4, array_uw_per_bit = 5.04, slices_uw = 67.65>>>,
    #pum.digital_group<                   // [substitute] NeuroSim counts accumulators, ReLU and pooling only:
      name = "digital",
      units = 1,                          // guess
      lanes = 256,                        // guess: as wide as the bus
      clock_ghz = 1,                      // [param] clkFreq
      ops = [                             // [substitute] `puma`
        #pum.digital_op<kind = "add", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 0.56533, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 1.08089, cycles = 1>,
        #pum.digital_op<kind = "compare", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 0.234, cycles = 1>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <                          // beside the layers on arrays, whose buffers are in `circuits`
    ports = 1,                        // guess: one global bus
    bandwidth_bytes_per_ns = 256,     // [param] maxGlobalBusWidth = 2048 bits at clkFreq = 1 GHz
    latency_ns = 0,                   // guess
    read_pj_per_byte = 0.4313,        // [substitute] isaac
    write_pj_per_byte = 0.4313>,      // [substitute] isaac
  dram = <                            // [substitute] isaac
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = []
>
