// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{spread_siemens must be at least 0, got -1.000000e+00}}
#level = #crossbar.cell_level<mean_siemens = 1, spread_siemens = -1>

// -----

// expected-error @below {{cells must have either file or levels, got neither}}
#cells = #crossbar.cell_table<>

// -----

// expected-error @below {{cells must have either file or levels, got both}}
#cells = #crossbar.cell_table<file = "a.csv", levels = [#crossbar.cell_level<mean_siemens = 1>]>

// -----

// expected-error @below {{levels must not be empty}}
#cells = #crossbar.cell_table<levels = []>

// -----

// expected-error @below {{levels must hold #crossbar.cell_level, got 3 : i64}}
#cells = #crossbar.cell_table<levels = [3]>

// -----

// expected-error @below {{pulses must be between 1 and 1024, got 0}}
#verify = #crossbar.write_verify<pulses = 0, tolerance = 0.1>

// -----

// expected-error @below {{tolerance must be above 0, got 0}}
#verify = #crossbar.write_verify<pulses = 2, tolerance = 0>

// -----

// expected-error @below {{shrink must be above 0 and at most 1, got 1.500000e+00}}
#verify = #crossbar.write_verify<pulses = 2, tolerance = 0.1, shrink = 1.5>

// -----

// expected-error @below {{temperature_k must be 0 without cells, got 3.000000e+02}}
#analog = #crossbar.analog<temperature_k = 300>

// -----

// expected-error @below {{drift_exponent must be 0 with cells, which say it, got 5.000000e-02}}
#analog = #crossbar.analog<cells = <file = "a.csv">, drift_exponent = 0.05>

// -----

// expected-error @below {{values must have one number more than thresholds, got 1 and 1}}
#codes = #crossbar.adc_codes<thresholds = [0.5], values = [1]>

// -----

// expected-error @below {{thresholds must be between 0 and 1, got 1.5 at number 0}}
#codes = #crossbar.adc_codes<thresholds = [1.5], values = [0, 1]>

// -----

// expected-error @below {{values must not decrease, got 0 at number 1 after 1}}
#codes = #crossbar.adc_codes<thresholds = [0.5], values = [1, 0]>

// -----

// expected-error @below {{table must have either file or converters, got neither}}
#adc = #crossbar.adc_table<>

// -----

// expected-error @below {{converters must hold #crossbar.adc_codes, got 3 : i64}}
#adc = #crossbar.adc_table<converters = [3]>

// -----

// expected-error @below {{mode must be full_scale or calibrated with table, got clip}}
#adc = #crossbar.adc<bits = 4, mode = clip, table = <file = "a.csv">>

// -----

// expected-error @below {{adc bits must be at most 12 with table, got 13}}
#adc = #crossbar.adc<bits = 13, mode = full_scale, table = <file = "a.csv">>

// -----

// expected-error @below {{converters must have 4 values (adc bits is 2), got 2 of converter 0}}
#adc = #crossbar.adc<bits = 2, mode = full_scale, table = <converters = [
  #crossbar.adc_codes<thresholds = [0.5], values = [0, 1]>]>>

// -----

// expected-error @below {{verify_ns must be at least 0, got -1.000000e+00}}
#timing = #pum.timing<read_ns = 1, adc_ns = 1, row_write_ns = 1, verify_ns = -1>

// -----

// expected-error @below {{verify_pj must be at least 0, got -1.000000e+00}}
#energy = #pum.energy<cell_read_pj = 1, dac_pj = 1, sample_hold_pj = 1, adc_pj = 1, shift_add_pj = 1,
  cell_write_pj = 1, verify_pj = -1>
