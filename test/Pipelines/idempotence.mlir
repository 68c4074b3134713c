// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every pass and pipeline run twice gives what it gives once, on a whole network.
// RUN: mkdir -p %t
// RUN: pumice-opt %inputs/network.mlir --canonicalize --cse -o %t/l0.mlir
// RUN: pumice-opt %t/l0.mlir --raise-quantized-ops -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --raise-quantized-ops | diff %t/once.mlir -
// RUN: pumice-opt %t/once.mlir --canonicalize --fold-constants -o %t/folded.mlir
// RUN: pumice-opt %t/folded.mlir --fold-constants | diff %t/folded.mlir -
// RUN: pumice-opt %t/folded.mlir --fuse-elementwise -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --fuse-elementwise | diff %t/once.mlir -
// RUN: pumice-opt %inputs/network.mlir --linalg-to-quantized -o %t/l1.mlir
// RUN: pumice-opt %t/l1.mlir --linalg-to-quantized | diff %t/l1.mlir -
//
// RUN: pumice-opt %t/l1.mlir --pum-attach-device=device=isaac -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --pum-attach-device=device=isaac | diff %t/once.mlir -
// RUN: pumice-opt %t/once.mlir --pum-attach-device | diff %t/once.mlir -
// RUN: pumice-opt %t/once.mlir --assign-targets -o %t/assigned.mlir
// RUN: pumice-opt %t/assigned.mlir --assign-targets | diff %t/assigned.mlir -
// RUN: pumice-opt %t/assigned.mlir --convert-linalg-to-crossbar -o %t/logical.mlir
// RUN: pumice-opt %t/logical.mlir --convert-linalg-to-crossbar | diff %t/logical.mlir -
// RUN: pumice-opt %t/logical.mlir --canonicalize --crossbar-tile-to-arrays -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --crossbar-tile-to-arrays | diff %t/once.mlir -
// RUN: pumice-opt %t/l1.mlir --quantized-to-crossbar=device=isaac -o %t/l2.mlir
// The canonicalizer of the pipeline moves constants that fold-constants has made behind it.
// RUN: pumice-opt %t/l2.mlir --canonicalize -o %t/once.mlir
// RUN: pumice-opt %t/l2.mlir --quantized-to-crossbar --canonicalize | diff %t/once.mlir -
//
// RUN: pumice-opt %t/l2.mlir --convert-crossbar-to-pum -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --convert-crossbar-to-pum | diff %t/once.mlir -
// RUN: pumice-opt %t/once.mlir --pum-allocate-arrays -o %t/placed.mlir
// RUN: pumice-opt %t/placed.mlir --pum-allocate-arrays | diff %t/placed.mlir -
// RUN: pumice-opt %t/l2.mlir --crossbar-to-pum -o %t/l3.mlir
// RUN: diff %t/placed.mlir %t/l3.mlir
// RUN: pumice-opt %t/l3.mlir --crossbar-to-pum | diff %t/l3.mlir -
//
// RUN: pumice-opt %t/l3.mlir --convert-pum-to-simulator -o %t/once.mlir
// RUN: pumice-opt %t/once.mlir --convert-pum-to-simulator | diff %t/once.mlir -
// RUN: pumice-opt %t/l3.mlir --pum-to-simulator | diff %t/once.mlir -
// RUN: pumice-opt %t/once.mlir --pum-to-simulator | diff %t/once.mlir -
//
// Checks change nothing.
// RUN: pumice-opt %t/l0.mlir --verify-linalg-contract | diff %t/l0.mlir -
// RUN: pumice-opt %t/l1.mlir --verify-quantized-contract | diff %t/l1.mlir -
// RUN: pumice-opt %t/l2.mlir --verify-crossbar-contract | diff %t/l2.mlir -
// RUN: pumice-opt %t/l3.mlir --verify-pum-scheduled | diff %t/l3.mlir -
// RUN: pumice-opt %t/once.mlir --verify-simulator-program | diff %t/once.mlir -
