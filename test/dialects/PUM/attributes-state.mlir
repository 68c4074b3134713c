// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK-LABEL: func private @calibration
// CHECK-SAME: a = #pum.calibration<scale = 0.25, zero_point = 3, low = 0.5, high = 0.01>
func.func private @calibration() attributes {a = #pum.calibration<scale = 0.25, zero_point = 3, low = 0.5, high = 0.01>}

// CHECK-LABEL: func private @state
// CHECK-SAME: pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = 1, current = dense<3> : tensor<2xi64>>
func.func private @state(%n: tensor<2xi64> {pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = 1,
    current = dense<3> : tensor<2xi64>>}) -> (tensor<4xf32>, tensor<2xi64>)

// CHECK-LABEL: func private @state_in_memory
// CHECK-SAME: pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = 0>
func.func private @state_in_memory(memref<2xi64> {pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>,
    result = 0>}) -> memref<2xi64>
