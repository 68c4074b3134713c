// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK: #array = #crossbar.array<{{.*}} encoding = differential, rows_per_read = 9, analog = <seed = 1, stuck_off = 0.001>>

// A field at its default is not printed.
// CHECK-LABEL: func private @nothing_is_on
// CHECK-SAME: test.analog = #crossbar.analog<>
func.func private @nothing_is_on() attributes {test.analog = #crossbar.analog<>}

// CHECK-LABEL: func private @defaults
// CHECK-SAME: test.analog = #crossbar.analog<>
func.func private @defaults() attributes {
  test.analog = #crossbar.analog<seed = 0, program_error_absolute = 0, program_error_relative = 0.0,
    read_noise = 0, on_off_ratio = 0, reference_column = false, nonlinearity = 0, stuck_on = 0,
    stuck_off = 0, drift_exponent = 0, drift_exponent_sigma = 0, drift_time_s = 0,
    wire_resistance_ohm = 0, on_resistance_ohm = 0>}

// CHECK-LABEL: func private @all_fields
// CHECK-SAME: test.analog = #crossbar.analog<seed = 9223372036854775807, program_error_absolute = 0.01, program_error_relative = 0.05, read_noise = 0.5, on_off_ratio = 17.5, reference_column = true, nonlinearity = -2.5, stuck_on = 0.25, stuck_off = 0.75, drift_exponent = 0.031, drift_exponent_sigma = 0.007, drift_time_s = 86400, wire_resistance_ohm = 2.5, on_resistance_ohm = 10000>
func.func private @all_fields() attributes {
  test.analog = #crossbar.analog<seed = 9223372036854775807, program_error_absolute = 0.01,
    program_error_relative = 0.05, read_noise = 0.5, on_off_ratio = 17.5, reference_column = true,
    nonlinearity = -2.5, stuck_on = 0.25, stuck_off = 0.75, drift_exponent = 0.031,
    drift_exponent_sigma = 0.007, drift_time_s = 86400, wire_resistance_ohm = 2.5,
    on_resistance_ohm = 10000>}

// CHECK-LABEL: func private @fields_in_any_order
// CHECK-SAME: test.analog = #crossbar.analog<seed = 3, read_noise = 1.0e-10>
func.func private @fields_in_any_order() attributes {
  test.analog = #crossbar.analog<read_noise = 1.0e-10, seed = 3>}

// What is allowed at the bounds.
// CHECK-LABEL: func private @bounds
// CHECK-SAME: test.analog = #crossbar.analog<on_off_ratio = 1.001, nonlinearity = 20, stuck_on = 1, drift_time_s = 1, on_resistance_ohm = 1>
func.func private @bounds() attributes {
  test.analog = #crossbar.analog<on_off_ratio = 1.001, nonlinearity = 20, stuck_on = 1.0,
    stuck_off = 0, drift_time_s = 1, wire_resistance_ohm = 0, on_resistance_ohm = 1>}

// CHECK-LABEL: func private @array_with_analog
// CHECK-SAME: test.array = #array}
func.func private @array_with_analog() attributes {
  test.array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
    input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = full_scale>, columns_per_adc = 128,
    encoding = differential, rows_per_read = 9, analog = <stuck_off = 0.001, seed = 1>>}

// Numbers that no integer of 64 bits holds.
// CHECK-LABEL: func private @large_numbers
// CHECK-SAME: on_resistance_ohm = 9223372036854775808.0>
func.func private @large_numbers() attributes {
  test.analog = #crossbar.analog<on_resistance_ohm = 9223372036854775807>}
