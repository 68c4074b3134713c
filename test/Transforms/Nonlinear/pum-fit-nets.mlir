// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: rm -rf %t && mkdir %t
// RUN: pumice-opt %s "--pum-fit-nets=input-bits=10 output-bits=10 hidden-bits=12 cache=%t threads=1" -mlir-pass-statistics 2>%t.first | FileCheck %s
// RUN: pumice-opt %s "--pum-fit-nets=input-bits=10 output-bits=10 hidden-bits=12 cache=%t threads=2" -mlir-pass-statistics 2>%t.second | FileCheck %s
// RUN: FileCheck %s --check-prefix=FIRST < %t.first
// RUN: FileCheck %s --check-prefix=SECOND < %t.second
// RUN: pumice-opt %s "--pum-fit-nets=input-bits=10 output-bits=10 hidden-bits=12 cache=%t threads=1" -o %t.a.mlir
// RUN: pumice-opt %s "--pum-fit-nets=input-bits=10 output-bits=10 hidden-bits=12 cache=none threads=2" -o %t.b.mlir
// RUN: diff %t.a.mlir %t.b.mlir

// One net of each function, for both sites.
// FIRST-DAG: (S) 3 applied
// FIRST-DAG: (S) 0 cached
// FIRST-DAG: (S) 2 fitted
// SECOND-DAG: (S) 3 applied
// SECOND-DAG: (S) 2 cached
// SECOND-DAG: (S) 0 fitted

// CHECK-DAG: crossbar.neon_net @neon_[[EXP:[0-9a-f]+]] input <bits = 10, {{.*}} high = 0> {{.*}}below <slope = 0, offset = 0> {{.*}} fit {{.*}}kind = "exp"
// CHECK-DAG: crossbar.neon_net @neon_[[ROOT:[0-9a-f]+]] input <bits = 10, low = 1, high = 4> {{.*}}reduction <base = 4, shift = -1, zero = {{.*}}> {{.*}}kind = "rsqrt"
// CHECK-LABEL: func @main
// CHECK: %[[A:.*]] = crossbar.apply @neon_[[EXP]](%{{.*}}) copies 16 : tensor<4xf32>
// CHECK: %[[B:.*]] = crossbar.apply @neon_[[EXP]](%[[A]]) copies 16
// CHECK: %[[C:.*]] = crossbar.apply @neon_[[ROOT]](%[[B]]) copies 16
// CHECK: pum.nonlinear exp(%[[C]]) :
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = pum.nonlinear exp(%x) domain [-12.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  // Rounded outwards, the domain is the same.
  %b = pum.nonlinear exp(%a) domain [-11.5, -0.25] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %c = pum.nonlinear rsqrt(%b) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.rsqrt %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %d = pum.nonlinear exp(%c) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %d : tensor<4xf32>
}
