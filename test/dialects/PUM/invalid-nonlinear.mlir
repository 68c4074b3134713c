// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1: arguments
func.func @arguments(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op has region arguments 'tensor<5xf32>' for inputs 'tensor<4xf32>'}}
  %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<5xf32>):
    %e = tensor.empty() : tensor<4xf32>
    pum.yield %e : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C1: results
func.func @results(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op yields 'tensor<4xf64>' for results 'tensor<4xf32>'}}
  %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = arith.extf %a : tensor<4xf32> to tensor<4xf64>
    pum.yield %0 : tensor<4xf64>
  }
  return %y : tensor<4xf32>
}

// -----

// C1: at least one of each
func.func @none() -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op expects at least one operand and one result, got 0 and 1}}
  %y = pum.nonlinear elementwise() : () -> tensor<4xf32> {
    %0 = tensor.empty() : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C2
func.func @shapes(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{'pum.nonlinear' op expects static shapes, got 'tensor<?xf32>'}}
  %y = pum.nonlinear tanh(%x) : (tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: tensor<?xf32>):
    %0 = math.tanh %a : tensor<?xf32>
    pum.yield %0 : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}

// -----

// C3: missing
func.func @no_dimensions(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op of kind softmax expects dimensions, got none}}
  %y = pum.nonlinear softmax(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C3: superfluous
func.func @some_dimensions(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op of kind tanh has no dimensions, got some}}
  %y = pum.nonlinear tanh(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C3: order
func.func @order(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-error @below {{'pum.nonlinear' op expects ascending dimensions below 2, got [1, 0]}}
  %y = pum.nonlinear softmax(%x) dimensions [1, 0] : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>):
    pum.yield %a : tensor<4x4xf32>
  }
  return %y : tensor<4x4xf32>
}

// -----

// C4
func.func @ops(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    // expected-error @below {{'func.call' op is in a nonlinear region, expected ops of linalg, tensor, arith and math}}
    %0 = func.call @f(%a) : (tensor<4xf32>) -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
func.func private @f(tensor<4xf32>) -> tensor<4xf32>

// -----

// C5
func.func @parameters(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op expects parameter "slope" to be a number or unit, got "steep"}}
  %y = pum.nonlinear hard_sigmoid(%x) parameters {slope = "steep"} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C6
func.func @domain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op expects a domain from a finite number to a greater one, got [1.000000e+00, 1.000000e+00]}}
  %y = pum.nonlinear exp(%x) domain [1.0, 1.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// C6
func.func @domain_nan(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op expects a domain from a finite number to a greater one, got [0.000000e+00, nan]}}
  %y = pum.nonlinear exp(%x) domain [0.0, 0x7FF8000000000000] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
