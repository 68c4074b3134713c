// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The defaults of DNN+NeuroSim V1.3: 1T1R RRAM in 22 nm, low standby power.
//
// Sources: [param] = read in Inference_pytorch/NeuroSIM/Param.cpp of
// neurosim/DNN_NeuroSim_V1.3, [code] = in another file there, named beside it;
// [derived] = computed from these, the rule beside it; [substitute] = from
// elsewhere; guess. NeuroSim sizes transistors and wires of a chip for each
// network; what follows from that (decoders, multiplexers, encoders, adders,
// interconnect, areas) is not here: take its times and energies for those of
// the arrays and converters only.
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
      timing = <
        read_ns = 10,                     // [param] readPulseWidth
        adc_ns = 1.4,                     // [derived] MultilevelSenseAmp.cpp: 1 ns at 22 nm, x beta = 1.4 [param]
        row_write_ns = 100>,              // [substitute] 50 ns pulses, SET and RESET one after the other
      energy = <
        cell_read_pj = 0.0026467,         // [derived] MultilevelSenseAmp.cpp: 0.0631 W Ohm / R x 1 ns, with the mean
                                          // of the conductances 1/6000 and 1/900000 S and half of the inputs 1 (guess)
        dac_pj = 0.0355123,               // [derived] SubArray.cpp: 61.44 um of wordline (128 x 12 x 40 nm) x 0.2 fF/um
                                          // x (0.85 V)^2 x 8 selections of columns, half of the inputs 1 (guess)
        sample_hold_pj = 0.001024,        // [derived] SubArray.cpp: 20.48 um of bitline x 0.2 fF/um x (0.5 V)^2
        adc_pj = 0.0527,                  // [derived] MultilevelSenseAmp.cpp: 1.7 uW x 31 references x 1 ns
        shift_add_pj = 0.01953125,        // [substitute] isaac
        cell_write_pj = 16.7778>,         // [derived] (2 V)^2 [param] x mean conductance x 50 ns [substitute]
      levels = [
        #pum.level<name = "pe", holds = 9>,  // [param] novelMapping: one array per position of a 3x3 kernel
        #pum.level<name = "tile", holds = 4>,  // guess; the chip is as large as the network needs
        #pum.level<name = "chip">],
      endurance_writes = 1000000>,        // [substitute] as in `isaac`
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
  buffer = <
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
