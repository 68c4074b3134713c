// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac | FileCheck %s --check-prefix=ISAAC
// RUN: pumice-opt %s --pum-attach-device=device=isaac --pum-attach-device | FileCheck %s --check-prefix=ISAAC
// RUN: pumice-opt %s --pum-attach-device=device=isaac --pum-attach-device=device=ideal | FileCheck %s --check-prefix=IDEAL
// RUN: pumice-opt %s --pum-attach-device=device=%presets/ideal.mlir | FileCheck %s --check-prefix=IDEAL
// RUN: not pumice-opt %s --pum-attach-device 2>&1 | FileCheck %s --check-prefix=NONE

// A name or a path sets the device, and replaces one; without a name the module keeps its own.
// ISAAC: #device = #pum.device<name = "isaac",
// ISAAC: module attributes {pum.device = #device}
// IDEAL: #device = #pum.device<name = "ideal",
// IDEAL: module attributes {pum.device = #device}
// NONE: error: names no device: expected the attribute pum.device (pum-attach-device{device=NAME} sets it)
// NONE-NOT: Stack dump
func.func @f() {
  return
}
