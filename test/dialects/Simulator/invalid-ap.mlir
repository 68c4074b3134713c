// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

func.func @lookup_types(%x: memref<2x3xi16, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{expects queries of i8 and results of i32, got 'i16' and 'i32'}}
  %1 = simulator.ap_lookup %x, %d in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact
      : memref<2x3xi16, #simulator.memory<host>>, memref<2x1xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @exec_rows(%x: memref<2x3xi8, #simulator.memory<host>>) {
  %y = simulator.buffer : memref<3x5xi32, #simulator.memory<buffer>>
  // expected-error @below {{expects matrices of as many rows without a window}}
  %0 = simulator.ap_exec %x, %y program dense<[80, 65]> : tensor<2xi8>
      : memref<2x3xi8, #simulator.memory<host>>, memref<3x5xi32, #simulator.memory<buffer>>
  return
}
