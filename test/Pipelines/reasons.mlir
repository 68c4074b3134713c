// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --linalg-to-quantized --quantized-to-crossbar=device=isaac 2>/dev/null | FileCheck %s --check-prefix=L2
// RUN: pumice-opt %s --linalg-to-quantized --quantized-to-crossbar=device=isaac --crossbar-to-pum 2>/dev/null | FileCheck %s --check-prefix=L3
// RUN: pumice-opt %s --linalg-to-simulator=device=isaac -o %t.mlir 2>/dev/null
// RUN: FileCheck %s --check-prefix=L4 < %t.mlir
// RUN: pumice-sim %t.mlir --estimate --report - | FileCheck %s --check-prefix=JSON
//
// Why a product is on the digital unit: on the op, then on its task, then in the report. What a task
// computes is free of it, so that equal regions share code.

// L2-LABEL: func @main
// L2: linalg.matmul {pum.reason = "its input is not quantized", pum.target = #pum.target<digital>}
// L2: linalg.matmul {pum.reason = "its operands are not quantized", pum.target = #pum.target<digital>}
// L2: linalg.matvec {pum.reason = "crossbars have no 'matvec'", pum.target = #pum.target<digital>}

// L3-LABEL: func @main
// L3: pum.digital({{.*}}) {pum.reason = "its input is not quantized"}
// L3: linalg.matmul ins
// L3: pum.digital({{.*}}) {pum.reason = "its operands are not quantized"}
// L3: linalg.matmul ins
// L3: pum.digital({{.*}}) {pum.reason = "crossbars have no 'matvec'"}
// L3: linalg.matvec ins

// L4-LABEL: func @main
// L4: simulator.digital @{{.*}} {pum.reason = "its input is not quantized"}
// L4: simulator.digital @{{.*}} {pum.reason = "its operands are not quantized"}
// L4: simulator.digital @{{.*}} {pum.reason = "crossbars have no 'matvec'"}
// L4-NOT: pum.reason

// JSON-COUNT-3: "reason": "
// JSON: "layers": [
// JSON: "reasons": [{{$}}
// JSON-NEXT: "its input is not quantized"
// JSON: "reasons": [{{$}}
// JSON-NEXT: "its operands are not quantized"
// JSON: "reasons": [{{$}}
// JSON-NEXT: "crossbars have no 'matvec'"
func.func @main(%x: tensor<4x8xf32>, %v: tensor<5xf32>) -> tensor<4xf32> {
  %codes = arith.constant dense<5> : tensor<8x8xi8>
  %scale = arith.constant 5.000000e-01 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%codes : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %f = arith.sitofp %in : i8 to f32
    %m = arith.mulf %f, %scale : f32
    linalg.yield %m : f32
  } -> tensor<8x8xf32>
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<4x8xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %floats = arith.constant dense<1.5> : tensor<8x5xf32>
  %e1 = tensor.empty() : tensor<4x5xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x5xf32>) -> tensor<4x5xf32>
  %1 = linalg.matmul ins(%0, %floats : tensor<4x8xf32>, tensor<8x5xf32>) outs(%f1 : tensor<4x5xf32>) -> tensor<4x5xf32>
  %e2 = tensor.empty() : tensor<4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.matvec ins(%1, %v : tensor<4x5xf32>, tensor<5xf32>) outs(%f2 : tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
