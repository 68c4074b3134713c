// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches --ap-map-searches | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches=goal=power | FileCheck %s --check-prefix=POWER
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches=goal=density | FileCheck %s --check-prefix=DENSITY
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches=goal=speed 2>&1 | FileCheck %s --check-prefix=GOAL
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches=goal=density --crossbar-to-pum --pum-to-simulator | FileCheck %s --check-prefix=MACHINE

// GOAL: goal: expected latency, power or density, got 'speed'

// Words of three parts; two rows of them fit on top of each other. Five rows take two blocks, the last of one row.
func.func @main(%q: tensor<3x20xi8>, %p: tensor<3x4xi8>) -> (tensor<3x2xi32>, tensor<3x5xi32>, tensor<3x2xi8>) {
  // CHECK: ap.cam_search {{.*}} for distances mapping <part_bits = 8, parts = 3, row_blocks = 1, stacked = 1> :
  // POWER: for distances mapping <part_bits = 8, parts = 3, row_blocks = 1, stacked = 1, serial = true> :
  // DENSITY: for distances mapping <part_bits = 8, parts = 3, row_blocks = 1, stacked = 2> :
  %0 = ap.cam_search %q in dense<1> : tensor<2x20xi8> for distances : (tensor<3x20xi8>) -> tensor<3x2xi32>
  // CHECK: mapping <part_bits = 8, parts = 3, row_blocks = 2, stacked = 1> :
  // DENSITY: mapping <part_bits = 8, parts = 3, row_blocks = 2, stacked = 3> :
  %1 = ap.cam_search %q in dense<1> : tensor<5x20xi8> for distances : (tensor<3x20xi8>) -> tensor<3x5xi32>
  // CHECK: mapping <part_bits = 4, parts = 1, row_blocks = 1, stacked = 1> {pum.target = #pum.target<cam in "wide">} :
  %2 = ap.cam_search %p in dense<1> : tensor<2x4xi8> for within {pum.target = #pum.target<cam in "wide">}
    : (tensor<3x4xi8>) -> tensor<3x2xi8>
  return %0, %1, %2 : tensor<3x2xi32>, tensor<3x5xi32>, tensor<3x2xi8>
}

// Each search has arrays of its own.
// MACHINE: %[[T:.*]] = simulator.cam_write {{.*}} on <"cams", 0, 2> mapping
// MACHINE: simulator.cam_search {{.*}} on <"cams", 0, 2> in {{.*}} for distances mapping {{.*}} after({{.*}}%[[T]])
// MACHINE: simulator.cam_write {{.*}} on <"cams", 2, 6> mapping
// MACHINE: simulator.cam_search {{.*}} on <"cams", 2, 6>
// MACHINE: simulator.cam_write {{.*}} on <"wide", 0, 1> mapping
// MACHINE: simulator.cam_search {{.*}} on <"wide", 0, 1> {{.*}} for within
