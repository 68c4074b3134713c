// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --convert-crossbar-to-pum | FileCheck %s
// RUN: pumice-opt %s --convert-crossbar-to-pum --convert-crossbar-to-pum | FileCheck %s
// RUN: pumice-opt %s --convert-crossbar-to-pum --convert-pum-to-simulator | FileCheck %s --check-prefix=L4

// A probe follows the task that makes its value, which the task then yields. Constants get a task.
// CHECK-LABEL: func @probed
// CHECK-SAME: (%[[ARG:.*]]: tensor<4xf32>)
// CHECK: %[[X:.*]], %{{.*}} = pum.load %[[ARG]]
// CHECK-NEXT: pum.probe %[[X]] as "input"
// CHECK: %[[Y:.*]]:2, %{{.*}} = pum.digital(%[[X]])
// CHECK: math.tanh
// CHECK: math.exp
// CHECK: }
// CHECK-DAG: pum.probe %[[Y]]#0 as "tanh"
// CHECK-DAG: pum.probe %[[Y]]#1 as "exp"
// CHECK: %[[C:.*]], %{{.*}} = pum.digital()
// CHECK: pum.probe %[[C]] as "constant"
// CHECK: pum.store %[[Y]]#1

// L4-LABEL: func @probed
// L4-SAME: (%[[ARG:.*]]: memref
// L4: simulator.transfer %[[ARG]] to %[[X:.*]] :
// L4-NEXT: simulator.probe %[[X]] as "input" : memref<4xf32, #simulator.memory<buffer>>
// L4: simulator.digital @{{.*}}(%[[X]]) to(%[[T:.*]], %[[E:.*]]) after
// L4-DAG: simulator.probe %[[T]] as "tanh"
// L4-DAG: simulator.probe %[[E]] as "exp"
// L4: simulator.digital @{{.*}}() to(%[[C:.*]]) :
// L4: simulator.probe %[[C]] as "constant"
func.func @probed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<[1, 2]> : tensor<2xi32>
  pum.probe %x as "input" : tensor<4xf32>
  %0 = math.tanh %x : tensor<4xf32>
  %1 = math.exp %0 : tensor<4xf32>
  pum.probe %0 as "tanh" : tensor<4xf32>
  pum.probe %1 as "exp" : tensor<4xf32>
  pum.probe %c as "constant" : tensor<2xi32>
  return %1 : tensor<4xf32>
}
