// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %npy write %t.x.npy "np.random.default_rng(5).normal(0, 1, (1, 2, 13, 13)).astype(np.float32)"
//
// At once, and level by level through text: the same program.
// RUN: pumice-opt %inputs/network.mlir --linalg-to-simulator=device=ideal -o %t.once.mlir
// RUN: pumice-opt %inputs/network.mlir --linalg-to-quantized -o %t.l1.mlir
// RUN: pumice-opt %t.l1.mlir --quantized-to-crossbar=device=ideal -o %t.l2.mlir
// RUN: pumice-opt %t.l2.mlir --crossbar-to-pum -o %t.l3.mlir
// RUN: pumice-opt %t.l3.mlir --pum-to-simulator -o %t.l4.mlir
// RUN: diff %t.once.mlir %t.l4.mlir
//
// Every level parses back to the same text.
// RUN: pumice-opt %t.l1.mlir | diff - %t.l1.mlir
// RUN: pumice-opt %t.l2.mlir | diff - %t.l2.mlir
// RUN: pumice-opt %t.l3.mlir | diff - %t.l3.mlir
// RUN: pumice-opt %t.l4.mlir | diff - %t.l4.mlir
//
// It computes what the definition says, on any number of threads.
// RUN: pumice-sim %t.l4.mlir --input %t.x.npy --output %t.y.npy
// RUN: %python %inputs/network.py %inputs/network.mlir %t.x.npy %t.y.npy
// RUN: pumice-sim %t.l4.mlir --input %t.x.npy --output %t.z.npy --threads 3
// RUN: %npy equal %t.z.npy "load('%t.y.npy')"
//
// Three layers on crossbars, no float layer left.
// RUN: FileCheck %s --check-prefix=L2 < %t.l2.mlir
// L2-COUNT-2: crossbar.conv_2d
// L2: crossbar.mvm
// L2-NOT: linalg.{{conv|depthwise|matmul|pooling}}
// RUN: FileCheck %s --check-prefix=L4 < %t.l4.mlir
// L4: func.func @main(%{{.*}}: memref<1x2x13x13xf32, #simulator.memory<host>>) -> memref<1x3xf32, #simulator.memory<host>>
// L4-COUNT-3: simulator.mvm
// L4-NOT: tensor.pad
