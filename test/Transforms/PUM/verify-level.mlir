// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
//
// Pipelines from level to level name the pipeline to run instead when they are given another level.
//
// RUN: pumice-opt %inputs/network.mlir --linalg-to-quantized -o %t/quantized.mlir
// RUN: pumice-opt %t/quantized.mlir --quantized-to-crossbar=device=isaac -o %t/crossbar.mlir
// RUN: pumice-opt %t/crossbar.mlir --crossbar-to-pum -o %t/pum.mlir
// RUN: pumice-opt %t/pum.mlir --pum-to-simulator -o %t/simulator.mlir
//
// RUN: not pumice-opt %t/quantized.mlir --crossbar-to-pum 2>&1 | FileCheck %s --check-prefix=CROSSBAR
// RUN: pumice-opt %t/quantized.mlir --pum-attach-device=device=isaac -o %t/attached.mlir
// RUN: not pumice-opt %t/attached.mlir --crossbar-to-pum 2>&1 | FileCheck %s --check-prefix=CROSSBAR
// CROSSBAR: error: expected a module at level 'crossbar', got one at level 'linalg': run quantized-to-crossbar first
//
// RUN: not pumice-opt %t/quantized.mlir --pum-to-simulator 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: error: expected a module at level 'pum', got one at level 'linalg': run quantized-to-crossbar and crossbar-to-pum first
// RUN: not pumice-opt %t/crossbar.mlir --pum-to-simulator 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: error: expected a module at level 'pum', got one at level 'crossbar': run crossbar-to-pum first
//
// RUN: not pumice-opt %t/crossbar.mlir --linalg-to-quantized 2>&1 | FileCheck %s --check-prefix=BELOW
// BELOW: error: expected a module at level 'linalg', got one at level 'crossbar': crossbar-to-pum lowers it further
// RUN: not pumice-opt %t/pum.mlir --quantized-to-crossbar 2>&1 | FileCheck %s --check-prefix=FURTHER
// FURTHER: error: expected a module at level 'quantized', got one at level 'pum': pum-to-simulator lowers it further
// RUN: not pumice-opt %t/simulator.mlir --crossbar-to-pum 2>&1 | FileCheck %s --check-prefix=LOWEST
// LOWEST: error: expected a module at level 'crossbar', got one at level 'simulator': it is a machine program, the lowest level
//
// RUN: not pumice-opt %t/tosa.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=TOSA
// TOSA: error: expected a module at level 'linalg', got one at level 'tosa': run tosa-to-linalg-contract first
//
// RUN: not pumice-opt %t/tosa.mlir --verify-level=level=low 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: expected a level of linalg, quantized, crossbar or pum, got 'low'
//
// What a pipeline has lowered, it leaves alone; networks that run on the digital unit alone, or
// compute nothing, hold no op of a level:
// RUN: pumice-opt %t/crossbar.mlir --quantized-to-crossbar --crossbar-to-pum -o %t/again.mlir
// RUN: pumice-opt %t/digital.mlir --linalg-to-quantized --quantized-to-crossbar=device=isaac -o %t/mapped.mlir
// RUN: pumice-opt %t/mapped.mlir --crossbar-to-pum | pumice-opt --pum-to-simulator -o %t/program.mlir
// RUN: pumice-opt %t/nothing.mlir --linalg-to-quantized | pumice-opt --quantized-to-crossbar=device=isaac | pumice-opt --crossbar-to-pum | pumice-opt --pum-to-simulator -o %t/nothing-program.mlir

//--- tosa.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tosa.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- digital.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- nothing.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
