// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// Tables of cells against their array.

// expected-error @below {{cells must have 2 levels at each temperature (cell_bits is 1), got 3}}
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = clip>, columns_per_adc = 1, encoding = offset, analog = <cells = <levels = [
    #crossbar.cell_level<mean_siemens = 1>, #crossbar.cell_level<mean_siemens = 2>,
    #crossbar.cell_level<mean_siemens = 3>]>>>

// -----

// expected-error @below {{mean_siemens of cells must increase with the level, got 1 after 1 for level 1}}
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = clip>, columns_per_adc = 1, encoding = offset, analog = <cells = <levels = [
    #crossbar.cell_level<mean_siemens = 1>, #crossbar.cell_level<mean_siemens = 1>]>>>

// -----

// expected-error @below {{cells must list each temperature once, got one at 300 K again}}
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = clip>, columns_per_adc = 1, encoding = offset, analog = <temperature_k = 300, cells = <levels = [
    #crossbar.cell_level<temperature_k = 300, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 300, mean_siemens = 2>,
    #crossbar.cell_level<temperature_k = 310, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 310, mean_siemens = 2>,
    #crossbar.cell_level<temperature_k = 300, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 300, mean_siemens = 2>]>>>

// -----

// expected-error @below {{cells must state temperature_k of all levels or of none}}
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = clip>, columns_per_adc = 1, encoding = offset, analog = <temperature_k = 300, cells = <levels = [
    #crossbar.cell_level<mean_siemens = 1>, #crossbar.cell_level<mean_siemens = 2>,
    #crossbar.cell_level<temperature_k = 310, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 310, mean_siemens = 2>]>>>

// -----

// expected-error @below {{temperature_k must be between 300 and 310, where cells were measured, got 0}}
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 1, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = clip>, columns_per_adc = 1, encoding = offset, analog = <cells = <levels = [
    #crossbar.cell_level<temperature_k = 300, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 300, mean_siemens = 2>,
    #crossbar.cell_level<temperature_k = 310, mean_siemens = 1>, #crossbar.cell_level<temperature_k = 310, mean_siemens = 2>]>>>
