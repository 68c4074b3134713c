// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-raise-searches=targets=net.near=cams | FileCheck %s
// RUN: pumice-opt %s --quantized-to-crossbar="device=%S/../../Inputs/cam-device.mlir targets=net.near=cam" | FileCheck %s --check-prefix=MAPPED
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-raise-searches=targets=*=wide 2>&1 | FileCheck %s --check-prefix=LEFT
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-raise-searches=targets=net.near=wide 2>&1 | FileCheck %s --check-prefix=CANNOT
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --assign-targets=targets=net.near=cam 2>&1 | FileCheck %s --check-prefix=NAMES

// CHECK: ap.cam_search {{.*}} for distances {pum.target = #pum.target<cam in "cams">}
// MAPPED: ap.cam_search {{.*}} for distances mapping <part_bits = 8, parts = 2, row_blocks = 1, stacked = 1>
// LEFT: remark: is not a search of stored words: it cuts words of 9 cells into 3 parts of 4, but the periphery merges at most 1
// LEFT: pum.reason = "it is not a search of stored words: it cuts words of 9 cells into 3 parts of 4, but the periphery merges at most 1"
// CANNOT: error: cannot be assigned to cam as targets asks: it cuts words of 9 cells into 3 parts of 4, but the periphery merges at most 1
// NAMES: error: targets: 'net.near=cam' does not name a layer

#q = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j, k)>
#sum = affine_map<(i, j, k) -> (i, j)>

func.func @main(%x: tensor<2x9xi1>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense<[[true, false, true, true, true, false, true, true, false],
    [false, true, true, false, false, true, false, true, true]]> : tensor<2x9xi1>
  %e = tensor.empty() : tensor<2x2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x9xi1>, tensor<2x9xi1>) outs(%zeros : tensor<2x2xi32>) {
  ^bb0(%a: i1, %b: i1, %out: i32):
    %0 = arith.xori %a, %b : i1
    %1 = arith.extui %0 : i1 to i32
    %2 = arith.addi %1, %out : i32
    linalg.yield %2 : i32
  } -> tensor<2x2xi32> loc("net.near"("sum"("net.py":3:0)))
  return %d : tensor<2x2xi32>
}
