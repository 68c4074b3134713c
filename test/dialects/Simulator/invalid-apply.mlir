// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of simulator.apply: the function
func.func private @f()
func.func @main(%g: !crossbar.grid<1x2x2xi2, ui1>, %x: memref<4xf32, #simulator.memory<buffer>>, %y: memref<4xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.apply' op applies @f, which is not a net or a table}}
  %0 = simulator.apply @f on (%g), %x, %y
      : (!crossbar.grid<1x2x2xi2, ui1>), memref<4xf32, #simulator.memory<buffer>>, memref<4xf32, #simulator.memory<buffer>>
  return
}

// -----

crossbar.table @ramp input <bits = 2, low = 0, high = 3>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
// C1 of simulator.apply: shapes
func.func @main(%g: !crossbar.grid<1x2x2xi2, ui1>, %x: memref<4xf32, #simulator.memory<buffer>>, %y: memref<5xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.apply' op expects an input and an output of one shape, of f32, got 'memref<4xf32, #simulator.memory<buffer>>' and 'memref<5xf32, #simulator.memory<buffer>>'}}
  %0 = simulator.apply @ramp on (%g), %x, %y
      : (!crossbar.grid<1x2x2xi2, ui1>), memref<4xf32, #simulator.memory<buffer>>, memref<5xf32, #simulator.memory<buffer>>
  return
}

// -----

crossbar.table @ramp input <bits = 2, low = 0, high = 3>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
// C1 of simulator.apply: grids
func.func @main(%g: !crossbar.grid<1x2x2xi2, ui8>, %x: memref<4xf32, #simulator.memory<buffer>>, %y: memref<4xf32, #simulator.memory<buffer>>) {
  // expected-error @below {{'simulator.apply' op needs a grid that streams ui1}}
  %0 = simulator.apply @ramp on (%g), %x, %y
      : (!crossbar.grid<1x2x2xi2, ui8>), memref<4xf32, #simulator.memory<buffer>>, memref<4xf32, #simulator.memory<buffer>>
  return
}
