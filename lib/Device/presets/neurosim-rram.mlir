// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The defaults of DNN+NeuroSim V1.3: 1T1R RRAM in 22 nm, low standby power, layer
// by layer. DRAM and the digital unit are beside what that program counts.
//
// Sources: [param] = read in Inference_pytorch/NeuroSIM/Param.cpp of
// neurosim/DNN_NeuroSim_V1.3 (commit 388f421), [code] = in another file there,
// named beside it; [run] = printed by that program, or by a probe in it that
// prints the energy of each module, per event; [fitted] = a formula with few
// parameters, fitted to what runs print for ResNet-18 and VGG-8 (docs/devices.md,
// "Circuits around arrays"); [derived] = computed, the rule beside it;
// [substitute] = from elsewhere; guess.
#pum.device<
  name = "neurosim-rram",
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
        cell_read_pj = 0.00426,           // [run] a cell on a row that is on: 0.0631 V A x 1 ns over cell, access transistor and wires
        dac_pj = 0.307,                   // [run] 53.12 fF x (0.85 V)^2 x 8 selections of columns; 46.4 fF are gates of access transistors
        sample_hold_pj = 0.000563,        // [derived] 11.26 um of bitline (128 x 4 x 22 nm) x 0.2 fF/um x (0.5 V)^2
        adc_pj = 0.0527,                  // [code] MultilevelSenseAmp.cpp: 1.7 uW x 31 references x 1 ns
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
        periphery = <                    // [run] a probe; flip-flops and pass gates of every row switch at every read
          narrow_cell_read_pj = 0.00313,  // [run] ternary, 80 % zeros: levels 0, 1 and 2
          array_read_pj = 5.23, row_pj = 0.0167, multiplexer_pj = 0.0436, encoder_pj = 0.324,
          result_pj = 0.0051>,
        accumulation = <                 // [fitted] to the energies of shift-adds for 1, 2, 4 cells and 4, 8 bits
          slices_pj = 0.0182, slices_pj_per_slice = 0.00255,
          bits_pj = 0.0183, bits_pj_per_slice = 0.0035, bits_pj_per_bit = 0.00256,
          tree_pj = 0.00915, tree_pj_per_array = 0.0084, dense_tree_pj = 0.002>,
        interconnect = <                 // [run] 848 and 790 um of bus, 7.93 and 0.88 mm of tree; 0.0487 fJ/um
          array_in_pj = 0.0496, array_out_pj = 0.046, kernel_tile_pj = 0.386, dense_tile_pj = 0.0429,
          chip_pj_per_um = 0.0000487>,
        buffers = <                      // [fitted] register files of three levels
          array_in_pj = 0.00822, tile_in_pj = 0.01037, array_out_pj = 0.00808, tile_out_pj = 0.00554,
          chip_out_pj = 0.00306>,
        timing = <                       // [fitted] to latencies of runs: 80 % are buffers
          window_ns = 76.7, bit_ns = 22.3, result_ns = 1.285, input_ns = 0.018>,
        leakage = <                      // [fitted] to six runs; 0.13 to 0.21 uW an array
          array_uw = 0.1036, array_uw_per_bit = 0.0052, slices_uw = 0.0698>>>,
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
  components = [],
  laws = [                            // [derived] how figures follow the device: docs/laws.md has the sources
    #pum.law<of = "arrays.energy.adc_pj", kind = "flash_energy", at = {adc_bits = 5}>,
    #pum.law<of = "arrays.energy.dac_pj", kind = "dac_energy", at = {dac_bits = 1, columns = 128}>,
    #pum.law<of = "arrays.energy.sample_hold_pj", kind = "bitline", at = {rows = 128}>,
    #pum.law<of = "arrays.energy.shift_add_pj", kind = "accumulator", at = {width = 13}>]
>
