// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]
// C1 of crossbar.apply
func.func @use(%x: tensor<4xf32>) {
  // expected-error @below {{'crossbar.apply' op applies @g, which is not a net or a table}}
  %y = crossbar.apply @g(%x) copies 1 : tensor<4xf32>
  return
}

// -----

crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]
// C2 of crossbar.apply: the number of grids
func.func @use(%x: tensor<4xf32>, %g0: !crossbar.grid<1x1x2xi2, ui8>) {
  // expected-error @below {{'crossbar.apply' op needs 2 grids for the layers of a net, got 1}}
  %y = crossbar.apply @f(%x) on (%g0 : !crossbar.grid<1x1x2xi2, ui8>) copies 1 : tensor<4xf32>
  return
}

// -----

crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]
// C2 of crossbar.apply: the inputs of a net
func.func @use(%x: tensor<4xf32>, %g0: !crossbar.grid<1x1x2xi2, ui16>, %g1: !crossbar.grid<1x2x1xi16, si16>) {
  // expected-error @below {{'crossbar.apply' op needs a grid of '!crossbar.grid<1x1x2xi2, ui8>' for a net with 2 hidden units, got '!crossbar.grid<1x1x2xi2, ui16>'}}
  %y = crossbar.apply @f(%x) on (%g0, %g1 : !crossbar.grid<1x1x2xi2, ui16>, !crossbar.grid<1x2x1xi16, si16>) copies 1 : tensor<4xf32>
  return
}

// -----

crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]
// C2 of crossbar.apply: copies
func.func @use(%x: tensor<4xf32>, %g0: !crossbar.grid<1x1x2xi2, ui8>, %g1: !crossbar.grid<1x2x1xi16, si16>) {
  // expected-error @below {{'crossbar.apply' op has 2 copies, but its grids hold 1}}
  %y = crossbar.apply @f(%x) on (%g0, %g1 : !crossbar.grid<1x1x2xi2, ui8>, !crossbar.grid<1x2x1xi16, si16>) copies 2 : tensor<4xf32>
  return
}

// -----

crossbar.table @f input <bits = 2, low = 0, high = 3> output <bits = 2, low = 0, high = 1>
  values dense<[0, 1, 2, 3]> : tensor<4xi16>
// C2 of crossbar.apply: a table
func.func @use(%x: tensor<4xf32>, %g0: !crossbar.grid<1x2x2xi2, ui1>, %g1: !crossbar.grid<1x2x2xi2, ui1>) {
  // expected-error @below {{'crossbar.apply' op needs 1 grid for a table, got 2}}
  %y = crossbar.apply @f(%x) on (%g0, %g1 : !crossbar.grid<1x2x2xi2, ui1>, !crossbar.grid<1x2x2xi2, ui1>) copies 1 : tensor<4xf32>
  return
}

// -----

crossbar.table @f input <bits = 2, low = 0, high = 3> output <bits = 2, low = 0, high = 1>
  values dense<[0, 1, 2, 3]> : tensor<4xi16>
// C2 of crossbar.apply: room for the values
func.func @use(%x: tensor<4xf32>, %g0: !crossbar.grid<3x2x1xi2, ui1>) {
  // expected-error @below {{'crossbar.apply' op needs a grid that streams ui1 and holds 4 values of 2 bits in each copy, got '!crossbar.grid<3x2x1xi2, ui1>'}}
  %y = crossbar.apply @f(%x) on (%g0 : !crossbar.grid<3x2x1xi2, ui1>) copies 1 : tensor<4xf32>
  return
}
