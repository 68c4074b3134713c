// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions --crossbar-to-pum --pum-to-simulator -o %t.mlir
// RUN: %npy write %t.x.npy "np.concatenate([np.linspace(-2, 2, 4096), [np.inf, -np.inf, np.nan, 0, -0.0, 1e-40]]).astype(np.float32)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --output %t.net.npy --output %t.table.npy --output %t.root.npy --report %t.json
// RUN: %python %s.py %s %t.x.npy %t.net.npy %t.table.npy %t.root.npy
// RUN: FileCheck %s < %t.json
// RUN: pumice-sim %t.mlir --estimate --report %t.e.json
// RUN: FileCheck %s --check-prefix=ESTIMATE < %t.e.json
//
// Nets and tables, with lines and range reduction, against NumPy (apply.mlir.py).

// CHECK: "functions": [
// CHECK: "method": "neon",
// CHECK-NEXT: "name": "net",
// CHECK-NEXT: "outside": 2051
// CHECK-DAG: "kind": "apply"
// ESTIMATE-NOT: "functions"

crossbar.neon_net @net input <bits = 10, low = -1, high = 1> hidden <bits = 14, range = 4>
  output <bits = 12, low = -0.9, high = 0.9> weight_bits 12 layers [
    #crossbar.net_layer<weights = dense<[[2047], [-2047], [1500]]> : tensor<3x1xi16>, scales = dense<[1.0e-06, 3.0e-06, 2.5e-06]> : tensor<3xf32>, biases = dense<[-1.0, 3.0, 0.25]> : tensor<3xf32>>,
    #crossbar.net_layer<weights = dense<[[2047, -1201, 77]]> : tensor<1x3xi16>, scales = dense<4.0e-08> : tensor<1xf32>, biases = dense<0.125> : tensor<1xf32>>]
  below <slope = 0, offset = -0.5> above <slope = 0.75, offset = 0.125>

crossbar.table @table input <bits = 3, low = -0.5, high = 0.5>
  output <bits = 10, low = 0, high = 2> values dense<[0, 1, 20, 300, 1023, 5, 6, 7]> : tensor<8xi16>

crossbar.table @root input <bits = 4, low = 1, high = 4>
  output <bits = 8, low = 0.5, high = 1> values dense<[255, 230, 210, 190, 170, 150, 130, 120, 110, 100, 80, 60, 40, 20, 10, 0]> : tensor<16xi16>
  reduction <base = 4, shift = -1, zero = 3.0e+38>

func.func @main(%x: tensor<4102xf32>) -> (tensor<4102xf32>, tensor<4102xf32>, tensor<4102xf32>) {
  %0 = crossbar.apply @net(%x) copies 16 : tensor<4102xf32>
  %1 = crossbar.apply @table(%x) copies 1 : tensor<4102xf32>
  %2 = crossbar.apply @root(%x) copies 2 : tensor<4102xf32>
  return %0, %1, %2 : tensor<4102xf32>, tensor<4102xf32>, tensor<4102xf32>
}
