// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of crossbar.program: element types
func.func @program_other_element_type(%w: tensor<16x27xi8>) {
  // expected-error @below {{'crossbar.program' op programs weights of 'i8' into a grid of 'i16'}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 8,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi16, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of crossbar.program: the layout is outputs first
func.func @program_transposed(%w: tensor<27x16xi8>) {
  // expected-error @below {{'crossbar.program' op cannot program weights 'tensor<27x16xi8>' into '!crossbar.grid<1x27x16xi8, ui8>'}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<27x16xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @program_dynamic(%w: tensor<?x27xi8>) {
  // expected-error @below {{'crossbar.program' op expects static shapes, got 'tensor<?x27xi8>'}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<?x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

func.func @mvm_dynamic(%x: tensor<?x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op expects static shapes, got 'tensor<?x64xi8>'}}
  %y = crossbar.mvm %x, %w : (tensor<?x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @mvm_rank(%x: tensor<1x8x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op expects an input and a result of 2 dimensions, or of 3 with groups, got 3 and 2}}
  %y = crossbar.mvm %x, %w : (tensor<1x8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @mvm_rank_of_weights(%x: tensor<8x64xi8>, %w: tensor<10x1x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op expects weights of 2 dimensions, got 3}}
  %y = crossbar.mvm %x, %w : (tensor<8x64xi8>, tensor<10x1x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

// C2 of crossbar.mvm
func.func @mvm_groups_of_weights(%x: tensor<2x8x64xi8>, %w: tensor<3x10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op expects weights of 2 groups, got 3}}
  %y = crossbar.mvm %x, %w : (tensor<2x8x64xi8>, tensor<3x10x64xi8>) -> tensor<2x8x10xi32>
  return
}

// -----

// C2 of crossbar.mvm
func.func @mvm_groups_of_grid(%x: tensor<2x8x64xi8>, %g: !crossbar.grid<1x64x10xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op expects a grid of 2 groups, got 1}}
  %y = crossbar.mvm %x, %g : (tensor<2x8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<2x8x10xi32>
  return
}

// -----

// C1 of crossbar.mvm
func.func @mvm_groups_of_result(%x: tensor<2x8x64xi8>, %g: !crossbar.grid<2x64x10xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op cannot multiply 'tensor<2x8x64xi8>' by 64x10 weights to 'tensor<1x8x10xi32>'}}
  %y = crossbar.mvm %x, %g : (tensor<2x8x64xi8>, !crossbar.grid<2x64x10xi8, si8>) -> tensor<1x8x10xi32>
  return
}

// -----

// C1 of crossbar.mvm
func.func @mvm_inner_sizes(%x: tensor<8x63xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op cannot multiply 'tensor<8x63xi8>' by 64x10 weights to 'tensor<8x10xi32>'}}
  %y = crossbar.mvm %x, %w : (tensor<8x63xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

// C2 of crossbar.mvm
func.func @mvm_groups(%x: tensor<8x64xi8>, %g: !crossbar.grid<2x64x10xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op expects a grid of 1 group, got 2}}
  %y = crossbar.mvm %x, %g : (tensor<8x64xi8>, !crossbar.grid<2x64x10xi8, si8>) -> tensor<8x10xi32>
  return
}

// -----

// C3 of crossbar.mvm: 2^15 * 2^15 * 2 is 2^31, one more than i32 holds
func.func @mvm_accumulator(%x: tensor<8x2xi16>, %w: tensor<10x2xi16>) {
  // expected-error @below {{'crossbar.mvm' op needs accumulators of 33 bits, but the result has 32}}
  %y = crossbar.mvm %x, %w : (tensor<8x2xi16>, tensor<10x2xi16>) -> tensor<8x10xi32>
  return
}

// -----

func.func @mvm_float(%x: tensor<8x64xf32>, %w: tensor<10x64xi8>) {
  // expected-error @below {{operand #0 must be ranked tensor of 8-bit signless integer or 16-bit signless integer values}}
  %y = crossbar.mvm %x, %w : (tensor<8x64xf32>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

// C3 of crossbar.mvm: 2^7 * 2^7 * 2^17 is 2^31
func.func @mvm_of_many_rows(%x: tensor<1x131072xi8>, %w: tensor<1x131072xi8>) {
  // expected-error @below {{'crossbar.mvm' op needs accumulators of 33 bits, but the result has 32}}
  %y = crossbar.mvm %x, %w : (tensor<1x131072xi8>, tensor<1x131072xi8>) -> tensor<1x1xi32>
  return
}

// -----

// C3 of crossbar.conv_2d: zero points widen both factors, to 2^8 and 255
func.func @conv_accumulator(%x: tensor<1x65536x1x1xi8>, %w: tensor<1x65536x1x1xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op needs accumulators of 33 bits, but the result has 32}}
  %y = crossbar.conv_2d %x, %w window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, weight_zero_point = 127 : i64}
      : (tensor<1x65536x1x1xi8>, tensor<1x65536x1x1xi8>) -> tensor<1x1x1x1xi32>
  return
}
