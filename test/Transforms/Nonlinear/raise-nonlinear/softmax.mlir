// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear --canonicalize | FileCheck %s
// RUN: pumice-opt %s --raise-nonlinear --canonicalize -o %t && pumice-opt %t --raise-nonlinear | diff %t -

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#keep = affine_map<(i, j) -> (i, 0)>
#column = affine_map<(i, j) -> (j)>

// CHECK-LABEL: func @named_op
func.func @named_op(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: pum.nonlinear softmax(%{{.*}}) dimensions [0] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %y = linalg.softmax dimension(0) ins(%x : tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Named ops, linalg.reduce, linalg.broadcast.
// CHECK-LABEL: func @named_parts
func.func @named_parts(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: %[[Y:.*]] = pum.nonlinear softmax(%{{.*}}) dimensions [1]
  // CHECK: linalg.reduce
  // CHECK: return %[[Y]]
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %r = tensor.empty() : tensor<2xf32>
  %r0 = linalg.fill ins(%low : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.reduce ins(%x : tensor<2x8xf32>) outs(%r0 : tensor<2xf32>) dimensions = [1]
    (%in: f32, %acc: f32) {
      %m = arith.maxnumf %acc, %in : f32
      linalg.yield %m : f32
    }
  %b = linalg.broadcast ins(%max : tensor<2xf32>) outs(%e : tensor<2x8xf32>) dimensions = [1]
  %d = linalg.sub ins(%x, %b : tensor<2x8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %n = linalg.exp ins(%d : tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
  %sum = linalg.reduce { arith.addf } ins(%n : tensor<2x8xf32>) outs(%s0 : tensor<2xf32>) dimensions = [1]
  %bs = linalg.broadcast ins(%sum : tensor<2xf32>) outs(%e : tensor<2x8xf32>) dimensions = [1]
  %y = linalg.div ins(%n, %bs : tensor<2x8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Fused by hand: exp(x) inside the sum, once more in the quotient, as a product with the reciprocal; no maximum.
// CHECK-LABEL: func @fused
func.func @fused(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: pum.nonlinear softmax(%{{.*}}) dimensions [1]
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %r = tensor.empty() : tensor<2x1xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2x1xf32>) -> tensor<2x1xf32>
  %sum = linalg.generic {indexing_maps = [#id, #keep], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x8xf32>) outs(%s0 : tensor<2x1xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = math.exp %in : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x1xf32>
  %y = linalg.generic {indexing_maps = [#id, #keep, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<2x8xf32>, tensor<2x1xf32>) outs(%e : tensor<2x8xf32>) {
  ^bb0(%in: f32, %s: f32, %out: f32):
    %0 = math.exp %in : f32
    %1 = arith.divf %one, %s : f32
    %2 = arith.mulf %1, %0 : f32
    linalg.yield %2 : f32
  } -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// The mask belongs to it, the scaling of the scores does not.
// CHECK-LABEL: func @additive_mask
func.func @additive_mask(%x: tensor<2x8xf32>, %m: tensor<8xf32>) -> tensor<2x8xf32> {
  // CHECK: %[[S:.*]] = linalg.generic
  // CHECK: arith.divf
  // CHECK: pum.nonlinear softmax(%[[S]], %arg1) dimensions [1] parameters {masked}
  %eight = arith.constant 8.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %scores = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.divf %in, %eight : f32
    linalg.yield %0 : f32
  } -> tensor<2x8xf32>
  %z = linalg.generic {indexing_maps = [#column, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %scores : tensor<8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) {
  ^bb0(%mask: f32, %in: f32, %out: f32):
    %0 = arith.addf %mask, %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x8xf32>
  %y = linalg.softmax dimension(1) ins(%z : tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x - (max + log(sum(exp(x - max))))
// CHECK-LABEL: func @log_softmax
func.func @log_softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: pum.nonlinear log_softmax(%{{.*}}) dimensions [1]
  // CHECK-NOT: linalg.generic{{.*}}linalg.generic
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %r = tensor.empty() : tensor<2xf32>
  %r0 = linalg.fill ins(%low : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<2x8xf32>) outs(%r0 : tensor<2xf32>) dimensions = [1]
  %sum = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %max : tensor<2x8xf32>, tensor<2xf32>) outs(%s0 : tensor<2xf32>) {
  ^bb0(%in: f32, %m: f32, %acc: f32):
    %0 = arith.subf %in, %m : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %acc : f32
    linalg.yield %2 : f32
  } -> tensor<2xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max, %sum : tensor<2x8xf32>, tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2x8xf32>) {
  ^bb0(%in: f32, %m: f32, %s: f32, %out: f32):
    %0 = math.log %s : f32
    %1 = arith.addf %m, %0 : f32
    %2 = arith.subf %in, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// The sum runs over another dimension than the maximum: no softmax of x.
// CHECK-LABEL: func @other_sum
func.func @other_sum(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK-NOT: softmax
  // CHECK: pum.nonlinear max_pool
  // CHECK: pum.nonlinear exp
  // CHECK: pum.nonlinear division
  // CHECK: return
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %r = tensor.empty() : tensor<8xf32>
  %r0 = linalg.fill ins(%low : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<8x8xf32>) outs(%r0 : tensor<8xf32>) dimensions = [1]
  %b = linalg.broadcast ins(%max : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %d = linalg.sub ins(%x, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %n = linalg.exp ins(%d : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %sum = linalg.reduce { arith.addf } ins(%n : tensor<8x8xf32>) outs(%s0 : tensor<8xf32>) dimensions = [0]
  %bs = linalg.broadcast ins(%sum : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %y = linalg.div ins(%n, %bs : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
