// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// Waits for a fix: an empty list of types does not parse.
// XFAIL: *

// CHECK-LABEL: func @digital_without_inputs
func.func @digital_without_inputs() {
  // CHECK: %[[Y:.*]] = simulator.buffer
  %y = simulator.buffer : memref<2xi8, #simulator.memory<buffer>>
  // CHECK: simulator.digital @constant() to(%[[Y]]) : () to(memref<2xi8, #simulator.memory<buffer>>)
  %t = simulator.digital @constant () to (%y) : () to (memref<2xi8, #simulator.memory<buffer>>)
  return
}
func.func private @constant() -> tensor<2xi8> {
  %0 = arith.constant dense<[1, 2]> : tensor<2xi8>
  return %0 : tensor<2xi8>
}
