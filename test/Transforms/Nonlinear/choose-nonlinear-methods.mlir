// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s "--choose-nonlinear-methods=methods=gelu=lut,encoder.*=auto,*=neon" | FileCheck %s
// RUN: pumice-opt %s "--choose-nonlinear-methods=methods=*=neon,relu=lut,head=digital" | FileCheck %s --check-prefix=KINDS
// RUN: pumice-opt %s --choose-nonlinear-methods | FileCheck %s --check-prefix=NONE
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=gelu=analog" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=decoder=neon" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not pumice-opt %s "--choose-nonlinear-methods=methods=[=neon" 2>&1 | FileCheck %s --check-prefix=PATTERN
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
#encoder = loc("encoder.layer.0"("exp"("net.py":1:1)))
#head = loc("head"("exp_1"("net.py":2:1)))
