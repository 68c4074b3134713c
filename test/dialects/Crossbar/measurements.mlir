// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK: #array = #crossbar.array<{{.*}} adc = <bits = 1, mode = calibrated, table = <converters = [#crossbar.adc_codes<thresholds = [0.25], values = [-0.5, 1]>]>>, {{.*}} analog = <cells = <levels = [#crossbar.cell_level<mean_siemens = 0>, #crossbar.cell_level<mean_siemens = 2.0e-05>]>, drift_compensation = true>>

// CHECK-LABEL: func private @all_fields_of_a_level
// CHECK-SAME: #crossbar.cell_level<temperature_k = 300, mean_siemens = 2.5e-05, spread_siemens = 1.0e-06, drift_exponent = 0.05, drift_exponent_sigma = 0.01, read_noise_siemens = 2.0e-07>
func.func private @all_fields_of_a_level() attributes {
  test.level = #crossbar.cell_level<mean_siemens = 25.0e-6, temperature_k = 300, spread_siemens = 1.0e-6,
    drift_exponent = 0.05, drift_exponent_sigma = 0.01, read_noise_siemens = 2.0e-7>}

// CHECK-LABEL: func private @tables_in_files
// CHECK-SAME: test.adc = #crossbar.adc_table<file = "adc.csv">, test.cells = #crossbar.cell_table<file = "cells.csv">
func.func private @tables_in_files() attributes {
  test.adc = #crossbar.adc_table<file = "adc.csv">, test.cells = #crossbar.cell_table<file = "cells.csv">}

// CHECK-LABEL: func private @verify
// CHECK-SAME: #crossbar.write_verify<pulses = 8, tolerance = 0.02, shrink = 0.9>
// CHECK-SAME: #crossbar.write_verify<pulses = 1, tolerance = 1>
func.func private @verify() attributes {
  test.a = #crossbar.write_verify<pulses = 8, tolerance = 0.02, shrink = 0.9>,
  test.b = #crossbar.write_verify<pulses = 1, tolerance = 1, shrink = 1>}

// CHECK-LABEL: func private @analog
// CHECK-SAME: #crossbar.analog<cells = <file = "cells.csv">, temperature_k = 320, drift_compensation = true, write_verify = <pulses = 4, tolerance = 0.1>>
func.func private @analog() attributes {
  test.analog = #crossbar.analog<write_verify = <pulses = 4, tolerance = 0.1>, drift_compensation = true,
    temperature_k = 320, cells = <file = "cells.csv">>}

// CHECK-LABEL: func private @costs_of_reads
// CHECK-SAME: #pum.energy<{{.*}}cell_write_pj = 1, verify_pj = 0.5>
// CHECK-SAME: #pum.timing<read_ns = 1, adc_ns = 1, row_write_ns = 1, verify_ns = 20>
func.func private @costs_of_reads() attributes {
  test.a = #pum.energy<cell_read_pj = 1, dac_pj = 1, sample_hold_pj = 1, adc_pj = 1, shift_add_pj = 1,
    cell_write_pj = 1, verify_pj = 0.5>,
  test.b = #pum.timing<read_ns = 1, adc_ns = 1, row_write_ns = 1, verify_ns = 20>}

// CHECK-LABEL: func private @array
// CHECK-SAME: test.array = #array
func.func private @array() attributes {
  test.array = #crossbar.array<rows = 128, columns = 128, cell_bits = 1, weight_bits = 16, input_bits = 16,
    dac_bits = 1, adc = <bits = 1, mode = calibrated, table = <converters = [
      #crossbar.adc_codes<thresholds = [0.25], values = [-0.5, 1]>]>>,
    columns_per_adc = 128, encoding = offset, analog = <drift_compensation = true, cells = <levels = [
      #crossbar.cell_level<mean_siemens = 0>, #crossbar.cell_level<mean_siemens = 20.0e-6>]>>>}
