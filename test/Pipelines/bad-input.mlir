// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
//
// Files that are no network, or one that cannot be compiled: an error and an exit code, never a crash.
//
// Cut in the middle, empty, binary, missing:
// RUN: head -c 4000 %inputs/network.mlir > %t/cut.mlir
// RUN: not pumice-opt %t/cut.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=CUT
// CUT: cut.mlir:{{[0-9]+}}:{{[0-9]+}}: error: expected
// CUT-NOT: Stack dump
// RUN: not pumice-sim %t/cut.mlir 2>&1 | FileCheck %s --check-prefix=CUT
// RUN: pumice-opt %t/good.mlir --linalg-to-simulator=device=ideal --emit-bytecode -o %t/good.mlirbc
// RUN: head -c 300 %t/good.mlirbc > %t/cut.mlirbc
// RUN: not pumice-sim %t/cut.mlirbc 2>&1 | FileCheck %s --check-prefix=BYTECODE
// BYTECODE: error: {{.+}}
// BYTECODE-NOT: Stack dump
// RUN: echo -n > %t/empty.mlir
// RUN: not pumice-opt %t/empty.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: expected one public function, got 0
// RUN: %python -c "open(r'%t/noise.mlir', 'wb').write(bytes(range(256)))"
// RUN: not pumice-opt %t/noise.mlir 2>&1 | FileCheck %s --check-prefix=NOISE
// NOISE: error: {{.+}}
// NOISE-NOT: Stack dump
// RUN: not pumice-opt %t/nowhere.mlir 2>&1 | FileCheck %s --check-prefix=NOWHERE
// NOWHERE: cannot open input file '{{.*}}nowhere.mlir'
//
// A pipeline that is given a level above its own:
// RUN: not pumice-opt %inputs/network.mlir --quantized-to-crossbar=device=ideal 2>&1 | FileCheck %s --check-prefix=ABOVE
// RUN: not pumice-opt %inputs/network.mlir --verify-quantized-contract=raised-only=true 2>&1 | FileCheck %s --check-prefix=ABOVE
// ABOVE: error: is a float layer on quantized operands: raise-quantized-ops, a part of linalg-to-quantized, makes it an integer layer
//
// MLIR of other dialects:
// RUN: not pumice-opt %t/foreign.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=FOREIGN
// FOREIGN: foreign.mlir:2:8: error: {{.*}}torch
// RUN: not pumice-opt %t/control-flow.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=FLOW
// FLOW: control-flow.mlir:{{[0-9]+}}:{{[0-9]+}}: error: {{.*}}unsupported op 'scf.{{if|yield}}'
// RUN: not pumice-sim %t/good.mlir 2>&1 | FileCheck %s --check-prefix=LEVEL
// LEVEL: error: {{.*}}names no device
// RUN: pumice-opt %t/good.mlir --pum-attach-device=device=ideal -o %t/l0.mlir
// RUN: not pumice-sim %t/l0.mlir 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: error: {{.*}}expected arguments in a memory, got 'tensor<4xf32>'
//
// Weights without their data:
// RUN: not pumice-opt %t/elided.mlir --linalg-to-simulator=device=ideal 2>&1 | FileCheck %s --check-prefix=ELIDED
// ELIDED: error: {{.*}}cannot fold constants: {{.*}}constant dense_resource<weights>: expected 16 bytes of data, got 0
//
// A model whose smallest split is larger than the device:
// RUN: sed -e 's/holds = 168/holds = 1/' -e 's/holds = 12/holds = 1/' -e 's/holds = 8/holds = 1/' -e 's/mode = clip/mode = calibrated/' -e 's/rows = 128/rows = 8/' %presets/isaac.mlir > %t/small.mlir
// RUN: not pumice-opt %inputs/network.mlir --linalg-to-simulator=device=%t/small.mlir 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: error: {{.*}}needs {{[0-9]+}} arrays at once for its smallest split, {{.*}}, but device 'isaac' has 1
// RUN: not pumice-opt %inputs/network.mlir --linalg-to-simulator 2>&1 | FileCheck %s --check-prefix=LEVEL

//--- good.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- foreign.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = torch.aten.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- control-flow.mlir
func.func @main(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %y = scf.if %c -> tensor<4xf32> {
    %z = math.tanh %x : tensor<4xf32>
    scf.yield %z : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
//--- elided.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = arith.constant dense_resource<weights> : tensor<4xf32>
  %v = math.sqrt %w : tensor<4xf32>
  %y = arith.addf %x, %v : tensor<4xf32>
  return %y : tensor<4xf32>
}
