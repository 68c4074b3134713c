// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// #crossbar.format: bits
// expected-error @below {{bits must be between 2 and 16, got 17}}
func.func private @f() attributes {a = #crossbar.format<bits = 17, low = 0, high = 1>}

// -----

// #crossbar.format: an empty domain
// expected-error @below {{low must be less than high, got 1.000000e+00 and 1.000000e+00}}
func.func private @f() attributes {a = #crossbar.format<bits = 8, low = 1, high = 1>}

// -----

// #crossbar.format: not finite
// expected-error @below {{high must be finite, got INF}}
func.func private @f() attributes {a = #crossbar.format<bits = 8, low = 1, high = 1.0e999>}

// -----

// #crossbar.tanh: range
// expected-error @below {{range must be finite and above 0, got 0.000000e+00}}
func.func private @f() attributes {a = #crossbar.tanh<bits = 8, range = 0>}

// -----

// #crossbar.reduction: base
// expected-error @below {{base must be 2 or 4, got 3}}
func.func private @f() attributes {a = #crossbar.reduction<base = 3, shift = 1>}

// -----

// #crossbar.reduction: shift
// expected-error @below {{shift must be between -4 and 4, got 5}}
func.func private @f() attributes {a = #crossbar.reduction<base = 2, shift = 5>}

// -----

// #crossbar.net_layer: weights
// expected-error @below {{weights must be i16 of 2 dimensions, got 'tensor<2xi16>'}}
func.func private @f() attributes {a = #crossbar.net_layer<weights = dense<1> : tensor<2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>}

// -----

// #crossbar.net_layer: scales
// expected-error @below {{scales must be 2 of f32, one for each column, got 'tensor<1xf32>'}}
func.func private @f() attributes {a = #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>}

// -----

// C1 of crossbar.neon_net
// expected-error @below {{'crossbar.neon_net' op expects layers of 2x1 and 1x2 weights, got 2x1 and 1x3}}
crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x3xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]

// -----

// C1 of crossbar.neon_net: two layers
// expected-error @below {{'crossbar.neon_net' op expects 2 layers, got 1}}
crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 8 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<1x1xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]

// -----

// C2 of crossbar.neon_net
// expected-error @below {{'crossbar.neon_net' op expects weights of 8 bits, got 128}}
crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 8 layers [
    #crossbar.net_layer<weights = dense<128> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>]

// -----

// C3 of crossbar.neon_net: the domain
// expected-error @below {{'crossbar.neon_net' op reduces its range to 1 to 4, but has an input from -1.000000e+00 to 1.000000e+00}}
crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>] reduction <base = 4, shift = 1>

// -----

// C3 of crossbar.neon_net: lines
// expected-error @below {{'crossbar.neon_net' op reduces its range, so that nothing is below or above it, but has a line}}
crossbar.neon_net @f input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = 0, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<1> : tensor<2x1xi16>, scales = dense<[1.0, 1.0]> : tensor<2xf32>, biases = dense<[1.0, 1.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<1> : tensor<1x2xi16>, scales = dense<1.0> : tensor<1xf32>, biases = dense<1.0> : tensor<1xf32>>] above <slope = 1, offset = 0> reduction <base = 4, shift = 1>

// -----

// C1 of crossbar.table: the number of values
// expected-error @below {{'crossbar.table' op expects 4 values of i16, one for each input of 2 bits, got 'tensor<3xi16>'}}
crossbar.table @f input <bits = 2, low = 0, high = 3> output <bits = 2, low = 0, high = 1>
  values dense<0> : tensor<3xi16>

// -----

// C1 of crossbar.table: the range of values
// expected-error @below {{'crossbar.table' op expects values of 2 bits, got 4}}
crossbar.table @f input <bits = 2, low = 0, high = 3> output <bits = 2, low = 0, high = 1>
  values dense<[0, 1, 2, 4]> : tensor<4xi16>

// -----

// C2 of crossbar.table
// expected-error @below {{'crossbar.table' op reduces its range to 1 to 2, but has an input from 0.000000e+00 to 3.000000e+00}}
crossbar.table @f input <bits = 2, low = 0, high = 3> output <bits = 2, low = 0, high = 1>
  values dense<[0, 1, 2, 3]> : tensor<4xi16> reduction <base = 2, shift = 1>
