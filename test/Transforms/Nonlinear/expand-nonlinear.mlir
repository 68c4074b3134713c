// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --expand-nonlinear -split-input-file -verify-diagnostics --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// The ops of the region, under their own names; the kind is metadata of their places.
// CHECK-LABEL: func @digital
func.func @digital(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[Y:.*]] = math.tanh %{{.*}} : tensor<4xf32> loc(fused<#pum<nonlinear_kind mish>>["layer"("node")])
  // CHECK-NEXT: return %[[Y]], %{{.*}} : tensor<4xf32>, tensor<4xf32>
  %y:2 = pum.nonlinear mish(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32> loc("layer"("node"))
    pum.yield %0, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @neon(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be expanded: method neon is not digital (pum-fit-nets)}}
  %y = pum.nonlinear tanh(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @lut(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be expanded: method lut is not digital (pum-fit-nets)}}
  %y = pum.nonlinear tanh(%x) method lut : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
