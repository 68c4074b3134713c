// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --canonicalize | FileCheck %s

// The region does not read %m, and nothing reads the second result.
// CHECK-LABEL: func @dead_operand_and_result
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %{{.*}}: tensor<4xf32>, %[[S:.*]]: tensor<4xf32>
func.func @dead_operand_and_result(%x: tensor<4xf32>, %m: tensor<4xf32>, %s: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[Y:.*]]:2 = pum.nonlinear tanh(%[[X]], %[[S]]) parameters {scale = 2.000000e+00 : f64} method lut {note = "x"}
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>):
  // CHECK-NEXT: %[[T:.*]] = math.tanh %[[A]]
  // CHECK-NEXT: %[[P:.*]] = arith.mulf %[[T]], %[[B]]
  // CHECK-NEXT: pum.yield %[[P]], %[[T]]
  // CHECK: return %[[Y]]#0, %[[Y]]#1
  %y:3 = pum.nonlinear tanh(%x, %m, %s) parameters {scale = 2.0 : f64} method lut {note = "x"}
      : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    %1 = arith.mulf %0, %c : tensor<4xf32>
    %2 = math.absf %0 : tensor<4xf32>
    pum.yield %1, %2, %0 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#2 : tensor<4xf32>, tensor<4xf32>
}

// The first operand and the first result stay, read or not.
// CHECK-LABEL: func @first_stays
func.func @first_stays(%x: tensor<4xf32>, %m: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[Y:.*]]:2 = pum.nonlinear elementwise(%{{.*}}, %{{.*}}) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  // CHECK: return %[[Y]]#1
  %y:2 = pum.nonlinear elementwise(%x, %m) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = math.exp %b : tensor<4xf32>
    %1 = math.absf %b : tensor<4xf32>
    pum.yield %0, %1 : tensor<4xf32>, tensor<4xf32>
  }
  return %y#1 : tensor<4xf32>
}

// The region of the task does not read %m, and nothing reads the first result.
// CHECK-LABEL: func @dead_operand_and_result_of_task
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %{{.*}}: tensor<4xf32>, %[[T:.*]]: !pum.token
func.func @dead_operand_and_result_of_task(%x: tensor<4xf32>, %m: tensor<4xf32>, %t: !pum.token) -> (tensor<4xf32>, !pum.token) {
  // CHECK: %[[Y:.*]], %[[D:.*]] = pum.digital(%[[X]]) after(%[[T]]) {note = "x"} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<4xf32>):
  // CHECK-NEXT: %[[E:.*]] = math.exp %[[A]]
  // CHECK-NEXT: pum.yield %[[E]]
  // CHECK: return %[[Y]], %[[D]]
  %y:2, %d = pum.digital (%m, %x) after(%t) {note = "x"} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = math.tanh %b : tensor<4xf32>
    %1 = math.exp %b : tensor<4xf32>
    pum.yield %0, %1 : tensor<4xf32>, tensor<4xf32>
  }
  return %y#1, %d : tensor<4xf32>, !pum.token
}

// A task that is there for its token keeps its result.
// CHECK-LABEL: func @token_of_task
// CHECK: pum.digital(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>
func.func @token_of_task(%x: tensor<4xf32>) -> !pum.token {
  %y, %d = pum.digital (%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %d : !pum.token
}
