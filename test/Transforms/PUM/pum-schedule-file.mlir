// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A schedule from a file: what `json` writes, or its `schedule` alone.
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule="algorithm=overlap json=%t.json" -o %t.overlap.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.json --verify-pum-scheduled -o %t.file.mlir
// RUN: diff %t.overlap.mlir %t.file.mlir
// RUN: %python -c "import json, sys; json.dump(json.load(open(sys.argv[1]))['schedule'], open(sys.argv[2], 'w'))" %t.json %t.alone.json
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.alone.json | FileCheck %s
//
// Residents of a schedule for the steady state are pinned.
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule="algorithm=steady time-share=1 moves=50 seed=3 json=%t.steady.json" -o %t.steady.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.steady.json --verify-pum-scheduled -o %t.steady-file.mlir
// RUN: diff %t.steady.mlir %t.steady-file.mlir
//
// What breaks a rule is refused with the unit, what it needs and what there is.
// RUN: %python %S/Inputs/change_schedule.py %t.json early %t.early.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.early.json 2>&1 | FileCheck %s --check-prefix=EARLY
// RUN: %python %S/Inputs/change_schedule.py %t.json copies %t.copies.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.copies.json 2>&1 | FileCheck %s --check-prefix=COPIES
// RUN: %python %S/Inputs/change_schedule.py %t.json unit %t.unit.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.unit.json 2>&1 | FileCheck %s --check-prefix=UNIT
// RUN: %python %S/Inputs/change_schedule.py %t.json resident %t.resident.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.resident.json 2>&1 | FileCheck %s --check-prefix=RESIDENT
// RUN: %python %S/Inputs/change_schedule.py %t.json period %t.period.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.period.json 2>&1 | FileCheck %s --check-prefix=PERIOD
// RUN: %python %S/Inputs/change_schedule.py %t.json ahead %t.ahead.json
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%t.ahead.json 2>&1 | FileCheck %s --check-prefix=AHEAD
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=/no/such/s.json 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule=schedule-file=%s 2>&1 | FileCheck %s --check-prefix=JSON
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --pum-schedule="algorithm=naive schedule-file=%t.json" 2>&1 | FileCheck %s --check-prefix=BOTH
//
// EARLY: cannot be scheduled: '{{.*}}early.json': unit '{{.*}}.compute', part 0: expected all writes before it computes at 0, got 144000
// COPIES: cannot be scheduled: '{{.*}}copies.json': unit '{{.*}}.compute': expected 1 to 100 copies, got 1000
// UNIT: cannot be scheduled: '{{.*}}unit.json': schedule.parts[0].unit: expected a name that is defined, got 'no such unit'
// RESIDENT: cannot be scheduled: '{{.*}}resident.json': part of a resident: expected a number below 3, got 7
// PERIOD: cannot be scheduled: '{{.*}}period.json': expected a schedule of one run, got one of a pipeline
// AHEAD: cannot be scheduled: '{{.*}}ahead.json': expected weights for this run only, got some that are written for the next one
// MISSING: cannot be scheduled: '/no/such/s.json': No such file or directory
// JSON: cannot be scheduled: '{{.*}}pum-schedule-file.mlir': [1:{{.*}}Invalid JSON value
// BOTH: expected an algorithm or a schedule file, got both: 'naive' and '{{.*}}.json'

// CHECK: pum.schedule = {algorithm = "overlap", arrays_of_one_copy = 8 : i64
// CHECK: pum.program {{.*}} tiles [0, 2] on <"arrays", 0, 2>
// CHECK: pum.program {{.*}} tiles [2, 2] on <"arrays", 2, 4>

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!narrow = !crossbar.grid<1x8x8xi8, si8>
!wide = !crossbar.grid<1x8x16xi8, si8>

func.func @three_layers(%arg: tensor<100x8xi8>) -> tensor<100x16xi32> {
  %w = arith.constant dense<1> : tensor<8x8xi8>
  %a, %ta = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !narrow
  %b, %tb = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !narrow
  %v = arith.constant dense<2> : tensor<16x8xi8>
  %c, %tc = pum.program %v setup array #array tiling <row_tiles = 1, column_tiles = 4, slices = 4,
      groups_per_array = 1, arrays = 4> : tensor<16x8xi8> -> !wide
  %x, %t0 = pum.load %arg : tensor<100x8xi8>
  %y, %t1 = pum.compute (%x, %a) : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32> {
  ^bb0(%i: tensor<100x8xi8>, %g: !narrow):
    %0 = crossbar.mvm %i, %g : (tensor<100x8xi8>, !narrow) -> tensor<100x8xi32>
    pum.yield %0 : tensor<100x8xi32>
  }
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
