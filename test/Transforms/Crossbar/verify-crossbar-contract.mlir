// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-crossbar-contract -split-input-file -verify-diagnostics | FileCheck %s

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// Float work beside the layers is welcome.
// CHECK-LABEL: func @layer_on_grid
func.func @layer_on_grid(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<1> : tensor<3x8xi8>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %0 = crossbar.mvm %x, %g : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
  %1 = arith.sitofp %0 : tensor<4x3xi32> to tensor<4x3xf32>
  return %1 : tensor<4x3xf32>
}

// -----

func.func @mvm_on_weights(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<1> : tensor<3x8xi8>
  // expected-error @below {{'crossbar.mvm' op reads weights, expected a grid of arrays (crossbar-tile-to-arrays)}}
  %0 = crossbar.mvm %x, %w : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}

// -----

func.func @conv_on_weights(%x: tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi32> {
  %w = arith.constant dense<1> : tensor<1x1x1x1xi8>
  // expected-error @below {{'crossbar.conv_2d' op reads weights, expected a grid of arrays (crossbar-tile-to-arrays)}}
  %0 = crossbar.conv_2d %x, %w window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi32>
  return %0 : tensor<1x1x1x1xi32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_at_run_time(%w: tensor<3x8xi8>) {
  // expected-error @below {{'crossbar.program' op programs weights that are not constant, which needs a device with dynamic_matmul = crossbar}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

func.func @nonlinear(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op is not expanded (expand-nonlinear)}}
  %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
