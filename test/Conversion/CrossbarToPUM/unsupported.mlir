// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --convert-crossbar-to-pum -split-input-file -verify-diagnostics

// expected-error @below {{expected arguments to be tensors, got 'i32'}}
func.func @scalar_argument(%x: i32) {
  return
}

// -----

func.func @scalar_result(%x: tensor<2xi8>) -> i8 {
  %c = arith.constant 0 : index
  // expected-error @below {{passes 'i8' to another task, expected a tensor}}
  %0 = tensor.extract %x[%c] : tensor<2xi8>
  return %0 : i8
}

// -----

func.func @constant_scalar_result() -> i8 {
  %0 = arith.constant 1 : i8
  // expected-error @below {{expected results to be tensors, got 'i8'}}
  return %0 : i8
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_not_folded(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<24xi8>
  %e = tensor.expand_shape %w [[0, 1]] output_shape [3, 8] : tensor<24xi8> into tensor<3x8xi8>
  // expected-error @below {{'crossbar.program' op expects its weights to be one constant (fold-constants)}}
  %g = crossbar.program %e array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %y = crossbar.mvm %x, %g : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// -----

// A scalar that a float layer, a task of its own, would have to pass on.
func.func @scalar_between_tasks(%x: tensor<2xf32>, %v: tensor<1x2xf32>, %w: tensor<2x2xf32>) -> tensor<1x2xf32> {
  %c = arith.constant 0 : index
  // expected-error @below {{passes 'f32' to another task, expected a tensor}}
  %s = tensor.extract %x[%c] : tensor<2xf32>
  %e = tensor.empty() : tensor<1x2xf32>
  %f = linalg.fill ins(%s : f32) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  %m = linalg.matmul ins(%v, %w : tensor<1x2xf32>, tensor<2x2xf32>) outs(%f : tensor<1x2xf32>) -> tensor<1x2xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<1x2xf32>) outs(%e : tensor<1x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %p = arith.mulf %in, %s : f32
    linalg.yield %p : f32
  } -> tensor<1x2xf32>
  return %g : tensor<1x2xf32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @grid_read_by_digital_op() -> tensor<3x8xi8> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  // expected-error @below {{reads '!crossbar.grid<1x8x3xi8, ui8>' from another task, expected a tensor}}
  %y = builtin.unrealized_conversion_cast %g : !crossbar.grid<1x8x3xi8, ui8> to tensor<3x8xi8>
  return %y : tensor<3x8xi8>
}
