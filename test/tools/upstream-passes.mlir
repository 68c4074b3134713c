// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt --help | FileCheck %s --check-prefix=HELP
// RUN: pumice-opt %inputs/network.mlir --linalg-to-quantized -o %t.1.mlir
// RUN: pumice-opt %t.1.mlir --quantized-to-crossbar=device=isaac -o %t.2.mlir
// RUN: pumice-opt %t.2.mlir --crossbar-to-pum -o %t.3.mlir
// RUN: pumice-opt %t.3.mlir --pum-to-simulator -o %t.4.mlir
// RUN: pumice-opt %t.1.mlir --canonicalize --cse --loop-invariant-code-motion --linalg-generalize-named-ops --print-op-stats --strip-debuginfo --symbol-dce -o /dev/null
// RUN: pumice-opt %t.2.mlir --canonicalize --cse --loop-invariant-code-motion --linalg-generalize-named-ops --print-op-stats --strip-debuginfo --symbol-dce -o /dev/null
// RUN: pumice-opt %t.3.mlir --canonicalize --cse --loop-invariant-code-motion --linalg-generalize-named-ops --print-op-stats --strip-debuginfo --symbol-dce -o /dev/null
// RUN: pumice-opt %t.4.mlir --canonicalize --cse --loop-invariant-code-motion --linalg-generalize-named-ops --print-op-stats --strip-debuginfo --symbol-dce -o /dev/null
//
// Passes of MLIR that abort on valid modules of the stack are not there; those that are run on every
// level.

// HELP-NOT: --generate-runtime-verification
// HELP-NOT: --inline
// HELP-NOT: --remove-dead-values
// HELP-NOT: --sccp
