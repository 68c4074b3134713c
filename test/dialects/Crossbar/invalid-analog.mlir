// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{seed must be at least 0, got -1}}
#analog = #crossbar.analog<seed = -1>

// -----

// expected-error @below {{program_error_absolute must be at least 0, got -1.000000e-02}}
#analog = #crossbar.analog<program_error_absolute = -0.01>

// -----

// expected-error @below {{program_error_relative must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<program_error_relative = -1>

// -----

// expected-error @below {{read_noise must be at least 0, got -5.000000e-01}}
#analog = #crossbar.analog<read_noise = -0.5>

// -----

// expected-error @below {{read_noise must be at least 0, got INF}}
#analog = #crossbar.analog<read_noise = 1.0e999>

// -----

// expected-error @below {{on_off_ratio must be at least 0, got -2.000000e+00}}
#analog = #crossbar.analog<on_off_ratio = -2>

// -----

// expected-error @below {{on_off_ratio must be 0 (no limit) or above 1, got 1.000000e+00}}
#analog = #crossbar.analog<on_off_ratio = 1>

// -----

// expected-error @below {{on_off_ratio must be 0 (no limit) or above 1, got 5.000000e-01}}
#analog = #crossbar.analog<on_off_ratio = 0.5, reference_column = true>

// -----

// expected-error @below {{nonlinearity must be between -20 and 20, got 2.100000e+01}}
#analog = #crossbar.analog<nonlinearity = 21>

// -----

// expected-error @below {{nonlinearity must be between -20 and 20, got -2.050000e+01}}
#analog = #crossbar.analog<nonlinearity = -20.5>

// -----

// expected-error @below {{stuck_on must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<stuck_on = -1>

// -----

// expected-error @below {{stuck_off must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<stuck_off = -1>

// -----

// expected-error @below {{stuck_on and stuck_off must be at most 1 in sum, got 1.250000e+00}}
#analog = #crossbar.analog<stuck_on = 0.75, stuck_off = 0.5>

// -----

// expected-error @below {{drift_exponent must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<drift_exponent = -1>

// -----

// expected-error @below {{drift_exponent_sigma must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<drift_exponent_sigma = -1>

// -----

// expected-error @below {{drift_time_s must be 0 (no drift) or at least 1, got 5.000000e-01}}
#analog = #crossbar.analog<drift_time_s = 0.5>

// -----

// expected-error @below {{drift_time_s must be at least 0, got -6.000000e+01}}
#analog = #crossbar.analog<drift_time_s = -60>

// -----

// expected-error @below {{wire_resistance_ohm must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<wire_resistance_ohm = -1, on_resistance_ohm = 10000>

// -----

// expected-error @below {{on_resistance_ohm must be at least 0, got -1.000000e+00}}
#analog = #crossbar.analog<on_resistance_ohm = -1>

// -----

// expected-error @below {{on_resistance_ohm must be above 0 where wire_resistance_ohm is, got 0}}
#analog = #crossbar.analog<wire_resistance_ohm = 2.5>

// -----

// expected-error @below {{duplicate or unknown struct parameter name: temperature}}
#analog = #crossbar.analog<temperature = 300>

// -----

// expected-error @below {{expected floating point literal}}
// expected-error @below {{failed to parse Crossbar_AnalogAttr parameter 'read_noise'}}
#analog = #crossbar.analog<read_noise = "much">

// -----

// The array's own check of its analog part.
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset,
  // expected-error @+2 {{nonlinearity must be between -20 and 20, got 1.000000e+02}}
  // expected-error @+1 {{failed to parse Crossbar_ArrayAttr parameter 'analog'}}
  analog = <nonlinearity = 100>>

// -----

// expected-error @below {{rows times columns must be at most 67108864 with analog, got 134217728}}
#array = #crossbar.array<rows = 65536, columns = 2048, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset, analog = <seed = 1>>
