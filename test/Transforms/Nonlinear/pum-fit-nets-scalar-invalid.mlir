// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics "--pum-fit-nets=cache=none"

// Regions that are not functions of one number.
func.func @reduces(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it reduces dimensions}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<f32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %in, %out : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    pum.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @reverses(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it is not computed element by element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (3 - i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @undefined(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it reads an undefined element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %in, %out : f32
      linalg.yield %1 : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @positions(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it depends on the position of an element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %i = linalg.index 0 : index
      linalg.yield %in : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @slices(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it holds 'tensor.extract_slice'}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = tensor.extract_slice %a[0] [4] [1] : tensor<4xf32> to tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @empty(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: its result is undefined}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    pum.yield %e : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @operands(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it has several operands or results}}
  %y = pum.nonlinear division(%x, %x) domain [-2.0, 0.0] method neon : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = arith.divf %a, %b : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @types(%x: tensor<4xf32>) -> tensor<4xf64> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated as a function of one number: it does not give an f32 for each f32}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf64> {
  ^bb0(%a: tensor<4xf32>):
    %0 = arith.extf %a : tensor<4xf32> to tensor<4xf64>
    pum.yield %0 : tensor<4xf64>
  }
  return %y : tensor<4xf64>
}
