// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --verify-linalg-contract -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @accepted
func.func @accepted(%x: tensor<4xf32>, %n: i64) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.cmpf oge, %in, %in : f32
    cf.assert %c, "a number"
    linalg.yield %in : f32
  } -> tensor<4xf32>
  return %z : tensor<4xf32>
}
// A symbol that is no function.
memref.global "private" constant @table : memref<4xf32> = dense<1.0>
func.func private @helper(%x: tensor<2xi8>) -> tensor<2xi8> {
  return %x : tensor<2xi8>
}

// -----

func.func @dynamic_shape(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{expected tensors of static shape, got 'tensor<?xf32>'}}
  %y = math.tanh %x : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @complex_numbers() {
  // expected-error @below {{expected numbers or tensors of numbers, got 'complex<f32>'}}
  %y = arith.constant dense<(1.0, 0.0)> : tensor<2xcomplex<f32>>
  return
}

// -----

func.func @entry(%x: memref<4xf32>) {
  %c = arith.constant 0 : index
  // expected-error @below {{unsupported op 'memref.load'}}
  %y = memref.load %x[%c] : memref<4xf32>
  return
}

// -----

func.func @assert_outside_linalg(%c: i1) {
  // expected-error @below {{unsupported op 'cf.assert'}}
  cf.assert %c, "true"
  return
}

// -----

module {
  func.func @entry() {
    return
  }
  // expected-error @below {{unsupported op 'arith.constant' at the level of functions}}
  %c = arith.constant 1 : i32
}

// -----

module {
  func.func @entry() {
    return
  }
  // expected-error @below {{unsupported op 'builtin.module' at the level of functions}}
  module @inner {
  }
}

// -----

// expected-error @below {{expected a function of one block}}
func.func private @declaration(tensor<4xf32>)

// -----

// expected-error @below {{expected a function of one block}}
func.func @two_blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{expected one public function, got 2}}
module {
  // expected-note @below {{a public function}}
  func.func @first() {
    return
  }
  // expected-note @below {{a public function}}
  func.func @second() {
    return
  }
}

// -----

// expected-error @below {{expected one public function, got 0}}
module {
}
