// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: sed -e s/weight_bits.=.16/weight_bits=8/ -e s/input_bits.=.16/input_bits=8/ %presets/isaac.mlir > %t/narrow.mlir
// RUN: pumice-opt %t/wide.mlir --pum-attach-device=device=%t/narrow.mlir --crossbar-tile-to-arrays -split-input-file -verify-diagnostics
// RUN: pumice-opt %t/sums.mlir --pum-attach-device=device=ideal --crossbar-tile-to-arrays
// RUN: not pumice-opt %t/sums.mlir --pum-attach-device=device=isaac --crossbar-tile-to-arrays 2>&1 | FileCheck %t/sums.mlir
// RUN: sed -e 's/mode = clip/mode = full_scale/' %presets/isaac.mlir > %t/scaled.mlir
// RUN: not pumice-opt %t/codes.mlir --pum-attach-device=device=%t/scaled.mlir --crossbar-tile-to-arrays 2>&1 | FileCheck %t/codes.mlir
// RUN: sed -e 's/mode = clip/mode = calibrated/' %presets/isaac.mlir > %t/calibrated.mlir
// RUN: not pumice-opt %t/codes.mlir --pum-attach-device=device=%t/calibrated.mlir --crossbar-tile-to-arrays 2>&1 | FileCheck %t/codes.mlir
// RUN: sed -e 's/mode = clip/mode = lossless/' -e 's/encoding = offset/encoding = offset, analog = <read_noise = 1>/' %presets/isaac.mlir > %t/noisy.mlir
// RUN: not pumice-opt %t/codes.mlir --pum-attach-device=device=%t/noisy.mlir --crossbar-tile-to-arrays 2>&1 | FileCheck %t/codes.mlir --check-prefix=NOISY
// RUN: pumice-opt %t/codes.mlir --pum-attach-device=device=isaac --crossbar-tile-to-arrays
// RUN: echo "module attributes {pum.device = " > %t/named.mlir
// RUN: sed -e 's,//.*,,' -e 's/encoding = offset/encoding = offset, analog = <cells = <file = "a.csv">>/' %presets/isaac.mlir >> %t/named.mlir
// RUN: cat %t/body.mlir >> %t/named.mlir
// RUN: not pumice-opt %t/named.mlir --crossbar-tile-to-arrays 2>&1 | FileCheck %t/body.mlir
// RUN: pumice-opt %t/no-device.mlir --crossbar-tile-to-arrays -verify-diagnostics

//--- wide.mlir
func.func @weights_too_wide(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<1> : tensor<3x8xi16>
  // expected-error @below {{'crossbar.mvm' op cannot be tiled: expected weight_bits of at most 8 (weight_bits of the array), got 16}}
  %0 = crossbar.mvm %x, %w : (tensor<4x8xi8>, tensor<3x8xi16>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}

// -----

func.func @codes_too_wide(%x: tensor<4x8xi16>) -> tensor<4x3xi32> {
  %w = arith.constant dense<1> : tensor<3x8xi8>
  // expected-error @below {{'crossbar.mvm' op cannot be tiled: expected input_bits of at most 8 (input_bits of the array), got 16}}
  %0 = crossbar.mvm %x, %w : (tensor<4x8xi16>, tensor<3x8xi8>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}

//--- body.mlir
} {
// Only reading a device file puts the rows of tables in the place of their names.
// CHECK: 'crossbar.mvm' op cannot be tiled: expected the rows of table 'a.csv', got its name (reading a device file puts them in its place)
func.func @table_that_was_not_read(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<1> : tensor<3x8xi8>
  %0 = crossbar.mvm %x, %w : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}
}

//--- sums.mlir
// Exact sums fit; what saturating converters make of the same products need not.
// CHECK: 'crossbar.mvm' op cannot be tiled: expected accumulators of at least 33 bits for 100000 products of 8-bit inputs and 8-bit weights, got 32
func.func @clipped_sums(%x: tensor<1x100000xi8>) -> tensor<1x1xi32> {
  %w = arith.constant dense<1> : tensor<1x100000xi8>
  %0 = crossbar.mvm %x, %w : (tensor<1x100000xi8>, tensor<1x100000xi8>) -> tensor<1x1xi32>
  return %0 : tensor<1x1xi32>
}

//--- codes.mlir
// Every conversion may be anywhere in its range: up to 384 levels, with lossless converters and noise twice that, of either sign.
// CHECK: expected accumulators of at least 33 bits for 40000 products of 8-bit inputs and 8-bit weights, got 32
// NOISY: expected accumulators of at least 34 bits for 40000 products of 8-bit inputs and 8-bit weights, got 32
func.func @codes(%x: tensor<1x40000xi8>) -> tensor<1x1xi32> {
  %w = arith.constant dense<1> : tensor<1x40000xi8>
  %0 = crossbar.mvm %x, %w {input_unsigned} : (tensor<1x40000xi8>, tensor<1x40000xi8>) -> tensor<1x1xi32>
  return %0 : tensor<1x1xi32>
}

//--- no-device.mlir
// expected-error @below {{names no device: expected the attribute pum.device (pum-attach-device{device=NAME} sets it)}}
module {
  func.func @f() {
    return
  }
}
