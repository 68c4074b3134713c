// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --crossbar-to-pum --pum-to-simulator -o %t.mlir
// RUN: %npy write %t.q.npy "np.random.default_rng(1).integers(0, 2, (3, 8)).astype(np.int8)"
// RUN: pumice-sim %t.mlir --input %t.q.npy --output %t.d.npy --output %t.n.npy --report %t.json
// RUN: %python %s.py %t.q.npy %t.d.npy %t.n.npy
// RUN: FileCheck %s < %t.json
//
// The nearest of four stored words to each query: processors count differing bits in all rows at once, the digital
// unit takes the least count.

// CHECK-DAG: "ap_passes": {{[1-9]}}
// CHECK-DAG: "kind": "lookup"

func.func @main(%q: tensor<3x8xi8>) -> (tensor<3x4xi32>, tensor<3xi32>) {
  %d = ap.lookup %q in dense<[[0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0],
      [0, 1, 0, 1, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<4x8xi8> by hamming
      : tensor<3x8xi8> -> tensor<3x4xi32>
  %most = arith.constant 2147483647 : i32
  %zero = arith.constant 0 : i32
  %e0 = tensor.empty() : tensor<3xi32>
  %e1 = tensor.empty() : tensor<3xi32>
  %least = linalg.fill ins(%most : i32) outs(%e0 : tensor<3xi32>) -> tensor<3xi32>
  %first = linalg.fill ins(%zero : i32) outs(%e1 : tensor<3xi32>) -> tensor<3xi32>
  %n:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%d : tensor<3x4xi32>) outs(%least, %first : tensor<3xi32>, tensor<3xi32>) {
  ^bb0(%count: i32, %best: i32, %at: i32):
    %j = linalg.index 1 : index
    %row = arith.index_cast %j : index to i32
    %less = arith.cmpi slt, %count, %best : i32
    %0 = arith.select %less, %count, %best : i32
    %1 = arith.select %less, %row, %at : i32
    linalg.yield %0, %1 : i32, i32
  } -> (tensor<3xi32>, tensor<3xi32>)
  return %d, %n#1 : tensor<3x4xi32>, tensor<3xi32>
}
