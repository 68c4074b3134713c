// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: pumice-opt %t/many.mlir --pum-attach-device=device=isaac -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --estimate 2>&1 | FileCheck %s --check-prefix=MANY
// RUN: pumice-opt %t/long.mlir -o %t/q.mlir --pum-attach-device=device=ideal
// RUN: not pumice-sim %t/q.mlir --estimate 2>&1 | FileCheck %s --check-prefix=MANY
//
// Counts that a report cannot hold are refused.
// MANY: expected {{fewer than 2\^63 events of each kind|tensors of fewer than 2\^50 bytes|a program of less than}}

//--- many.mlir
func.func @main(%x: memref<1048576x8388608xi8, #simulator.memory<host>>) {
  return
}
//--- long.mlir
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) -> memref<4xf32, #simulator.memory<host>> {
  %a = simulator.buffer : memref<4xf32, #simulator.memory<buffer>>
  %t = simulator.transfer %x to %a : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<buffer>>
  %y = simulator.buffer : memref<4xf32, #simulator.memory<host>>
  %u = simulator.digital @f(%a) to(%y) after(%t) : (memref<4xf32, #simulator.memory<buffer>>) -> memref<4xf32, #simulator.memory<host>>
  return %y : memref<4xf32, #simulator.memory<host>>
}
func.func private @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %end = arith.constant 4611686018427387904 : index
  %y = scf.for %i = %c0 to %end step %c1 iter_args(%t = %a) -> (tensor<4xf32>) {
    %u = arith.addf %t, %t : tensor<4xf32>
    scf.yield %u : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
