// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Associative processors in racetrack memory, after "Full-Stack Optimization for CAM-Only DNN Inference"
// (arXiv 2401.12630). The paper's own energies and times are not known to us, so that every one of these comes
// from elsewhere. They were taken from their sources before anything was computed with them.
//
// Sources: [paper] = excerpts of the paper; [recalled] = not checked; [substitute] = from elsewhere,
// named beside it; [derived] = computed, the rule beside it; guess.
// - TCAM: NOR type STT-MRAM, 22 nm, 256-bit words (excerpt of JETC 2017, "Design and analysis of STTRAM-based
//   ternary content addressable memory cell"): search 263 ps, 4.7 fJ per bit. (Its cells' writes, 4 ns and
//   0.69 pJ per bit, are not used: cells are racetracks here.)
// - RTM: 32 nm racetrack memory, 4 KiB, 64 domains per track (DESTINY, as in the ShiftsReduce paper; recalled):
//   access of 32 tracks: read 2.26 pJ, 0.81 ns; write 3.42 pJ, 1.08 ns; shift 2.18 pJ, 0.99 ns.
#pum.device<
  name = "rtm-ap",
  groups = [
    #pum.associative_group<
      name = "processors",
      ap = <
        rows = 256, columns = 256,        // [recalled]
        domains = 64,                     // [recalled]; as RTM
        search_ns = 0.263,                // [substitute] TCAM
        search_pj_per_bit = 0.0047,       // [substitute] TCAM
        write_ns = 1.08,                  // [substitute] RTM
        write_pj_per_bit = 0.106875,      // [derived] RTM: 3.42 pJ / 32
        read_ns = 0.81,                   // [substitute] RTM
        read_pj_per_bit = 0.070625,       // [derived] RTM: 2.26 pJ / 32
        shift_ns = 0.99,                  // [substitute] RTM
        shift_pj_per_bit = 0.068125,      // [derived] RTM: 2.18 pJ / 32
        link_pj_per_bit = 0.107825,       // [derived] out of and into the buffer below: 2 x 0.4313 pJ / 8
        fetch_pj_per_byte = 0.4313,       // [substitute] programs in a memory as the buffer below
        elementwise_bits = 4>,            // [paper] feature maps stay in racetracks; activations of 4 bits
      levels = [
        #pum.level<name = "tile", holds = 8>,  // guess: processors of a tile
        #pum.level<name = "bank", holds = 8>,  // guess: tiles of a bank
        #pum.level<name = "chip">],            // as many banks as the network needs
      endurance_writes = 10000000000000000>,  // [paper] 1e16
    #pum.digital_group<                   // [substitute] as `neurosim-rram`
      name = "digital",
      units = 1, lanes = 256, clock_ghz = 1,
      ops = [                             // [substitute] as `neurosim-rram`
        #pum.digital_op<kind = "add", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "multiply", energy_pj = 0.56533, cycles = 1>,
        #pum.digital_op<kind = "divide", energy_pj = 1.08089, cycles = 1>,
        #pum.digital_op<kind = "compare", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "convert", energy_pj = 0.26524, cycles = 1>,
        #pum.digital_op<kind = "special", energy_pj = 0.234, cycles = 1>,
        #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <                          // [substitute] as `neurosim-rram`, so that the two compare
    ports = 1, bandwidth_bytes_per_ns = 256, latency_ns = 0,
    read_pj_per_byte = 0.4313, write_pj_per_byte = 0.4313>,
  dram = <                            // [substitute] as `neurosim-rram`
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = []
>
