// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// What a device as a whole may hold is tested with device files: test/Device/invalid.mlir.

// expected-error @below {{adc_ns must be at least 0, got -1}}
#timing = #pum.timing<read_ns = 100, adc_ns = -1, row_write_ns = 85.7>

// -----

// expected-error @below {{row_write_ns must be at least 0, got INF}}
#timing = #pum.timing<read_ns = 100, adc_ns = 1, row_write_ns = 1.0e999>

// -----

// expected-error @below {{expected floating point literal}}
// expected-error @below {{failed to parse PUM_TimingAttr parameter 'read_ns'}}
#timing = #pum.timing<read_ns = "fast", adc_ns = 1, row_write_ns = 1>

// -----

// expected-error @below {{cell_write_pj must be at least 0, got -2}}
#energy = #pum.energy<cell_read_pj = 1, dac_pj = 1, sample_hold_pj = 1, adc_pj = 1,
  shift_add_pj = 1, cell_write_pj = -2>

// -----

// expected-error @below {{capacity_bytes must be at least 1, got 0}}
#memory = #pum.memory<capacity_bytes = 0, ports = 1, bandwidth_bytes_per_ns = 1, latency_ns = 0,
  read_pj_per_byte = 0, write_pj_per_byte = 0>

// -----

// expected-error @below {{ports must be at least 1, got 0}}
#memory = #pum.memory<ports = 0, bandwidth_bytes_per_ns = 1, latency_ns = 0,
  read_pj_per_byte = 0, write_pj_per_byte = 0>

// -----

// expected-error @below {{ports must be at most 1048576, got 2147483648}}
#memory = #pum.memory<ports = 2147483648, bandwidth_bytes_per_ns = 1, latency_ns = 0,
  read_pj_per_byte = 0, write_pj_per_byte = 0>

// -----

// expected-error @below {{bandwidth_bytes_per_ns must be above 0, got 0}}
#memory = #pum.memory<ports = 1, bandwidth_bytes_per_ns = 0, latency_ns = 0,
  read_pj_per_byte = 0, write_pj_per_byte = 0>

// -----

// expected-error @below {{kind must be one of add, multiply, divide, compare, convert, special, move, got "sqrt"}}
#op = #pum.digital_op<kind = "sqrt", energy_pj = 1, cycles = 1>

// -----

// expected-error @below {{cycles must be at least 0, got -1}}
#op = #pum.digital_op<kind = "add", energy_pj = 1, cycles = -1>

// -----

// expected-error @below {{units must be at most 1048576, got 1048577}}
#unit = #pum.digital_group<name = "digital", units = 1048577, lanes = 1, clock_ghz = 1, ops = []>

// -----

// expected-error @below {{lanes must be at least 1, got 0}}
#unit = #pum.digital_group<name = "digital", units = 1, lanes = 0, clock_ghz = 1, ops = []>

// -----

// expected-error @below {{clock_ghz must be above 0, got 0}}
#unit = #pum.digital_group<name = "digital", units = 1, lanes = 1, clock_ghz = 0, ops = []>

// -----

// expected-error @below {{expected group and level of a component, or neither, got "board" alone}}
#part = #pum.component<name = "adc", level = "board", power_mw = 1, area_um2 = 1>

// -----

// expected-error @below {{name of a level must not be empty}}
#level = #pum.level<name = "", holds = 3>

// -----

// expected-error @below {{holds must be at least 1, got 0}}
#level = #pum.level<name = "tile", holds = 0>

// -----

// expected-error @below {{count must be at least 1, got 0}}
#shared = #pum.shared_units<level = "tile", count = 0>

// -----

// expected-error @below {{reset_pj must be at least 0, got -1}}
#steps = #pum.level_steps<set_pj = 1, reset_pj = -1>

// -----

// expected-error @below {{name of a group must not be empty}}
#group = #pum.digital_group<name = "", units = 1, lanes = 1, clock_ghz = 1, ops = []>

// -----

// expected-error @below {{a placement names a group, got ""}}
#placement = #pum.placement<"", 0, 4>

// -----

// expected-error @below {{shared_by must be at least 1, got 0}}
#part = #pum.component<name = "adc", group = "arrays", level = "ima", shared_by = 0, power_mw = 1, area_um2 = 1>

// -----

// expected-error @below {{area_um2 must be at least 0, got -1}}
#part = #pum.component<name = "adc", group = "arrays", level = "ima", power_mw = 1, area_um2 = -1>

// -----

// expected-error @below {{a placement lists pairs of bounds, got 3 numbers}}
#placement = #pum.placement<"arrays", 0, 4, 12>

// -----

// expected-error @below {{ranges must be ascending and not empty, got [4, 4)}}
#placement = #pum.placement<"arrays", 4, 4>

// -----

// expected-error @below {{ranges must be ascending and not empty, got [2, 6)}}
#placement = #pum.placement<"arrays", 0, 4, 2, 6>

// -----

// expected-error @below {{unknown attribute "pum.devise"}}
module attributes {pum.devise = 1} {}

// -----

// expected-error @below {{pum.device must be a #pum.device on a module}}
module attributes {pum.device = "isaac"} {}

// -----

module {
  // expected-error @below {{pum.device must be a #pum.device on a module}}
  func.func private @device_on_function() attributes {pum.device = 1}
}

// -----

// expected-error @below {{pum.target must be a #pum.target, got "crossbar"}}
module attributes {pum.target = "crossbar"} {}

// -----

// expected-error @below {{pum.reason must be a string, got 1 : i64}}
module attributes {pum.reason = 1} {}
