// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --convert-pum-to-simulator -split-input-file -verify-diagnostics

// expected-error @below {{expected arguments to be tensors, got 'i32'}}
func.func @scalar_argument(%n: i32, %arg: tensor<4xf32>) -> tensor<4xf32> {
  %y, %t = pum.store %arg : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @op_between_tasks(%arg: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected tasks, got 'math.tanh'}}
  %x = math.tanh %arg : tensor<4xf32>
  %y, %t = pum.store %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @constant_is_returned(%arg: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xi8>) {
  %c = arith.constant dense<1> : tensor<2xi8>
  %y, %t = pum.store %arg : tensor<4xf32>
  // expected-error @below {{returns a value that no task stores}}
  return %y, %c : tensor<4xf32>, tensor<2xi8>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_at_run_time(%w: tensor<3x8xi8>, %arg: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.program' op programs weights that are not constant}}
  %g, %t1 = pum.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  %y, %t = pum.store %arg : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @no_placement(%arg: tensor<4xf32>) -> tensor<4xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op has no placement (pum-allocate-arrays)}}
  %g, %t1 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  %y, %t = pum.store %arg : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @two_ops_in_a_task(%arg: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<5> : tensor<8x8xi8>
  %h, %t0 = pum.program %w on <"arrays", 0, 1> array #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
      input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
      tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : tensor<8x8xi8> -> !crossbar.grid<1x8x8xi8, si8>
  // expected-error @below {{'pum.compute' op expects one crossbar layer on a grid as its body}}
  %x, %t1 = pum.compute (%arg, %h) : (tensor<4x8xi8>, !crossbar.grid<1x8x8xi8, si8>) -> tensor<4x8xi8> {
  ^bb0(%a: tensor<4x8xi8>, %b: !crossbar.grid<1x8x8xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, !crossbar.grid<1x8x8xi8, si8>) -> tensor<4x8xi32>
    %1 = arith.trunci %0 : tensor<4x8xi32> to tensor<4x8xi8>
    pum.yield %1 : tensor<4x8xi8>
  }
  %y, %t = pum.store %x : tensor<4x8xi8>
  return %y : tensor<4x8xi8>
}

// -----

func.func @layer_on_weights(%x: tensor<4x8xi8>, %w: tensor<8x8xi8>) -> tensor<4x8xi32> {
  %v = arith.constant dense<5> : tensor<8x8xi8>
  %h, %t0 = pum.program %v on <"arrays", 0, 1> array #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
      input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
      tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : tensor<8x8xi8> -> !crossbar.grid<1x8x8xi8, ui8>
  // expected-error @below {{'pum.compute' op expects one crossbar layer on a grid as its body}}
  %y, %t1 = pum.compute (%x, %w, %h)
      : (tensor<4x8xi8>, tensor<8x8xi8>, !crossbar.grid<1x8x8xi8, ui8>) -> tensor<4x8xi32> {
  ^bb0(%a: tensor<4x8xi8>, %b: tensor<8x8xi8>, %g: !crossbar.grid<1x8x8xi8, ui8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, tensor<8x8xi8>) -> tensor<4x8xi32>
    pum.yield %0 : tensor<4x8xi32>
  }
  %z, %t2 = pum.store %y : tensor<4x8xi32>
  return %z : tensor<4x8xi32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @computed_weights_in_setup(%arg: tensor<3x8xi8>) -> tensor<3x8xi8> {
  %w, %t0 = pum.load %arg : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op programs weights that are not constant}}
  %g, %t1 = pum.program %w on <"arrays", 0, 1> setup array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  %y, %t = pum.store %w : tensor<3x8xi8>
  return %y : tensor<3x8xi8>
}

// -----

func.func @constant_is_probed(%arg: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<1> : tensor<2xi8>
  // expected-error @below {{'pum.probe' op shows a value that no task makes}}
  pum.probe %c as "constant" : tensor<2xi8>
  %y, %t = pum.store %arg : tensor<4xf32>
  return %y : tensor<4xf32>
}
