// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../../Inputs/two-groups-device.mlir --assign-targets="targets=net.first=small,net.second=more,net.*=slow" | FileCheck %s --check-prefix=ASSIGN
// RUN: pumice-opt %s --quantized-to-crossbar="device=%S/../../../Inputs/two-groups-device.mlir targets=net.first=small,net.second=more,net.*=slow" | FileCheck %s --check-prefix=LAYERS
// RUN: pumice-opt %s --quantized-to-crossbar="device=%S/../../../Inputs/two-groups-device.mlir targets=net.first=small,net.second=more,net.*=slow" --crossbar-to-pum | FileCheck %s --check-prefix=TASKS
// RUN: pumice-opt %s --linalg-to-simulator="device=%S/../../../Inputs/two-groups-device.mlir targets=net.first=small,net.second=more,net.*=slow" | FileCheck %s --check-prefix=MACHINE
// RUN: pumice-opt %s --linalg-to-simulator="device=%S/../../../Inputs/two-groups-device.mlir" | FileCheck %s --check-prefix=FIRST
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../../Inputs/two-groups-device.mlir --assign-targets="targets=net.first=more" 2>&1 | FileCheck %s --check-prefix=CANNOT
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../../Inputs/two-groups-device.mlir --assign-targets="targets=net.first=other" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
//
// Layers on groups that the user names; without a name, on the first group of the kind.

// ASSIGN: linalg.quantized_matmul {pum.target = #pum.target<crossbar in "small">}
// ASSIGN: linalg.quantized_matmul {pum.target = #pum.target<ap in "more">}
// ASSIGN: linalg.quantized_matmul {pum.reason = "it is assigned to the digital unit", pum.target = #pum.target<digital in "slow">}

// Tilings and microprograms are those of the groups.
// LAYERS: = #crossbar.array<rows = 4, columns = 8,
// LAYERS: crossbar.program {{.*}}pum.target = #pum.target<crossbar in "small">
// LAYERS: ap.run {{.*}}pum.target = #pum.target<ap in "more">

// TASKS: pum.program {{.*}}"small"
// TASKS: pum.compute({{.*}}) on <"more"
// TASKS: pum.digital(
// TASKS: pum.target = #pum.target<digital in "slow">
// TASKS-NOT: pum.target

// MACHINE: simulator.program {{.*}}"small"
// MACHINE: simulator.ap_exec {{.*}}"more"
// MACHINE: simulator.digital {{.*}}pum.target = #pum.target<digital in "slow">

// FIRST: simulator.program {{.*}}"arrays"
// FIRST: simulator.ap_exec {{.*}}"processors"
// FIRST-NOT: pum.target

// CANNOT: error: cannot be assigned to ap as targets asks: its weights are not ternary
// UNKNOWN: error: targets: expected LAYER=TARGET with crossbar, ap, cam, digital, auto or a group of the device as target, got 'net.first=other'

func.func @main(%x: tensor<2x3xi8>) -> (tensor<2x3xi32>, tensor<2x3xi32>, tensor<2x3xi32>) {
  %w = arith.constant dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi8>
  %v = arith.constant dense<[[1, 0, -1], [1, 1, 0], [-1, 0, 0]]> : tensor<3x3xi8>
  %u = arith.constant dense<[[9, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x3xi32>) -> tensor<2x3xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x3xi8>, i32, i32)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32> loc("net.first"("linear"("net.py":3:0)))
  %z = linalg.quantized_matmul ins(%x, %v, %zero, %zero : tensor<2x3xi8>, tensor<3x3xi8>, i32, i32)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32> loc("net.second"("linear_1"("net.py":4:0)))
  %t = linalg.quantized_matmul ins(%x, %u, %zero, %zero : tensor<2x3xi8>, tensor<3x3xi8>, i32, i32)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32> loc("net.third"("linear_2"("net.py":5:0)))
  return %y, %z, %t : tensor<2x3xi32>, tensor<2x3xi32>, tensor<2x3xi32>
}
