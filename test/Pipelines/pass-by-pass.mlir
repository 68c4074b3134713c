// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipelines are their passes, in this order; the same from a textual description.
// RUN: pumice-opt %inputs/network.mlir --linalg-to-quantized -o %t.l1.mlir
// RUN: pumice-opt %inputs/network.mlir --pass-pipeline="builtin.module(linalg-to-quantized)" | diff %t.l1.mlir -
// RUN: pumice-opt %inputs/network.mlir --verify-linalg-contract --canonicalize --cse --raise-quantized-ops --raise-integer-matmuls --normalize-integer-layers \
// RUN:   --canonicalize --cse --fold-constants --raise-nonlinear --fuse-elementwise --canonicalize --cse --verify-quantized-contract | diff %t.l1.mlir -
// RUN: pumice-opt %t.l1.mlir --quantized-to-crossbar=device=ideal -o %t.l2.mlir
// RUN: pumice-opt %t.l1.mlir --pum-attach-device=device=ideal --expand-nonlinear --fuse-elementwise --canonicalize --cse \
// RUN:   --assign-targets --convert-linalg-to-crossbar --convert-linalg-to-ap --canonicalize --cse --fold-constants --crossbar-infer-bit-widths --ap-compile-programs \
// RUN:   --crossbar-tile-to-arrays --cse --verify-crossbar-contract --verify-ap-contract | diff %t.l2.mlir -
// RUN: pumice-opt %t.l2.mlir --crossbar-to-pum -o %t.l3.mlir
// RUN: pumice-opt %t.l2.mlir --convert-crossbar-to-pum --pum-allocate-arrays --verify-pum-scheduled | diff %t.l3.mlir -
// RUN: pumice-opt %t.l3.mlir --pum-to-simulator -o %t.l4.mlir
// RUN: pumice-opt %t.l3.mlir --convert-pum-to-simulator --verify-simulator-program | diff %t.l4.mlir -
// RUN: pumice-opt %inputs/network.mlir --pass-pipeline="builtin.module(linalg-to-simulator{device=ideal})" | diff %t.l4.mlir -
