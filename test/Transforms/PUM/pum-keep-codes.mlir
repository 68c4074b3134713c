// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// DEFINE: %{tasks} = --pum-attach-device=device=rtm-ap --ap-compile-programs --convert-crossbar-to-pum
// DEFINE: %{placed} = --pum-allocate-arrays --verify-pum-scheduled
// RUN: pumice-opt %s -split-input-file %{tasks} --pum-keep-codes --pum-keep-codes %{placed} | FileCheck %s
// RUN: pumice-opt %s -split-input-file %{tasks} --pum-keep-codes %{placed} --convert-pum-to-simulator --verify-simulator-program | FileCheck %s --check-prefix=MACHINE
// RUN: pumice-opt %s -split-input-file %{tasks} --pum-keep-codes=objective=never | FileCheck %s --check-prefix=NEVER
// RUN: pumice-opt %s -split-input-file %{tasks} --pum-keep-codes=objective=latency --debug-only=pum-keep-codes 2>&1 | FileCheck %s --check-prefix=LATENCY
// RUN: pumice-opt %s -split-input-file %{tasks} --pum-keep-codes --debug-only=pum-keep-codes 2>&1 | FileCheck %s --check-prefix=WHY
// RUN: not pumice-opt %s -split-input-file %{tasks} --pum-keep-codes=objective=speed 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: expected an objective of energy, latency, energy-delay or never, got 'speed'
// NEVER-NOT: kept

// The second product reads from the processors of the first, on others.
// CHECK-LABEL: func @products
// CHECK: pum.compute(%{{.*}}) on <"processors", 0, 1> {pum.kept}
// CHECK: pum.compute(%{{.*}}) on <"processors", 1, 2>
// MACHINE-LABEL: func @products
// MACHINE: %[[C:.*]] = simulator.buffer : memref<8x4xi8, #simulator.memory<processors>>
// MACHINE: simulator.ap_exec %{{.*}}, %[[C]] on <"processors", 0, 1>
// MACHINE: simulator.ap_exec %[[C]], %{{.*}} on <"processors", 1, 2>
// WHY: stay, energy {{.*}} instead of
// LATENCY: stay, latency {{.*}} instead of
func.func @products(%x: tensor<8x3xi8>) -> tensor<8x2xi32> {
  %w = arith.constant dense<[[1, 0, -1], [1, 1, 0], [0, 1, 1], [-1, 0, 1]]> : tensor<4x3xi8>
  %v = arith.constant dense<[[1, 0, -1, 1], [1, 1, 0, 0]]> : tensor<2x4xi8>
  %c = ap.mvm %x, %w {input_bits = 2, input_unsigned,
    thresholds = dense<[[-1, 0, 1], [-1, 0, 1], [0, 1, 2], [-2, 0, 2]]> : tensor<4x3xi64>,
    codes = dense<[[0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 3], [1, 0, 3, 2]]> : tensor<4x4xi8>}
    : (tensor<8x3xi8>, tensor<4x3xi8>) -> tensor<8x4xi8>
  %y = ap.mvm %c, %v {input_bits = 2, input_unsigned} : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y : tensor<8x2xi32>
}

// -----

// A 3x3 convolution reads each value nine times; one whose results are read
// elsewhere cannot keep them.
// CHECK-LABEL: func @convolutions
// CHECK-NOT: kept
// MACHINE-LABEL: func @convolutions
// MACHINE-NOT: #simulator.memory<processors>
// WHY: leave processors: links would cost more energy: {{.*}} instead of
// WHY: leave processors: 'pum.store' reads them
func.func @convolutions(%x: tensor<1x1x9x9xi8>) -> tensor<1x2x5x5xi8> {
  %w = arith.constant dense<[[[[1, 0, -1], [1, 1, 0], [0, 0, 1]]], [[[1, 1, -1], [0, 1, 0], [0, 0, 1]]]]> : tensor<2x1x3x3xi8>
  %v = arith.constant dense<1> : tensor<2x2x3x3xi8>
  %c = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
    groups 1 {input_bits = 2, input_unsigned,
    thresholds = dense<[[0, 1, 2], [0, 1, 2]]> : tensor<2x3xi64>,
    codes = dense<[[0, 5, 10, 15], [0, 5, 10, 15]]> : tensor<2x4xi8>}
    : (tensor<1x1x9x9xi8>, tensor<2x1x3x3xi8>) -> tensor<1x2x7x7xi8>
  %y = ap.conv_2d %c, %v window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
    groups 1 {input_bits = 4, input_unsigned,
    thresholds = dense<[[0, 9, 20], [0, 9, 20]]> : tensor<2x3xi64>,
    codes = dense<[[0, 5, 10, 15], [0, 5, 10, 15]]> : tensor<2x4xi8>}
    : (tensor<1x2x7x7xi8>, tensor<2x2x3x3xi8>) -> tensor<1x2x5x5xi8>
  return %y : tensor<1x2x5x5xi8>
}
