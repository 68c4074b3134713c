// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear --mlir-disable-threading --debug-only=raise-nonlinear 2>%t.log | FileCheck %s
// RUN: FileCheck %s --check-prefix=LOG --input-file %t.log
//
// Over one element, a softmax is 1 and a norm is 0, whatever the input: nothing to approximate, and no region.

// LOG: [raise-nonlinear {{.*}}no region for linalg.softmax at {{.*}}: its result is the same for all inputs
// LOG: [raise-nonlinear {{.*}}no region for linalg.div at {{.*}}: its result is the same for all inputs
// LOG: [raise-nonlinear {{.*}}no region for linalg.exp at {{.*}}: its result is the same for all inputs

// CHECK-LABEL: func @named_softmax
// CHECK-NOT: pum.nonlinear
func.func @named_softmax(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %e = tensor.empty() : tensor<3x1xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// CHECK-LABEL: func @softmax
// CHECK-NOT: pum.nonlinear
func.func @softmax(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x1xf32>
  %r = tensor.empty() : tensor<3xf32>
  %r0 = linalg.fill ins(%low : f32) outs(%r : tensor<3xf32>) -> tensor<3xf32>
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<3x1xf32>) outs(%r0 : tensor<3xf32>) dimensions = [1]
  %b = linalg.broadcast ins(%max : tensor<3xf32>) outs(%e : tensor<3x1xf32>) dimensions = [1]
  %d = linalg.sub ins(%x, %b : tensor<3x1xf32>, tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
  %n = linalg.exp ins(%d : tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%r : tensor<3xf32>) -> tensor<3xf32>
  %sum = linalg.reduce { arith.addf } ins(%n : tensor<3x1xf32>) outs(%s0 : tensor<3xf32>) dimensions = [1]
  %bs = linalg.broadcast ins(%sum : tensor<3xf32>) outs(%e : tensor<3x1xf32>) dimensions = [1]
  %y = linalg.div ins(%n, %bs : tensor<3x1xf32>, tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// The root of epsilon.
// CHECK-LABEL: func @layer_norm
// CHECK-NOT: pum.nonlinear
func.func @layer_norm(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %epsilon = arith.constant dense<1.0e-05> : tensor<3x1xf32>
  %centered = arith.subf %x, %x : tensor<3x1xf32>
  %variance = arith.mulf %centered, %centered : tensor<3x1xf32>
  %0 = arith.addf %variance, %epsilon : tensor<3x1xf32>
  %1 = math.rsqrt %0 : tensor<3x1xf32>
  %y = arith.mulf %centered, %1 : tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// Over more elements, or with a value that depends on x, there is a region.
// CHECK-LABEL: func @others
func.func @others(%x: tensor<3x1xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  // CHECK: pum.nonlinear softmax
  // CHECK: pum.nonlinear exp
  %e = tensor.empty() : tensor<3x1xf32>
  %y = linalg.softmax dimension(0) ins(%x : tensor<3x1xf32>) outs(%e : tensor<3x1xf32>) -> tensor<3x1xf32>
  %twice = arith.addf %x, %x : tensor<3x1xf32>
  %0 = arith.subf %twice, %x : tensor<3x1xf32>
  %z = math.exp %0 : tensor<3x1xf32>
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}
