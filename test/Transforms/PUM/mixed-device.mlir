// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %inputs/mixed-network.mlir --pum-attach-device=device=%inputs/mixed-device.mlir --crossbar-tile-to-arrays "--ap-compile-programs=layout=along threads=1" --crossbar-to-pum | FileCheck %s
// RUN: pumice-opt %inputs/mixed-network.mlir --pum-attach-device=device=%inputs/mixed-device.mlir --crossbar-tile-to-arrays "--ap-compile-programs=layout=along threads=1" --crossbar-to-pum --pum-to-simulator | FileCheck %s --check-prefix=MACHINE
//
// Arrays and processors are numbered on their own. Layers on processors hold nothing between tasks: each takes the
// lowest, and parts of a program take turns on the four that there are.

// CHECK-DAG: pum.program %{{.*}} on <"arrays", 0, 2> setup
// CHECK-DAG: pum.program %{{.*}} on <"arrays", 2, 4> setup
// CHECK-DAG: pum.program %{{.*}} on <"arrays", 4, 6> array
// CHECK-DAG: pum.compute(%{{.*}}) on <"processors", 0, 4>
// CHECK-DAG: pum.compute(%{{.*}}) on <"processors", 0, 1>
// MACHINE-DAG: simulator.mvm
// MACHINE-DAG: simulator.program %{{.*}} on <"arrays", 0, 2> setup
// MACHINE-DAG: simulator.program %{{.*}} on <"arrays", 4, 6> after
// MACHINE-DAG: simulator.ap_exec %{{.*}}, %{{.*}} on <"processors", 0, 4> program
// MACHINE-DAG: simulator.ap_lookup %{{.*}}, %{{.*}} on <"processors", 0, 1> in
