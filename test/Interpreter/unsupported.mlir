// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: %npy write %t/x.npy "np.ones(4, np.float32)"
//
// Programs that keep the contract but need what the machine has not.
//
// RUN: pumice-opt %t/long-argument.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/long-argument.mlir
// RUN: pumice-opt %t/long-buffer.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/long-buffer.mlir
// RUN: pumice-opt %t/index-constant.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/index-constant.mlir
// RUN: pumice-opt %t/sparse.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/sparse.mlir
// RUN: pumice-opt %t/elided.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/elided.mlir
// RUN: sed s/capacity_bytes.=.11010048/capacity_bytes=16/ %presets/isaac.mlir > %t/small.mlir
// RUN: pumice-opt %t/too-large.mlir --pum-attach-device=device=%t/small.mlir -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/too-large.mlir

//--- long-argument.mlir
// CHECK: error: cannot pass 'memref<4xf80, #simulator.memory<host>>' in or out
// CHECK-NOT: error:
func.func @main(%x: memref<4xf80, #simulator.memory<host>>) -> memref<4xf80, #simulator.memory<host>> {
  return %x : memref<4xf80, #simulator.memory<host>>
}

//--- long-buffer.mlir
// CHECK: pumice-sim: error: cannot store buffers of type memref<4xf80, #simulator.memory<buffer>> (at '{{.*}}.mlir:{{[0-9]+}}')
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) {
  %y = simulator.buffer : memref<4xf80, #simulator.memory<buffer>>
  return
}

//--- index-constant.mlir
// CHECK: pumice-sim: error: cannot hold constants of type tensor<4xindex> (at
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) -> memref<4xi32, #simulator.memory<buffer>> {
  %c = simulator.constant dense<1> : tensor<4xindex> to memref<4xindex, #simulator.memory<buffer>>
  %y = simulator.buffer : memref<4xi32, #simulator.memory<buffer>>
  %t = simulator.digital @narrow (%c) to (%y) : (memref<4xindex, #simulator.memory<buffer>>) -> memref<4xi32, #simulator.memory<buffer>>
  return %y : memref<4xi32, #simulator.memory<buffer>>
}
func.func private @narrow(%c: tensor<4xindex>) -> tensor<4xi32> {
  %y = arith.index_cast %c : tensor<4xindex> to tensor<4xi32>
  return %y : tensor<4xi32>
}

//--- sparse.mlir
// CHECK: pumice-sim: error: expected a dense or dense_resource constant (at
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) -> memref<4xf32, #simulator.memory<buffer>> {
  %y = simulator.constant sparse<[[1]], [1.0]> : tensor<4xf32> to memref<4xf32, #simulator.memory<buffer>>
  return %y : memref<4xf32, #simulator.memory<buffer>>
}

//--- elided.mlir
// CHECK: pumice-sim: error: constant dense_resource<weights>: expected 16 bytes of data, got 0 (at
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) -> memref<4xf32, #simulator.memory<buffer>> {
  %y = simulator.constant dense_resource<weights> : tensor<4xf32> to memref<4xf32, #simulator.memory<buffer>>
  return %y : memref<4xf32, #simulator.memory<buffer>>
}

//--- too-large.mlir
// A buffer is free after its last reader: the third one is too much.
// CHECK: pumice-sim: error: activations take 32 bytes at once, but the buffer of device 'isaac' has 16 (at
func.func @main(%x: memref<4xf32, #simulator.memory<host>>) -> memref<4xf32, #simulator.memory<buffer>> {
  %a = simulator.buffer : memref<4xf32, #simulator.memory<buffer>>
  %t0 = simulator.transfer %x to %a : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<buffer>>
  %b = simulator.buffer : memref<4xf32, #simulator.memory<buffer>>
  %t1 = simulator.transfer %a to %b after (%t0) : memref<4xf32, #simulator.memory<buffer>> to memref<4xf32, #simulator.memory<buffer>>
  return %b : memref<4xf32, #simulator.memory<buffer>>
}
