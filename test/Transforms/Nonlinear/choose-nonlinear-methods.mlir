// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s "--choose-nonlinear-methods=methods=gelu=lut,encoder.*=auto,*=neon" | FileCheck %s
// RUN: pumice-opt %s "--choose-nonlinear-methods=methods=*=neon,relu=lut,head=digital" | FileCheck %s --check-prefix=KINDS
// RUN: pumice-opt %s --choose-nonlinear-methods | FileCheck %s --check-prefix=NONE
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=gelu=analog" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=decoder=neon" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=[=neon" 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: pumice-opt %s "--choose-nonlinear-methods=methods=*=neon" --debug-only=choose-nonlinear-methods -o %t 2>&1 | FileCheck %s --check-prefix=WHY
// WHY: relu of '{{.*}}' -> digital: exact and cheap there
// WHY: softmax of '{{.*}}' -> digital: over one element, its result is the same for all inputs
// METHOD: error: methods: expected KEY=digital, KEY=lut, KEY=neon or KEY=auto, got 'gelu=analog'
// LAYER: error: methods: 'decoder=neon' names neither a kind of nonlinear function nor a layer that has one
// PATTERN: error: methods: '[=neon':

// By kind, then by module path, the star last. What is exact with sums, comparisons and tanh stays digital by a pattern.
// CHECK: pum.nonlinear gelu({{.*}}) method lut
// CHECK: pum.nonlinear exp({{.*}}) method auto
// CHECK: pum.nonlinear exp({{.*}}) method neon
// CHECK: pum.nonlinear relu({{.*}}) :
// CHECK: pum.nonlinear tanh({{.*}}) :
// CHECK: pum.nonlinear division({{.*}}) :

// KINDS: pum.nonlinear gelu({{.*}}) method neon
// KINDS: pum.nonlinear exp({{.*}}) method neon
// KINDS: pum.nonlinear exp({{.*}}) :
// KINDS: pum.nonlinear relu({{.*}}) method lut
// KINDS: pum.nonlinear tanh({{.*}}) :

// NONE-NOT: method
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = pum.nonlinear gelu(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.erf %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %b = pum.nonlinear exp(%a) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  } loc(#encoder)
  %c = pum.nonlinear exp(%b) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  } loc(#head)
  %d = pum.nonlinear relu(%c) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %zero = arith.constant dense<0.0> : tensor<4xf32>
    %0 = arith.maximumf %in, %zero : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %e = pum.nonlinear tanh(%d) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.tanh %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  // A quotient by a constant.
  %f = pum.nonlinear division(%e) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %three = arith.constant dense<3.0> : tensor<f32>
    %empty = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%in, %three : tensor<4xf32>, tensor<f32>) outs(%empty : tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %1 = arith.divf %p, %q : f32
      linalg.yield %1 : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %f : tensor<4xf32>
}

// Over one element, a softmax is 1: no method changes that. With two groups of one channel, a group norm is its shift.
// CHECK-LABEL: func @one_element
// CHECK: pum.nonlinear softmax({{.*}}) dimensions [1] :
// CHECK: pum.nonlinear softmax({{.*}}) dimensions [0] method neon
// CHECK: pum.nonlinear group_norm({{.*}}) dimensions [1] parameters {groups = 2 : i64} :
func.func @one_element(%x: tensor<3x1xf32>, %y: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>, tensor<3x2xf32>) {
  %a = pum.nonlinear softmax(%x) dimensions [1] : (tensor<3x1xf32>) -> tensor<3x1xf32> {
  ^bb0(%in: tensor<3x1xf32>):
    %e = tensor.empty() : tensor<3x1xf32>
    %0 = linalg.softmax dimension(1) ins(%in : tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
    pum.yield %0 : tensor<3x1xf32>
  }
  %b = pum.nonlinear softmax(%x) dimensions [0] : (tensor<3x1xf32>) -> tensor<3x1xf32> {
  ^bb0(%in: tensor<3x1xf32>):
    %e = tensor.empty() : tensor<3x1xf32>
    %0 = linalg.softmax dimension(0) ins(%in : tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
    pum.yield %0 : tensor<3x1xf32>
  }
  %c = pum.nonlinear group_norm(%y) dimensions [1] parameters {groups = 2 : i64} : (tensor<3x2xf32>) -> tensor<3x2xf32> {
  ^bb0(%in: tensor<3x2xf32>):
    %epsilon = arith.constant dense<1.0e-05> : tensor<3x2xf32>
    %0 = arith.subf %in, %in : tensor<3x2xf32>
    %1 = math.rsqrt %epsilon : tensor<3x2xf32>
    %2 = arith.mulf %0, %1 : tensor<3x2xf32>
    pum.yield %2 : tensor<3x2xf32>
  }
  return %a, %b, %c : tensor<3x1xf32>, tensor<3x1xf32>, tensor<3x2xf32>
}
#encoder = loc("encoder.layer.0"("exp"("net.py":1:1)))
#head = loc("head"("exp_1"("net.py":2:1)))
