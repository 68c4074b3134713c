// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of simulator.cam_search
func.func @types(%q: memref<5x3xi16, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{expects queries of i8 and numbers of rows of i64, got 'i16' and 'i16'}}
  %1 = simulator.cam_search %q, %d on <"cams", 0, 1> in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
    : memref<5x3xi16, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>
  return
}

// -----

// C1 of simulator.cam_write
func.func @words() {
  // expected-error @below {{expects words of RxW, got 'tensor<3xi8>'}}
  %t = simulator.cam_write dense<[0, 1, 1]> : tensor<3xi8> on <"cams", 0, 1>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  return
}
