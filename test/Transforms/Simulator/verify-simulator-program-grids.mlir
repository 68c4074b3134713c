// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-simulator-program -split-input-file -verify-diagnostics

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x8xi8, #simulator.memory<dram>>
!codes = memref<4x8xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
func.func @reads_grid_without_waiting(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  // expected-note @below {{for this one}}
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : !weights -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op reads a grid without waiting for another instruction}}
  %t1 = simulator.mvm %g, %x, %y : !crossbar.grid<1x8x3xi8, si8>, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x8xi8, #simulator.memory<dram>>
!codes = memref<4x8xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
func.func @replaces_grid_without_waiting(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : !weights -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : !sums
  // expected-note @below {{for this one}}
  %t1 = simulator.mvm %g, %x, %y after (%t0) : !crossbar.grid<1x8x3xi8, si8>, !codes, !sums
  // expected-error @below {{'simulator.program' op replaces a grid without waiting for another instruction}}
  %h, %t2 = simulator.program %w on <0, 1> replacing (%g : !crossbar.grid<1x8x3xi8, si8>) after (%t0) array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : !weights -> !crossbar.grid<1x8x3xi8, si8>
  return
}

// -----

module {
  func.func @entry() {
    return
  }
  func.func private @digital(%x: tensor<4xf32>, %m: memref<4xf32>) -> tensor<4xf32> {
    %c = arith.constant 0 : index
    // expected-error @below {{the digital unit does not run 'memref.load'}}
    %v = memref.load %m[%c] : memref<4xf32>
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{expected one public function, got 2}}
module {
  func.func @first() {
    return
  }
  func.func @second() {
    return
  }
}

// -----

#array = #crossbar.array<rows = 127, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x8xi8, #simulator.memory<dram>>
func.func @other_array() {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  // expected-error @below {{'simulator.program' op is made for another array than that of device 'isaac'}}
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : !weights -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

func.func @returns_token(%x: memref<4xf32, #simulator.memory<host>>) -> !simulator.token {
  %y = simulator.buffer : memref<4xf32, #simulator.memory<host>>
  %t = simulator.transfer %x to %y : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<host>>
  // expected-error @below {{expected results in a memory, got '!simulator.token'}}
  return %t : !simulator.token
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @computed_weights_in_setup(%x: memref<3x8xi8, #simulator.memory<host>>) {
  %w = simulator.buffer : memref<3x8xi8, #simulator.memory<buffer>>
  %t0 = simulator.transfer %x to %w
      : memref<3x8xi8, #simulator.memory<host>> to memref<3x8xi8, #simulator.memory<buffer>>
  // expected-error @below {{'simulator.program' op writes weights that are not constant in the setup phase}}
  %g, %t1 = simulator.program %w on <0, 1> setup after (%t0) array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1>
      : memref<3x8xi8, #simulator.memory<buffer>> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_are_not_waited_for(%x: memref<3x8xi8, #simulator.memory<host>>) {
  %w = simulator.buffer : memref<3x8xi8, #simulator.memory<buffer>>
  // expected-note @below {{for this one}}
  %t0 = simulator.transfer %x to %w
      : memref<3x8xi8, #simulator.memory<host>> to memref<3x8xi8, #simulator.memory<buffer>>
  // expected-error @below {{'simulator.program' op reads a buffer without waiting for another instruction}}
  %g, %t1 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1>
      : memref<3x8xi8, #simulator.memory<buffer>> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
