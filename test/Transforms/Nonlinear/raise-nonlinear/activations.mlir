// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear | FileCheck %s

#at = affine_map<(i) -> (i)>

// Forms that torch-mlir does not write.
// CHECK-LABEL: func @gelu_with_erfc
func.func @gelu_with_erfc(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear gelu(%arg0) :
  %scale = arith.constant -0.70710677 : f32
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#at, #at], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %scale : f32
    %1 = math.erfc %0 : f32
    %2 = arith.mulf %1, %in : f32
    %3 = arith.mulf %half, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// x * sigmoid(1.59577 (x + 0.044715 x^3)), on whole tensors.
// CHECK-LABEL: func @gelu_tanh_by_sigmoid
func.func @gelu_tanh_by_sigmoid(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear gelu_tanh(%arg0) :
  %cubic = arith.constant dense<0.044715> : tensor<8xf32>
  %scale = arith.constant dense<-1.5957691> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = arith.mulf %x, %x : tensor<8xf32>
  %1 = arith.mulf %0, %cubic : tensor<8xf32>
  %2 = math.fma %1, %x, %x : tensor<8xf32>
  %3 = arith.mulf %scale, %2 : tensor<8xf32>
  %4 = math.exp %3 : tensor<8xf32>
  %5 = arith.addf %one, %4 : tensor<8xf32>
  %y = arith.divf %x, %5 : tensor<8xf32>
  return %y : tensor<8xf32>
}

// CHECK-LABEL: func @sigmoid_by_tanh
func.func @sigmoid_by_tanh(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear sigmoid(%arg0) :
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %0 = arith.mulf %x, %half : tensor<8xf32>
  %1 = math.tanh %0 : tensor<8xf32>
  %2 = arith.mulf %1, %half : tensor<8xf32>
  %y = arith.addf %half, %2 : tensor<8xf32>
  return %y : tensor<8xf32>
}

// exp(x) / (1 + exp(x)) times x
// CHECK-LABEL: func @silu_by_positive_exp
func.func @silu_by_positive_exp(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear silu(%arg0) parameters {beta = 1.000000e+00 : f64}
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = math.exp %x : tensor<8xf32>
  %1 = arith.addf %0, %one : tensor<8xf32>
  %2 = arith.divf %0, %1 : tensor<8xf32>
  %y = arith.mulf %2, %x : tensor<8xf32>
  return %y : tensor<8xf32>
}

// max(x, 0) + log1p(exp(-|x|))
// CHECK-LABEL: func @stable_softplus
func.func @stable_softplus(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear softplus(%arg0) parameters {beta = 1.000000e+00 : f64}
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %0 = math.absf %x : tensor<8xf32>
  %1 = arith.negf %0 : tensor<8xf32>
  %2 = math.exp %1 : tensor<8xf32>
  %3 = math.log1p %2 : tensor<8xf32>
  %4 = arith.maximumf %x, %zero : tensor<8xf32>
  %y = arith.addf %3, %4 : tensor<8xf32>
  return %y : tensor<8xf32>
}

// CHECK-LABEL: func @leaky_by_maximum
func.func @leaky_by_maximum(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear leaky_relu(%arg0) parameters {negative_slope = 1.250000e-01 : f64}
  %slope = arith.constant dense<0.125> : tensor<8xf32>
  %0 = arith.mulf %slope, %x : tensor<8xf32>
  %y = arith.maximumf %0, %x : tensor<8xf32>
  return %y : tensor<8xf32>
}

// 0 < x ? x : 2 expm1(x), the comparison in an op of its own.
// CHECK-LABEL: func @elu
func.func @elu(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear elu(%arg0) parameters {alpha = 2.000000e+00 : f64, scale = 1.000000e+00 : f64}
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %alpha = arith.constant dense<2.0> : tensor<8xf32>
  %0 = arith.cmpf olt, %zero, %x : tensor<8xf32>
  %1 = math.expm1 %x : tensor<8xf32>
  %2 = arith.mulf %alpha, %1 : tensor<8xf32>
  %y = arith.select %0, %x, %2 : tensor<8xi1>, tensor<8xf32>
  return %y : tensor<8xf32>
}

// x * clamp(x / 6 + 1 / 2, 0, 1)
// CHECK-LABEL: func @hard_swish
func.func @hard_swish(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: pum.nonlinear hard_swish(%arg0) :
  %sixth = arith.constant dense<0.16666667> : tensor<8xf32>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = arith.mulf %x, %sixth : tensor<8xf32>
  %1 = arith.addf %0, %half : tensor<8xf32>
  %2 = arith.minimumf %1, %one : tensor<8xf32>
  %3 = arith.maximumf %zero, %2 : tensor<8xf32>
  %y = arith.mulf %3, %x : tensor<8xf32>
  return %y : tensor<8xf32>
}

// A product of x with the sigmoid of something else.
// CHECK-LABEL: func @gated
func.func @gated(%x: tensor<8xf32>, %g: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: %[[S:.*]] = pum.nonlinear sigmoid(%arg1) :
  // CHECK: %[[Y:.*]] = arith.mulf %arg0, %[[S]]
  // CHECK: return %[[Y]]
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = arith.negf %g : tensor<8xf32>
  %1 = math.exp %0 : tensor<8xf32>
  %2 = arith.addf %1, %one : tensor<8xf32>
  %3 = arith.divf %one, %2 : tensor<8xf32>
  %y = arith.mulf %x, %3 : tensor<8xf32>
  return %y : tensor<8xf32>
}

// 2 + exp(-x) makes no sigmoid.
// CHECK-LABEL: func @wrong_constant
func.func @wrong_constant(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NOT: sigmoid
  // CHECK: pum.nonlinear exp
  // CHECK: pum.nonlinear reciprocal
  // CHECK: return
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %two = arith.constant dense<2.0> : tensor<8xf32>
  %0 = arith.negf %x : tensor<8xf32>
  %1 = math.exp %0 : tensor<8xf32>
  %2 = arith.addf %1, %two : tensor<8xf32>
  %y = arith.divf %one, %2 : tensor<8xf32>
  return %y : tensor<8xf32>
}
