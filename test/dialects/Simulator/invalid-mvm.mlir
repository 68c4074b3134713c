// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func @codes(%g: !crossbar.grid<1x64x10xi8, si8>, %x: memref<8x64xi32, #simulator.memory<buffer>>,
                 %y: memref<8x10xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op expects inputs of 8 or 16 bits, got 'i32'}}
  %t = simulator.mvm %g, %x, %y : !crossbar.grid<1x64x10xi8, si8>,
      memref<8x64xi32, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @accumulators(%g: !crossbar.grid<1x64x10xi8, si8>, %x: memref<8x64xi8, #simulator.memory<buffer>>,
                        %y: memref<8x10xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op expects accumulators of 32 or 64 bits, got 'f32'}}
  %t = simulator.mvm %g, %x, %y : !crossbar.grid<1x64x10xi8, si8>,
      memref<8x64xi8, #simulator.memory<buffer>>, memref<8x10xf32, #simulator.memory<buffer>>
  return
}

// -----

// C1: rows
func.func @inner_sizes(%g: !crossbar.grid<1x64x10xi8, si8>, %x: memref<8x63xi8, #simulator.memory<buffer>>,
                       %y: memref<8x10xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op cannot multiply 'memref<8x63xi8, #simulator.memory<buffer>>' by '!crossbar.grid<1x64x10xi8, si8>' to 'memref<8x10xi32, #simulator.memory<buffer>>'}}
  %t = simulator.mvm %g, %x, %y : !crossbar.grid<1x64x10xi8, si8>,
      memref<8x63xi8, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  return
}

// -----

// C1: windows
func.func @window(%g: !crossbar.grid<1x27x16xi8, si8>, %x: memref<1x3x8x8xi8, #simulator.memory<buffer>>,
                  %y: memref<1x16x8x8xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op dimension 2 of the result must be 6, got 8}}
  %t = simulator.mvm %g, %x, %y window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      : !crossbar.grid<1x27x16xi8, si8>, memref<1x3x8x8xi8, #simulator.memory<buffer>>,
        memref<1x16x8x8xi32, #simulator.memory<buffer>>
  return
}

// -----

// C1: the grid of a window
func.func @grid(%g: !crossbar.grid<1x26x16xi8, si8>, %x: memref<1x3x8x8xi8, #simulator.memory<buffer>>,
                %y: memref<1x16x6x6xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op expects a grid of 1x27x16, got '!crossbar.grid<1x26x16xi8, si8>'}}
  %t = simulator.mvm %g, %x, %y window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      : !crossbar.grid<1x26x16xi8, si8>, memref<1x3x8x8xi8, #simulator.memory<buffer>>,
        memref<1x16x6x6xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @sums(%g: !crossbar.grid<1x2x10xi16, si16>, %x: memref<8x2xi16, #simulator.memory<buffer>>,
                %y: memref<8x10xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op needs accumulators of 33 bits, but the result has 32}}
  %t = simulator.mvm %g, %x, %y : !crossbar.grid<1x2x10xi16, si16>,
      memref<8x2xi16, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  return
}

// -----

// C1: as many groups as the grid has
func.func @groups(%g: !crossbar.grid<2x27x8xi8, si8>, %x: memref<1x3x8x8xi8, #simulator.memory<buffer>>,
                  %y: memref<1x16x6x6xi32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.mvm' op groups must divide the 3 input and the 16 output channels, got 2}}
  %t = simulator.mvm %g, %x, %y window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      : !crossbar.grid<2x27x8xi8, si8>, memref<1x3x8x8xi8, #simulator.memory<buffer>>,
        memref<1x16x6x6xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @joins_other_types(%x: memref<4x8xi8, #simulator.memory<host>>, %y: memref<4x3xi32, #simulator.memory<host>>,
                             %g: !crossbar.grid<1x8x3xi8, si8>, %h: !crossbar.grid<1x8x4xi8, si8>) {
  // expected-error @below {{'simulator.mvm' op joins '!crossbar.grid<1x8x4xi8, si8>' to '!crossbar.grid<1x8x3xi8, si8>'}}
  %t = simulator.mvm %g, %x, %y joining (%h : !crossbar.grid<1x8x4xi8, si8>)
      : !crossbar.grid<1x8x3xi8, si8>, memref<4x8xi8, #simulator.memory<host>>, memref<4x3xi32, #simulator.memory<host>>
  return
}
