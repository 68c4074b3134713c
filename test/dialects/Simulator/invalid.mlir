// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func @buffer_without_memory() {
  // expected-error @below {{'simulator.buffer' op expects a memref with a #simulator.memory, got 'memref<4xf32>'}}
  %b = simulator.buffer : memref<4xf32>
  return
}

// -----

func.func @buffer_with_strides() {
  // expected-error @below {{'simulator.buffer' op expects a contiguous memref, got 'memref<4x4xf32, strided<[8, 1]>, #simulator.memory<dram>>'}}
  %b = simulator.buffer : memref<4x4xf32, strided<[8, 1]>, #simulator.memory<dram>>
  return
}

// -----

func.func @buffer_of_unknown_memory() {
  // expected-error @below {{expected ::pumice::simulator::Memory to be one of: host, dram, buffer, processors}}
  // expected-error @below {{failed to parse}}
  %b = simulator.buffer : memref<4xf32, #simulator.memory<cache>>
  return
}

// -----

// C1 of simulator.constant
func.func @constant_shape() {
  // expected-error @below {{'simulator.constant' op cannot hold 'tensor<2xi8>' in 'memref<3xi8, #simulator.memory<dram>>'}}
  %w = simulator.constant dense<1> : tensor<2xi8> to memref<3xi8, #simulator.memory<dram>>
  return
}

// -----

func.func @constant_without_memory() {
  // expected-error @below {{'simulator.constant' op expects a memref with a #simulator.memory, got 'memref<2xi8>'}}
  %w = simulator.constant dense<1> : tensor<2xi8> to memref<2xi8>
  return
}

// -----

// C1 of simulator.transfer
func.func @transfer_types(%x: memref<4xf32, #simulator.memory<host>>, %y: memref<4xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.transfer' op cannot copy 'memref<4xf32, #simulator.memory<host>>' to 'memref<4xi32, #simulator.memory<buffer>>'}}
  %t = simulator.transfer %x to %y : memref<4xf32, #simulator.memory<host>> to memref<4xi32, #simulator.memory<buffer>>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of simulator.program: the tiling
func.func @program_tiling(%w: memref<16x27xi8, #simulator.memory<dram>>) {
  // expected-error @below {{'simulator.program' op weights of 8 bits take 4 slices of 2 bits, got 1}}
  %g, %t = simulator.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 1,
      groups_per_array = 1, arrays = 1> : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of simulator.program: the weights
func.func @program_weights(%w: memref<16x26xi8, #simulator.memory<dram>>) {
  // expected-error @below {{'simulator.program' op cannot program weights 'memref<16x26xi8, #simulator.memory<dram>>' into '!crossbar.grid<1x27x16xi8, ui8>'}}
  %g, %t = simulator.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<16x26xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of simulator.program: the copies
func.func @program_copies(%w: memref<16x27xi8, #simulator.memory<dram>>) {
  // expected-error @below {{'simulator.program' op is placed as 2139095040 copies, but at most 1048576 may be}}
  %g, %t = simulator.program %w on <"arrays", 0, 2139095040> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of simulator.program: the placement
func.func @program_placement(%w: memref<16x200xi8, #simulator.memory<dram>>) {
  // expected-error @below {{'simulator.program' op is placed on 3 arrays, but every copy of its tiling takes 2}}
  %g, %t = simulator.program %w on <"arrays", 0, 1, 4, 6> array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 2> : memref<16x200xi8, #simulator.memory<dram>> -> !crossbar.grid<1x200x16xi8, ui8>
  return
}

// -----

// C1 of simulator.digital
func.func @digital_without_function(%x: memref<4xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.digital' op calls @nowhere, which is not a function}}
  %t = simulator.digital @nowhere (%x) to (%x)
      : (memref<4xf32, #simulator.memory<buffer>>) -> memref<4xf32, #simulator.memory<buffer>>
  return
}

// -----

// C1 of simulator.digital
func.func @digital_types(%x: memref<4xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.digital' op does not fit the type of @scalar, '(tensor<f32>) -> tensor<f32>'}}
  %t = simulator.digital @scalar (%x) to (%x)
      : (memref<4xf32, #simulator.memory<buffer>>) -> memref<4xf32, #simulator.memory<buffer>>
  return
}
// expected-note @below {{function is here}}
func.func private @scalar(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
