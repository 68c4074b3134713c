// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics "--pum-fit-nets=cache=none input-bits=10 output-bits=10 max-hidden=4 max-error=0.003"

func.func @no_domain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op has no domain: run pum-record-domains, or state one}}
  %y = pum.nonlinear exp(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.exp %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @not_finite(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated: expected finite values in the domain, got}}
  %y = pum.nonlinear elementwise(%x) domain [-1.0, 1.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.log %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @bound_of_a_net(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error-re @below {{'pum.nonlinear' op cannot be computed by a net: expected an error of at most 0.003 of the range with at most 4 hidden units, got {{.*}} of the range with 4}}
  %y = pum.nonlinear elementwise(%x) domain [-30.0, 30.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.sin %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @bound_of_a_table(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error-re @below {{'pum.nonlinear' op cannot be computed by a table: expected an error of at most 0.003 of the range, got {{.*}} with an input of 10 bits}}
  %y = pum.nonlinear elementwise(%x) domain [-30.0, 30.0] method lut : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.sin %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @no_device(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot choose a method by cost: the module names no device with arrays}}
  %y = pum.nonlinear exp(%x) domain [-2.0, 0.0] method auto : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.exp %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @no_function(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: a constant differs between elements}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %0 = arith.mulf %a, %c : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
