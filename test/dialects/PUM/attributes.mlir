// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// A device is printed once, as an alias.
// CHECK: #array = #crossbar.array<rows = 8, columns = 16,
// CHECK: #device = #pum.device<name = "small", groups = [#pum.crossbar_group<name = "arrays", array = #array, timing = <read_ns = 100,
// CHECK-SAME: levels = [#pum.level<name = "ima", holds = 2>, #pum.level<name = "tile", holds = 3>, #pum.level<name = "chip", holds = 4>]>, #pum.digital_group<name = "digital", units = 1,
// CHECK-SAME: buffer = <capacity_bytes = 4096, ports = 1,
// CHECK-SAME: components = [#pum.component<name = "adc", group = "arrays", level = "ima", count = 8, power_mw = 16, area_um2 = 9600>]>
// CHECK: module attributes {pum.device = #device}
module attributes {pum.device = #pum.device<
  name = "small",
  groups = [
    #pum.crossbar_group<name = "arrays",
      array = <rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
    adc = <bits = 5, mode = lossless>, columns_per_adc = 16, encoding = offset>,
      timing = <read_ns = 100, adc_ns = 0.78125, row_write_ns = 85.7>,
      energy = <cell_read_pj = 0.001, dac_pj = 0.4, sample_hold_pj = 0.001, adc_pj = 1.5,
    shift_add_pj = 0.02, cell_write_pj = 1.3>,
      levels = [#pum.level<name = "ima", holds = 2>, #pum.level<name = "tile", holds = 3>, #pum.level<name = "chip", holds = 4>]>,
    #pum.digital_group<name = "digital", units = 1, lanes = 16, clock_ghz = 1, ops = [
    #pum.digital_op<kind = "add", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "divide", energy_pj = 8, cycles = 8>,
    #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "special", energy_pj = 8, cycles = 8>,
    #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>],
  buffer = <capacity_bytes = 4096, ports = 1, bandwidth_bytes_per_ns = 48, latency_ns = 0,
    read_pj_per_byte = 0.4, write_pj_per_byte = 0.4>,
  dram = <ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 50, read_pj_per_byte = 32,
    write_pj_per_byte = 32>,
  components = [#pum.component<name = "adc", group = "arrays", level = "ima", count = 8, power_mw = 16,
    area_um2 = 9600>]>} {

// CHECK-LABEL: func private @numbers
// CHECK-SAME: test.timing = #pum.timing<read_ns = 100, adc_ns = 0.78125, row_write_ns = 1.0e-12>
func.func private @numbers() attributes {
  test.timing = #pum.timing<read_ns = 100.0, adc_ns = 78125.0e-5, row_write_ns = 0.000000000001>}

// CHECK-LABEL: func private @large_number
// CHECK-SAME: test.timing = #pum.timing<read_ns = 1.5e+30, adc_ns = 0.1, row_write_ns = 0>
func.func private @large_number() attributes {
  test.timing = #pum.timing<read_ns = 1.5e30, adc_ns = 0.1, row_write_ns = 0>}

// CHECK-LABEL: func private @energy
// CHECK-SAME: test.energy = #pum.energy<cell_read_pj = 1, dac_pj = 2, sample_hold_pj = 3, adc_pj = 4, shift_add_pj = 5, cell_write_pj = 6.5>
func.func private @energy() attributes {
  test.energy = #pum.energy<cell_read_pj = 1, dac_pj = 2, sample_hold_pj = 3, adc_pj = 4,
    shift_add_pj = 5, cell_write_pj = 6.5>}

// CHECK-LABEL: func private @unlimited_memory
// CHECK-SAME: test.memory = #pum.memory<ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0, read_pj_per_byte = 32, write_pj_per_byte = 32>
func.func private @unlimited_memory() attributes {
  test.memory = #pum.memory<ports = 4, bandwidth_bytes_per_ns = 6.4, latency_ns = 0,
    read_pj_per_byte = 32, write_pj_per_byte = 32>}

// CHECK-LABEL: func private @shared_component
// CHECK-SAME: test.component = #pum.component<name = "router", group = "arrays", level = "tile", shared_by = 4, power_mw = 42, area_um2 = 151000, always_on = true>
func.func private @shared_component() attributes {
  test.component = #pum.component<name = "router", group = "arrays", level = "tile", count = 1, shared_by = 4,
    power_mw = 42, area_um2 = 151000, always_on = true>}

// CHECK-LABEL: func private @digital_group
// CHECK-SAME: test.unit = #pum.digital_group<name = "digital", units = 2, lanes = 1, clock_ghz = 0.5, ops = [#pum.digital_op<kind = "add", energy_pj = 0.5, cycles = 1>,
func.func private @digital_group() attributes {
  test.unit = #pum.digital_group<name = "digital", units = 2, lanes = 1, clock_ghz = 0.5, ops = [
    #pum.digital_op<kind = "add", energy_pj = 0.5, cycles = 1>,
    #pum.digital_op<kind = "multiply", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "divide", energy_pj = 8, cycles = 8>,
    #pum.digital_op<kind = "compare", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "convert", energy_pj = 1, cycles = 1>,
    #pum.digital_op<kind = "special", energy_pj = 8, cycles = 8>,
    #pum.digital_op<kind = "move", energy_pj = 0, cycles = 0>]>}

// CHECK-LABEL: func private @associative_processors
// CHECK-SAME: test.ap = #pum.ap<rows = 256, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
func.func private @associative_processors() attributes {
  test.ap = #pum.ap<rows = 256, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1>}

// CHECK-LABEL: func private @elementwise
// CHECK-SAME: fetch_pj_per_byte = 1, elementwise_bits = 4>
func.func private @elementwise() attributes {
  test.ap = #pum.ap<rows = 256, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1, elementwise_bits = 4>}

// CHECK-LABEL: func private @groups
// CHECK-SAME: test.processors = #pum.associative_group<name = "processors", ap = <rows = 256,
// CHECK-SAME: levels = [#pum.level<name = "chip">], endurance_writes = 5>
// CHECK-SAME: test.shared = #pum.shared_units<level = "ima", count = 4>
// CHECK-SAME: test.steps = #pum.level_steps<set_pj = 1, reset_pj = 0.5>
// CHECK-SAME: test.whole = #pum.component<name = "clock", power_mw = 1, area_um2 = 2>
func.func private @groups() attributes {
  test.processors = #pum.associative_group<name = "processors",
    ap = <rows = 256, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1>, levels = [#pum.level<name = "chip">], endurance_writes = 5>,
  test.shared = #pum.shared_units<level = "ima", count = 4>,
  test.steps = #pum.level_steps<set_pj = 1, reset_pj = 0.5>,
  test.whole = #pum.component<name = "clock", power_mw = 1, area_um2 = 2>}

// CHECK-LABEL: func private @placement
// CHECK-SAME: (!pum.token)
// CHECK-SAME: test.placement = #pum.placement<"arrays", 0, 4, 12, 16>
func.func private @placement(!pum.token) attributes {test.placement = #pum.placement<"arrays", 0, 4, 12, 16>}
}

// CHECK-LABEL: func private @targets
// CHECK-SAME: a = #pum.target<crossbar>, b = #pum.target<ap>, c = #pum.target<digital in "slow">
func.func private @targets() attributes {a = #pum.target<crossbar>, b = #pum.target<ap>, c = #pum.target<digital in "slow">}

// CHECK-LABEL: func private @match_lines
// CHECK-SAME: search_pj_per_row = 0.01>
func.func private @match_lines() attributes {
  test.ap = #pum.ap<rows = 256, columns = 64, domains = 32, search_ns = 1, search_pj_per_bit = 0.5,
    write_ns = 1, write_pj_per_bit = 1, read_ns = 1, read_pj_per_bit = 1, shift_ns = 1, shift_pj_per_bit = 1,
    link_pj_per_bit = 1, fetch_pj_per_byte = 1, search_pj_per_row = 0.01>}

// CHECK-LABEL: func private @systolic_arrays
// CHECK-SAME: test.arrays = #pum.systolic_group<name = "arrays", units = 2, rows = 86, columns = 64, weight_bits = 8, input_bits = 4, clock_ghz = 0.7, mac_pj = 0.6, accumulator_pj_per_byte = 1>
func.func private @systolic_arrays() attributes {
  test.arrays = #pum.systolic_group<name = "arrays", units = 2, rows = 86, columns = 64, weight_bits = 8,
    input_bits = 4, clock_ghz = 0.7, mac_pj = 0.6, accumulator_pj_per_byte = 1>}
