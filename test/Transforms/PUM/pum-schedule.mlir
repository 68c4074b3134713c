// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=naive --pum-allocate-arrays --verify-pum-scheduled | FileCheck %s --check-prefixes=CHECK,NAIVE
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=naive --mlir-pass-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=STATISTICS
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=overlap --pum-allocate-arrays --verify-pum-scheduled | FileCheck %s --check-prefixes=CHECK,OVERLAP
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule --pum-schedule --verify-pum-scheduled --pum-to-simulator | FileCheck %s --check-prefix=SIM
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=strong --verify-pum-scheduled --pum-to-simulator | FileCheck %s --check-prefix=STRONG
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=algorithm=copies --verify-pum-scheduled --pum-to-simulator | FileCheck %s --check-prefix=COPIES
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule="algorithm=steady time-share=1 moves=50 seed=3" --verify-pum-scheduled --pum-to-simulator | FileCheck %s --check-prefix=STEADY
//
// The schedule that docs/scheduling.md explains: a and b with two arrays each,
// c with four, on four arrays.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!narrow = !crossbar.grid<1x8x8xi8, si8>
!wide = !crossbar.grid<1x8x16xi8, si8>

// CHECK: pum.schedule = {algorithm = "[[ALGORITHM:.*]]", arrays_of_one_copy = 8 : i64, arrays_resident = 0 : i64, arrays_written = 8 : i64, bound_ps = {{[0-9]+}} : i64, layers_in_parts = 0 : i64, time_ps = {{[0-9]+}} : i64}
// CHECK-LABEL: func @three_layers
func.func @three_layers(%arg: tensor<100x8xi8>) -> tensor<100x16xi32> {
  // CHECK: %[[WA:.*]] = arith.constant dense<1>
  // CHECK: %[[WC:.*]] = arith.constant dense<2>
  %w = arith.constant dense<1> : tensor<8x8xi8>
  %a, %ta = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !narrow
  %b, %tb = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !narrow
  %v = arith.constant dense<2> : tensor<16x8xi8>
  %c, %tc = pum.program %v setup array #array tiling <row_tiles = 1, column_tiles = 4, slices = 4,
      groups_per_array = 1, arrays = 4> : tensor<16x8xi8> -> !wide
  // CHECK-DAG: pum.load
  // CHECK-DAG: %[[A:.*]], %{{.*}} = pum.program %[[WA]] on <"arrays", 0, 2> array
  // CHECK-DAG: %[[B:.*]], %{{.*}} = pum.program %[[WA]] on <"arrays", 2, 4> array
  // CHECK: pum.compute(%{{.*}}, %[[A]])
  %x, %t0 = pum.load %arg : tensor<100x8xi8>
  %y, %t1 = pum.compute (%x, %a) : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32> {
  ^bb0(%i: tensor<100x8xi8>, %g: !narrow):
    %0 = crossbar.mvm %i, %g : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32>
    pum.yield %0 : tensor<100x8xi32>
  }
  // OVERLAP: %[[C1:.*]], %{{.*}} = pum.program %[[WC]] tiles [0, 2] on <"arrays", 0, 2> replacing(%[[A]] : {{.*}}) after(%{{.*}}) array
  // OVERLAP: pum.compute(%{{.*}}, %[[B]])
  // OVERLAP: %[[C2:.*]], %{{.*}} = pum.program %[[WC]] tiles [2, 2] on <"arrays", 2, 4> replacing(%[[B]] : {{.*}}) after(%{{.*}}) array
  // OVERLAP: pum.compute(%{{.*}}, %[[C1]], %[[C2]])
  // OVERLAP-NEXT: ^bb0(%{{.*}}: tensor<100x8xi8>, %[[G1:.*]]: !crossbar.grid<1x8x16xi8, si8>, %[[G2:.*]]: !crossbar.grid<1x8x16xi8, si8>)
  // OVERLAP-NEXT: %[[JOINED:.*]] = crossbar.join %[[G1]], %[[G2]] : !crossbar.grid<1x8x16xi8, si8>
  // OVERLAP-NEXT: crossbar.mvm %{{.*}}, %[[JOINED]]
  // NAIVE: pum.compute(%{{.*}}, %[[B]])
  // NAIVE: %[[C:.*]], %{{.*}} = pum.program %[[WC]] on <"arrays", 0, 4> replacing(%[[A]], %[[B]] : {{.*}}) after(%{{.*}}) array
  // NAIVE: pum.compute(%{{.*}}, %[[C]])
  %q, %t2 = pum.digital (%y) : (tensor<100x8xi32>) -> tensor<100x8xi8> {
  ^bb0(%i: tensor<100x8xi32>):
    %0 = arith.trunci %i : tensor<100x8xi32> to tensor<100x8xi8>
    pum.yield %0 : tensor<100x8xi8>
  }
  %z, %t3 = pum.compute (%q, %b) : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32> {
  ^bb0(%i: tensor<100x8xi8>, %g: !narrow):
    %0 = crossbar.mvm %i, %g : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32>
    pum.yield %0 : tensor<100x8xi32>
  }
  %r, %t4 = pum.digital (%z) : (tensor<100x8xi32>) -> tensor<100x8xi8> {
  ^bb0(%i: tensor<100x8xi32>):
    %0 = arith.trunci %i : tensor<100x8xi32> to tensor<100x8xi8>
    pum.yield %0 : tensor<100x8xi8>
  }
  %u, %t5 = pum.compute (%r, %c) : (tensor<100x8xi8>, !wide) -> tensor<100x16xi32> {
  ^bb0(%i: tensor<100x8xi8>, %g: !wide):
    %0 = crossbar.mvm %i, %g : (tensor<100x8xi8>, !wide) -> tensor<100x16xi32>
    pum.yield %0 : tensor<100x16xi32>
  }
  %s, %t6 = pum.store %u : tensor<100x16xi32>
  return %s : tensor<100x16xi32>
}
// STATISTICS: PUMSchedule
// STATISTICS-DAG: (S) 8 arrays
// STATISTICS-DAG: (S) 3 parts

// SIM: %[[C1:.*]], %{{.*}} = simulator.program %{{.*}} tiles [0, 2] on <"arrays", 0, 2>
// SIM: %[[C2:.*]], %{{.*}} = simulator.program %{{.*}} tiles [2, 2] on <"arrays", 2, 4>
// SIM: simulator.mvm %[[C1]], %{{.*}}, %{{.*}} joining(%[[C2]] : !crossbar.grid<1x8x16xi8, si8>) after
// STRONG: algorithm = "strong"
// COPIES: algorithm = "copies"
// STEADY: algorithm = "steady"
