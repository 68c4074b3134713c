// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK-LABEL: func @passes
func.func @passes() {
  // CHECK: ap.search [3, 7, 12] key [false, true, true]
  ap.search [3, 7, 12] key [false, true, true]
  // CHECK: ap.write [3, 7] key [true, false]
  ap.write [3, 7] key [true, false]
  // CHECK: ap.move [0, 1, 2, 3] by -2
  ap.move [0, 1, 2, 3] by -2
  return
}

// CHECK-LABEL: func @layers
func.func @layers(%x: tensor<2x3xi8>, %i: tensor<1x2x4x4xi8>, %w: tensor<5x3xi8>, %f: tensor<4x1x3x3xi8>) {
  // CHECK: ap.mvm %{{.*}}, %{{.*}} {input_bits = 4 : i64, input_unsigned}
  %0 = ap.mvm %x, %w {input_unsigned, input_bits = 4 : i64} : (tensor<2x3xi8>, tensor<5x3xi8>) -> tensor<2x5xi32>
  // CHECK: ap.mvm %{{.*}}, %{{.*}} {codes = dense<{{.*}}> : tensor<5x2xi8>, input_bits = 4 : i64, thresholds = dense<1> : tensor<5x1xi64>}
  %c = ap.mvm %x, %w {input_bits = 4 : i64, thresholds = dense<1> : tensor<5x1xi64>, codes = dense<0> : tensor<5x2xi8>}
     : (tensor<2x3xi8>, tensor<5x3xi8>) -> tensor<2x5xi8>
  // CHECK: ap.conv_2d %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> groups 2
  %1 = ap.conv_2d %i, %f window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> groups 2
      {input_zero_point = -1 : i64, input_bits = 2 : i64}
      : (tensor<1x2x4x4xi8>, tensor<4x1x3x3xi8>) -> tensor<1x4x4x4xi64>
  // CHECK: ap.run %{{.*}} program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> -> tensor<2x5xi32>
  %2 = ap.run %x program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> -> tensor<2x5xi32>
  // CHECK: ap.run %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> {input_zero_point = 1 : i64}
  %3 = ap.run %i program dense<[80, 65]> : tensor<2xi8> window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> {input_zero_point = 1 : i64} : tensor<1x2x4x4xi8> -> tensor<1x4x4x4xi32>
  // CHECK: ap.run %{{.*}} with %{{.*}} program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> with tensor<2x3xi8> -> tensor<2x1xi8>
  %r = ap.run %x with %x program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> with tensor<2x3xi8> -> tensor<2x1xi8>
  // CHECK: ap.lookup %{{.*}} in dense<{{.*}}> : tensor<1x3xi8> by hamming : tensor<2x3xi8> -> tensor<2x1xi32>
  %4 = ap.lookup %x in dense<[[0, 1, 1]]> : tensor<1x3xi8> by hamming : tensor<2x3xi8> -> tensor<2x1xi32>
  return
}

// CHECK: ap.program for "fc" attributes {columns = 24 : i64}
ap.program for "fc" attributes {columns = 24 : i64} {
  // CHECK: ap.output_block attributes {first_output = 0 : i64}
  ap.output_block attributes {first_output = 0 : i64} {
    // CHECK: ap.channel_block attributes {channels = 8 : i64}
    ap.channel_block attributes {channels = 8 : i64} {
      // CHECK: ap.bundle {
      ap.bundle {
        // CHECK: ap.serial add d = <column = 9, domain = 0, width = 7, is_signed = true> a = <column = 0, domain = 4, width = 4, cell = true> biased carry 40 steps 7
        ap.serial add d = #ap.value<column = 9, domain = 0, width = 7, is_signed = true>
          a = #ap.value<column = 0, domain = 4, width = 4, cell = true> biased carry 40 steps 7
      }
    }
    // CHECK: ap.epilogue {
    ap.epilogue {
      // CHECK: ap.serial less a = <column = 9, domain = 0, width = 7, is_signed = true> than -3 carry 4 steps 7
      ap.serial less a = #ap.value<column = 9, domain = 0, width = 7, is_signed = true> than -3 carry 4 steps 7
    }
  }
}

// CHECK-LABEL: func @maps
func.func @maps(%x: tensor<1x2x4x4xi8>) {
  // CHECK: ap.max_pool_2d %{{.*}} window <kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding = [1, 1, 1, 1]> {input_bits = 4 : i64, padding_code = -8 : i64}
  %0 = ap.max_pool_2d %x window <kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding = [1, 1, 1, 1]> {input_bits = 4 : i64, padding_code = -8 : i64}
     : tensor<1x2x4x4xi8> -> tensor<1x2x3x3xi8>
  // CHECK: ap.weighted_sum %{{.*}}, %{{.*}} by [3, -1] {codes = dense<0> : tensor<2x2xi8>, input_bits = 4 : i64, thresholds = dense<1> : tensor<2x1xi64>} : tensor<1x2x4x4xi8>
  %1 = ap.weighted_sum %x, %x by [3, -1] {input_bits = 4 : i64, thresholds = dense<1> : tensor<2x1xi64>, codes = dense<0> : tensor<2x2xi8>}
     : tensor<1x2x4x4xi8>
  return
}
