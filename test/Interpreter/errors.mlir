// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
// RUN: %npy write %t.good.npy "np.ones((4, 8), np.int8)"
// RUN: pumice-sim %t.mlir --input %t.good.npy
//
// RUN: not pumice-sim %t.mlir 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: pumice-sim: error: expected 1 inputs, got 0
// RUN: not pumice-sim %t.mlir --input %t.good.npy --input %t.good.npy 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: pumice-sim: error: expected 1 inputs, got 2
// RUN: %npy write %t.shape.npy "np.ones((8, 4), np.int8)"
// RUN: not pumice-sim %t.mlir --input %t.shape.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: pumice-sim: error: input 'image' must be i8[4, 8], got i8[8, 4]
// RUN: %npy write %t.dtype.npy "np.ones((4, 8), np.float32)"
// RUN: not pumice-sim %t.mlir --input %t.dtype.npy 2>&1 | FileCheck %s --check-prefix=DTYPE
// DTYPE: pumice-sim: error: input 'image' must be i8[4, 8], got f32[4, 8]
// RUN: not pumice-sim %t.mlir --input %t.good.npy --output %t.a.npy --output %t.b.npy 2>&1 | FileCheck %s --check-prefix=OUTPUTS
// OUTPUTS: pumice-sim: error: 2 outputs requested, but the program has 1
// RUN: not pumice-sim %t.mlir --input %t.good.npy --output %t.nowhere/y.npy 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: pumice-sim: error: cannot write '{{.*}}nowhere/y.npy': {{[Nn]}}o such file or directory
// RUN: not pumice-sim %t.mlir --input %t.good.npy --report %t.nowhere/r.json 2>&1 | FileCheck %s --check-prefix=REPORT
// REPORT: pumice-sim: error: cannot write '{{.*}}nowhere/r.json': {{[Nn]}}o such file or directory
// RUN: not pumice-sim %t.nowhere.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: cannot open input file '{{.*}}nowhere.mlir': {{[Nn]}}o such file or directory
//
// A program that is not a machine program, or that names no device:
// RUN: not pumice-sim %s --input %t.good.npy 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE: error: names no device: expected the attribute pum.device (pum-attach-device{device=NAME} sets it)

func.func @main(%x: memref<4x8xi8, #simulator.memory<host>> {simulator.name = "image"})
    -> (memref<4x8xi8, #simulator.memory<host>> {simulator.name = "logits"}) {
  %y = simulator.buffer : memref<4x8xi8, #simulator.memory<host>>
  %t = simulator.transfer %x to %y
      : memref<4x8xi8, #simulator.memory<host>> to memref<4x8xi8, #simulator.memory<host>>
  return %y : memref<4x8xi8, #simulator.memory<host>>
}
