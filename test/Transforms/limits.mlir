// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --verify-limits -split-input-file -verify-diagnostics
// RUN: pumice-opt %s --raise-quantized-ops -split-input-file -verify-diagnostics
//
// Sizes and offsets that arithmetic cannot hold, before any pass sees them.

func.func @literal_dynamic_pad(%x: tensor<1x5xf32>) -> tensor<1x7xf32> {
  %z = arith.constant 0.0 : f32
  // expected-error @below {{expected 1 dynamic offsets, sizes or paddings, got 0}}
  %p = tensor.pad %x low[-9223372036854775808, 1] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<1x5xf32> to tensor<1x7xf32>
  return %p : tensor<1x7xf32>
}

// -----

func.func @huge_pad(%x: tensor<5xf32>) -> tensor<7xf32> {
  %z = arith.constant 0.0 : f32
  // expected-error @below {{expected numbers of less than 2^50 in 'static_high', got -9223372036854775805}}
  %p = tensor.pad %x low[9223372036854775807] high[-9223372036854775805] {
  ^bb0(%i: index):
    tensor.yield %z : f32
  } : tensor<5xf32> to tensor<7xf32>
  return %p : tensor<7xf32>
}

// -----

func.func @huge_stride(%x: tensor<1x2x5x5xf32>, %w: tensor<3x3xf32>, %o: tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32> {
  // expected-error @below {{expected numbers of less than 2^50 in 'strides', got 9223372036854775807}}
  %y = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<9223372036854775807> : vector<2xi64>}
      ins(%x, %w : tensor<1x2x5x5xf32>, tensor<3x3xf32>) outs(%o : tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  return %y : tensor<1x2x1x1xf32>
}

// -----

// expected-error @below {{expected tensors of fewer than 2^50 bytes, got 'tensor<4611686018427387904xf32>'}}
func.func @huge_tensor(%x: tensor<4611686018427387904xf32>) {
  return
}

// -----

func.func @operand_offset(%x: tensor<4xf32>) -> tensor<1xf32> {
  %a = arith.constant 9223372036854775807 : index
  %b = arith.constant 1 : index
  %c = arith.addi %a, %b : index
  // expected-error @below {{expected offsets, sizes, strides and paddings of less than 2^50, got -9223372036854775808}}
  %y = tensor.extract_slice %x[%c] [1] [1] : tensor<4xf32> to tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

func.func @negative_size(%x: tensor<?xf32>) -> tensor<?x2xf32> {
  %c = arith.constant -1 : index
  // expected-error @below {{expected sizes that are not negative, got -1}}
  %y = tensor.expand_shape %x [[0, 1]] output_shape [%c, 2] : tensor<?xf32> into tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @sizes_that_overflow(%x: tensor<?xf32>) -> tensor<?x?xf32> {
  %c = arith.constant 1125899906842623 : index
  // expected-error @below {{expected fewer than 2^50 elements}}
  %y = tensor.expand_shape %x [[0, 1]] output_shape [%c, %c] : tensor<?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// A bound that becomes a constant later may be -2^63, which stands for a dynamic one.
func.func @bound_of_forall(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  // expected-error @below {{'scf.forall' op expected constant bounds and steps}}
  %y = scf.forall (%i) in (%n) shared_outs(%s = %x) -> tensor<4xf32> {
    %v = tensor.extract_slice %s[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %s[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %y : tensor<4xf32>
}

// -----

// Constants are taken.
func.func @constant_bound_of_forall(%x: tensor<4xf32>) -> tensor<4xf32> {
  %n = arith.constant 4 : index
  %y = scf.forall (%i) in (%n) shared_outs(%s = %x) -> tensor<4xf32> {
    %v = tensor.extract_slice %s[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %s[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %y : tensor<4xf32>
}
