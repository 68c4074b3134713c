// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --verify-simulator-program -split-input-file -verify-diagnostics

func.func @other_group(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{is placed on 'digital', which is not a group of content-addressable memories of device 'two-cams'}}
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"digital", 0, 1>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  return
}

// -----

func.func @too_many_arrays(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{expects a placement of 1 arrays, got 2}}
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 0, 2>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  return
}

// -----

func.func @beyond_the_group(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{is placed on array 8, but device 'two-cams' has 8}}
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 8, 9>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  return
}

// -----

func.func @overlap(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-note @below {{they are stored here}}
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 1, 2>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  // expected-error @below {{stores words on array 1, which holds others}}
  %u = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 1, 2>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  return
}

// -----

func.func @nothing_stored(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{searches words that no simulator.cam_write stores there}}
  %u = simulator.cam_search %q, %d on <"cams", 1, 2> in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
    : memref<5x3xi8, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @not_awaited(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-note @below {{for this one}}
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 1, 2>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  // expected-error @below {{searches words}}
  %u = simulator.cam_search %q, %d on <"cams", 1, 2> in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
    : memref<5x3xi8, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>
  return
}
