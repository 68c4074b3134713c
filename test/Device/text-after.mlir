// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: cp %presets/isaac.mlir %t.mlir
// RUN: echo "#pum.placement<"arrays", 0, 1>" >> %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s
// CHECK: error: device file '{{.*}}.mlir': expected nothing after the device
func.func @f() {
  return
}
