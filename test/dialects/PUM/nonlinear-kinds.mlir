// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s

// CHECK: kind = #pum<nonlinear_kind softmax>, method = #pum<nonlinear_method lut>
func.func private @attributes() attributes {kind = #pum<nonlinear_kind softmax>, method = #pum<nonlinear_method lut>}

// Every kind. The region may compute anything: it is the truth, the kind a name.
// CHECK-LABEL: func @kinds
func.func @kinds(%x: tensor<4xf32>) {
  // CHECK: pum.nonlinear softmax(%{{.*}}) dimensions [0]
  pum.nonlinear softmax(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear log_softmax(%{{.*}}) dimensions [0]
  pum.nonlinear log_softmax(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear layer_norm(%{{.*}}) dimensions [0]
  pum.nonlinear layer_norm(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear rms_norm(%{{.*}}) dimensions [0]
  pum.nonlinear rms_norm(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear group_norm(%{{.*}}) dimensions [0]
  pum.nonlinear group_norm(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear l2_norm(%{{.*}}) dimensions [0]
  pum.nonlinear l2_norm(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear squash(%{{.*}}) dimensions [0]
  pum.nonlinear squash(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear max_pool(%{{.*}}) dimensions [0]
  pum.nonlinear max_pool(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear avg_pool(%{{.*}}) dimensions [0]
  pum.nonlinear avg_pool(%x) dimensions [0] : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear relu(%
  pum.nonlinear relu(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear clamp(%
  pum.nonlinear clamp(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear leaky_relu(%
  pum.nonlinear leaky_relu(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear elu(%
  pum.nonlinear elu(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear gelu(%
  pum.nonlinear gelu(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear gelu_tanh(%
  pum.nonlinear gelu_tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear silu(%
  pum.nonlinear silu(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear mish(%
  pum.nonlinear mish(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear sigmoid(%
  pum.nonlinear sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear log_sigmoid(%
  pum.nonlinear log_sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear tanh(%
  pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear softplus(%
  pum.nonlinear softplus(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear hard_sigmoid(%
  pum.nonlinear hard_sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear hard_swish(%
  pum.nonlinear hard_swish(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear exp(%
  pum.nonlinear exp(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear log(%
  pum.nonlinear log(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear sqrt(%
  pum.nonlinear sqrt(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear rsqrt(%
  pum.nonlinear rsqrt(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear erf(%
  pum.nonlinear erf(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear abs(%
  pum.nonlinear abs(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear reciprocal(%
  pum.nonlinear reciprocal(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear division(%
  pum.nonlinear division(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear power(%
  pum.nonlinear power(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  // CHECK: pum.nonlinear elementwise(%
  pum.nonlinear elementwise(%x) : (tensor<4xf32>) -> tensor<4xf32> { ^bb0(%a: tensor<4xf32>): pum.yield %a : tensor<4xf32> }
  return
}
