// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear | FileCheck %s

#at = affine_map<(i) -> (i)>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// The sigmoid inside of a SiLU is read outside too: an additional result, computed once; its reader comes after.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[Y:.*]]:2 = pum.nonlinear silu(%arg0) {{.*}} : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: pum.yield
  // CHECK-NOT: math.exp
  // CHECK: %[[Z:.*]] = arith.addf %[[Y]]#1, %[[Y]]#1
  // CHECK: return %[[Y]]#0, %[[Z]]
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = arith.negf %x : tensor<8xf32>
  %1 = math.exp %0 : tensor<8xf32>
  %2 = arith.addf %1, %one : tensor<8xf32>
  %3 = arith.divf %one, %2 : tensor<8xf32>
  %z = arith.addf %3, %3 : tensor<8xf32>
  %y = arith.mulf %x, %3 : tensor<8xf32>
  return %y, %z : tensor<8xf32>, tensor<8xf32>
}

// Divided by twice the sum: no softmax.
// CHECK-LABEL: func @half_a_softmax
func.func @half_a_softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-NOT: softmax
  // CHECK: pum.nonlinear exp
  // CHECK-NOT: softmax
  // CHECK: pum.nonlinear division
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %r = tensor.empty() : tensor<2xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
  %n = math.exp %x : tensor<2x8xf32>
  %sum = linalg.reduce { arith.addf } ins(%n : tensor<2x8xf32>) outs(%r0 : tensor<2xf32>) dimensions = [1]
  %two = arith.addf %sum, %sum : tensor<2xf32>
  %b = linalg.broadcast ins(%two : tensor<2xf32>) outs(%e : tensor<2x8xf32>) dimensions = [1]
  %y = arith.divf %n, %b : tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Nothing known: the op becomes a region of its own, with the comparison that it reads.
// CHECK-LABEL: func @unknown
func.func @unknown(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[S:.*]] = pum.nonlinear elementwise(%arg0) :
  // CHECK: math.sin
  // CHECK: math.tanh
  // CHECK: %[[T:.*]] = pum.nonlinear elementwise(%arg0) :
  // CHECK: arith.cmpf
  // CHECK: arith.select
  // CHECK: return %[[S]], %[[T]]
  %e = tensor.empty() : tensor<8xf32>
  %twenty = arith.constant dense<20.0> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#at, #at], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sin %in : f32
    %1 = math.tanh %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %c = arith.cmpf ogt, %x, %one : tensor<8xf32>
  %z = arith.select %c, %x, %twenty : tensor<8xi1>, tensor<8xf32>
  return %y, %z : tensor<8xf32>, tensor<8xf32>
}

// Integers, moves and linear arithmetic stay.
// CHECK-LABEL: func @stays
func.func @stays(%x: tensor<2x8xf32>, %q: tensor<2x8xi8>, %c: tensor<2x8xi1>) -> (tensor<2x8xf32>, tensor<2x8xi8>, tensor<2x8xf32>) {
  // CHECK-NOT: pum.nonlinear
  // CHECK: return
  %scale = arith.constant 0.017 : f32
  %low = arith.constant -128.0 : f32
  %high = arith.constant 127.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %eq = tensor.empty() : tensor<2x8xi8>
  %dequantized = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%q : tensor<2x8xi8>) outs(%e : tensor<2x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<2x8xf32>
  %sum = linalg.add ins(%x, %dequantized : tensor<2x8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %square = linalg.mul ins(%sum, %sum : tensor<2x8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %quantized = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%square : tensor<2x8xf32>) outs(%eq : tensor<2x8xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %scale : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.maximumf %1, %low : f32
    %3 = arith.minimumf %2, %high : f32
    %4 = arith.fptosi %3 : f32 to i8
    linalg.yield %4 : i8
  } -> tensor<2x8xi8>
  %choice = arith.select %c, %x, %square : tensor<2x8xi1>, tensor<2x8xf32>
  return %square, %quantized, %choice : tensor<2x8xf32>, tensor<2x8xi8>, tensor<2x8xf32>
}

// What captures a computed scalar cannot stand alone.
// CHECK-LABEL: func @captures
func.func @captures(%x: tensor<8xf32>, %s: tensor<f32>) -> tensor<8xf32> {
  // CHECK-NOT: pum.nonlinear
  // CHECK: return
  %scale = tensor.extract %s[] : tensor<f32>
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#at, #at], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %scale : f32
    %1 = math.tanh %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// A function of single elements leaves reshapes of its argument outside: one shape in and out.
// CHECK-LABEL: func @reshaped
func.func @reshaped(%x: tensor<4x8xf32>) -> tensor<4x1x8xf32> {
  // CHECK: %[[E:.*]] = tensor.expand_shape
  // CHECK: pum.nonlinear exp(%[[E]]) : (tensor<4x1x8xf32>) -> tensor<4x1x8xf32>
  %e = tensor.expand_shape %x [[0], [1, 2]] output_shape [4, 1, 8] : tensor<4x8xf32> into tensor<4x1x8xf32>
  %y = math.exp %e : tensor<4x1x8xf32>
  return %y : tensor<4x1x8xf32>
}
