// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear --debug-only=raise-nonlinear -o %t.mlir 2>&1 | FileCheck %s
// RUN: pumice-opt %t.mlir --expand-nonlinear --debug-only=expand-nonlinear -o %t.once.mlir 2>&1 | FileCheck %s --check-prefix=EXPAND
//
// Debug output goes to stderr, with the flag of the pass before each line.
// CHECK: [raise-nonlinear] {{.*}}tanh of 1 ops at
// EXPAND: [expand-nonlinear] {{.*}}expands tanh at
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
