// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK: crossbar.neon_net @half input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4> output <bits = 8, low = -0.5, high = 0.5>
// CHECK-SAME: weight_bits 16
// CHECK-SAME: layers [#crossbar.net_layer<weights = dense<[{{\[}}32767], [-32767]]> : tensor<2x1xi16>, scales = dense<[2.400000e-07, 1.000000e-07]> : tensor<2xf32>, biases = dense<[-1.000000e+00, 5.000000e-01]> : tensor<2xf32>>,
// CHECK-SAME: #crossbar.net_layer<weights = dense<{{\[\[}}32767, 12]]> : tensor<1x2xi16>, scales = dense<6.000000e-10> : tensor<1xf32>, biases = dense<0.000000e+00> : tensor<1xf32>>]
// CHECK-SAME: below <slope = 0, offset = -0.5> above <slope = 0.5, offset = 0>
// CHECK-SAME: errors {max_abs = 1.000000e-03 : f64} fit {kind = "elementwise"}
crossbar.neon_net @half input <bits = 8, low = -1, high = 1>
  hidden <bits = 16, range = 4> output <bits = 8, low = -0.5, high = 0.5>
  weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<[[32767], [-32767]]> : tensor<2x1xi16>, scales = dense<[2.4e-07, 1.0e-07]> : tensor<2xf32>, biases = dense<[-1.0, 0.5]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<[[32767, 12]]> : tensor<1x2xi16>, scales = dense<6.0e-10> : tensor<1xf32>, biases = dense<0.0> : tensor<1xf32>>]
  below <slope = 0, offset = -0.5> above <slope = 0.5, offset = 0>
  errors {max_abs = 1.0e-3 : f64} fit {kind = "elementwise"}

// CHECK: crossbar.table @ramp input <bits = 2, low = 1, high = 4> output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
// CHECK-SAME: reduction <base = 4, shift = -1, offset = 0.5, odd = true, zero = 1.0e+10>
crossbar.table @ramp input <bits = 2, low = 1, high = 4>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
  reduction <base = 4, shift = -1, offset = 0.5, odd = true, zero = 1.0e10>

// CHECK-LABEL: func @apply
// CHECK-SAME: (%[[X:.*]]: tensor<8x64xf32>
func.func @apply(%x: tensor<8x64xf32>, %a: !crossbar.grid<4x2x4xi16, ui8>, %b: !crossbar.grid<4x4x2xi16, si16>,
                 %t: !crossbar.grid<3x2x2xi2, ui1>) -> tensor<8x64xf32> {
  // CHECK: crossbar.apply @half(%[[X]]) copies 16 : tensor<8x64xf32>
  %0 = crossbar.apply @half(%x) copies 16 : tensor<8x64xf32>
  // CHECK: crossbar.apply @half(%{{.*}}) on(%{{.*}}, %{{.*}} : !crossbar.grid<4x2x4xi16, ui8>, !crossbar.grid<4x4x2xi16, si16>) copies 8 : tensor<8x64xf32>
  %1 = crossbar.apply @half(%0) on (%a, %b : !crossbar.grid<4x2x4xi16, ui8>, !crossbar.grid<4x4x2xi16, si16>) copies 8 : tensor<8x64xf32>
  // CHECK: crossbar.apply @ramp(%{{.*}}) on(%{{.*}} : !crossbar.grid<3x2x2xi2, ui1>) copies 3
  %2 = crossbar.apply @ramp(%1) on (%t : !crossbar.grid<3x2x2xi2, ui1>) copies 3 : tensor<8x64xf32>
  return %2 : tensor<8x64xf32>
}

// Attributes on their own.
// CHECK: func @attributes
// CHECK-DAG: #crossbar.format<bits = 16, low = -12, high = 0>
// CHECK-DAG: #crossbar.line<slope = 1, offset = 0>
// CHECK-DAG: #crossbar.reduction<base = 2, shift = 0, offset = 0.6931471805599453>
// CHECK-DAG: #crossbar.tanh<bits = 12, range = 8>
func.func @attributes() attributes {
  a = #crossbar.format<bits = 16, low = -12, high = 0>, b = #crossbar.line<slope = 1, offset = 0>,
  c = #crossbar.reduction<base = 2, shift = 0, offset = 0.6931471805599453>,
  d = #crossbar.tanh<bits = 12, range = 8>} {
  return
}
