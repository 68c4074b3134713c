// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func @inputs(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op has input_bits of 9 in elements of 8 bits}}
  %y = crossbar.mvm %x, %w {input_bits = 9 : i64} : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @weights(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op has weight_bits of 9 in elements of 8 bits}}
  %y = crossbar.mvm %x, %w {weight_bits = 9 : i64} : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @grid(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x10xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op has weight_bits, but its weights are a grid, whose type defines it}}
  %y = crossbar.mvm %x, %g {weight_bits = 8 : i64} : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @none(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{attribute 'input_bits' failed to satisfy constraint}}
  %y = crossbar.mvm %x, %w {input_bits = 0 : i64} : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @stream_of_grid(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x10xi8, ui8>) {
  // expected-error @below {{'crossbar.mvm' op has input_unsigned, but its weights are a grid, whose type defines it}}
  %y = crossbar.mvm %x, %g {input_unsigned} : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, ui8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @wide_stream(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x10xi8, ui9>) {
  // expected-error @below {{'crossbar.mvm' op reads a grid that streams 'ui9', but has elements of 8 bits}}
  %y = crossbar.mvm %x, %g : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, ui9>) -> tensor<8x10xi32>
  return
}

// -----

func.func @instruction(%g: !crossbar.grid<1x64x10xi8, si12>, %x: memref<8x64xi8, #simulator.memory<buffer>>,
                       %y: memref<8x10xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op reads a grid that streams 'si12', but has elements of 8 bits}}
  %t = simulator.mvm %g, %x, %y : !crossbar.grid<1x64x10xi8, si12>,
      memref<8x64xi8, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  return
}
