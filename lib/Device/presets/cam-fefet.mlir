// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Content-addressable memories of two ferroelectric transistors per cell (2FeFET), 45 nm, in arrays of
// 256 x 256, for searches of stored words (docs/cam.md). There are no crossbars: everything else runs on the
// digital unit.
//
// Sources: [run] = printed by Eva-CAM (github.com/eva-cam/EvaCAM, commit 3289a85) for its shipped 2FeFET_TCAM.cfg
// with a capacity of 8192 bytes and words of 256 bits, and with a priority encoder for the figures of that. Search:
// 1.209 ns; subarray 28.964 pJ, of it search line drivers 0.296, cells 2.583, sense amplifiers 0.924; the table of
// parts also has the gates of prechargers, 1.141, but not the charge of match lines, which is most of the rest. Write
// of a word: 10.326 ns, 24.517 pJ. Area: 45,559.979 um2, of it cells 39,813.12, drivers 4265.395, prechargers 529.483,
// sense amplifiers 416.241 and their multiplexers 7.217; a priority encoder takes 273.684. Leakage at 350 K, mW:
// drivers 6.832, predecoder 0.337765, row decoder 0.099391, prechargers 0.230889, sense amplifiers 0.032774, priority
// encoder 0.10233. [derived] = computed, the rule beside it; [substitute] = from elsewhere, named beside it; guess.
// Eva-CAM's figures are those of an exact match. That sense amplifiers tell all distances apart, in the same time
// and for the same energy, is what tools of the field assume for best matches; `max_distance` and
// `distance_noise` show what follows if they do not. Circuits that turn the time of a discharge into a number are in
// none of the figures.
// Peripheral transistors are those for high performance, as shipped. With "DeviceRoadmap: LSTP", the run gives
// 1.694 ns, 29.116 pJ (29.159 with the shipped ones, predecoder included) and a leakage of 1.151 uW.
#pum.device<
  name = "cam-fefet",
  groups = [
    #pum.cam_group<
      name = "cams",
      cam = <
        rows = 256, columns = 256,        // [run]
        ternary = true,                   // 2FeFET cells hold "don't care"
        max_distance = 256,               // guess: all of a row
        merge_parts = 64,                 // guess: words of up to 16,384 cells
        best_matches = 64,                // guess
        search_ns = 1.209,                // [run]
        match_line_pj = 0.09828515625,    // [derived] (28.964 - 0.296 - 2.583 - 0.924) pJ / 256 rows
        cell_pj = 0.0000394134521484375,  // [derived] 2.583 pJ / 65536 cells
        sense_pj = 0.003609375,           // [derived] 0.924 pJ / 256 rows
        search_line_pj = 0.00115625,      // [derived] 0.296 pJ / 256 columns
        write_ns = 10.326,                // [run]
        write_pj_per_bit = 0.09576953125, // [derived] 24.517 pJ / 256
        merge_ns = 1,                     // [substitute] a cycle of the digital unit
        merge_pj = 0.26524,               // [substitute] an addition of the digital unit
        rank_ns = 1,                      // [substitute] a cycle of the digital unit
        rank_pj = 0.26524>,               // [substitute] a comparison of the digital unit
      levels = [
        #pum.level<name = "mat", holds = 4>,   // guess: arrays of a mat
        #pum.level<name = "bank", holds = 4>,  // guess: mats of a bank
        #pum.level<name = "chip">],            // as many banks as the words need
      endurance_writes = 10000000000>,    // guess: 1e10, of ferroelectric transistors
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
  buffer = <                          // [substitute] as `neurosim-rram`
    ports = 1, bandwidth_bytes_per_ns = 256, latency_ns = 0,
    read_pj_per_byte = 0.4313, write_pj_per_byte = 0.4313>,
  dram = <                            // [substitute] as `neurosim-rram`
    ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>,
  components = [
    // Of the four arrays of a mat. Power is leakage.
    // [run] 300 F^2 each; none leaks
    #pum.component<name = "cells", group = "cams", level = "mat", count = 4,
      power_mw = 0, area_um2 = 159252.48>,
    // [run] they search and write
    #pum.component<name = "line drivers", group = "cams", level = "mat", count = 4,
      power_mw = 27.328, area_um2 = 17061.58, always_on = true>,
    // [derived] the rest of the area
    #pum.component<name = "decoders", group = "cams", level = "mat", count = 4,
      power_mw = 1.748624, area_um2 = 2114.092, always_on = true>,
    // [run]
    #pum.component<name = "prechargers", group = "cams", level = "mat", count = 4,
      power_mw = 0.923556, area_um2 = 2117.932, always_on = true>,
    // [run] and multiplexers
    #pum.component<name = "sense amplifiers", group = "cams", level = "mat", count = 4,
      power_mw = 0.131096, area_um2 = 1693.832, always_on = true>,
    // [run]
    #pum.component<name = "priority encoders", group = "cams", level = "mat", count = 4,
      power_mw = 0.40932, area_um2 = 1094.736, always_on = true>,
    // Eva-CAM has no circuit that adds or ranks distances. [derived] NAND gates of 0.242681 um2 (a run of its area
    // function, 45 nm), 9 for each bit of a sum or comparison, 3 for each bit that a comparison passes on; as much
    // leakage for their area as the priority encoder has. Distances have 15 bits (16,384 cells), rows 8.
    // [derived] 256 x 15 x 9 NAND gates an array
    #pum.component<name = "mergers", group = "cams", level = "mat", count = 4,
      power_mw = 12.54362, area_um2 = 33548.22, always_on = true>,
    // [derived] 255 x (15 x 9 + 23 x 3)
    #pum.component<name = "rankers", group = "cams", level = "mat", count = 4,
      power_mw = 18.88077, area_um2 = 50497.06, always_on = true>]
>
