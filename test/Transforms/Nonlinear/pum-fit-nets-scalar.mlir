// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics "--pum-fit-nets=cache=none weight-bits=8 input-bits=8 output-bits=8 max-hidden=4"
//
// Regions that are no function of one number, and why.

func.func @several(%x: tensor<4xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{cannot be approximated as a function of one number: it has several operands or results}}
  %y = pum.nonlinear elementwise(%x, %z) domain [-2.0, 0.0] method neon : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = arith.mulf %a, %b : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @types(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @below {{it does not give an f32 for each f32}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf64>) -> tensor<4xf64> {
  ^bb0(%a: tensor<4xf64>):
    %0 = math.exp %a : tensor<4xf64>
    pum.yield %0 : tensor<4xf64>
  }
  return %y : tensor<4xf64>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @reduces(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{it reduces dimensions}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %m = tensor.expand_shape %a [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%m : tensor<4x1xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%v: f32, %s: f32):
      linalg.yield %v : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#swapped = affine_map<(i, j) -> (j, i)>
func.func @transposes(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-error @below {{it is not computed element by element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>):
    %e = tensor.empty() : tensor<4x4xf32>
    %0 = linalg.generic {indexing_maps = [#swapped, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%v: f32, %s: f32):
      linalg.yield %v : f32
    } -> tensor<4x4xf32>
    pum.yield %0 : tensor<4x4xf32>
  }
  return %y : tensor<4x4xf32>
}

// -----

#id = affine_map<(i) -> (i)>
func.func @position(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{it depends on the position of an element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%v: f32, %s: f32):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      %r = arith.addf %v, %f : f32
      linalg.yield %r : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @undefined_operand(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{it reads an undefined element}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = arith.addf %a, %e : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @undefined_result(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{its result is undefined}}
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    pum.yield %e : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @loose(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{cannot be computed by a net: expected an error of at most 8 output steps with at most 4 hidden units, got}}
  %y = pum.nonlinear elementwise(%x) domain [-30.0, 30.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.sin %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
