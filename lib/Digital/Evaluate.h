// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Evaluate.h - Folding of constant tensors -----------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_EVALUATE_H
#define PUMICE_LIB_DIGITAL_EVALUATE_H

#include "lib/Digital/DigitalCompiler.h"

namespace pumice::digital {

struct FoldOptions {
  Options compiler;
  /// The results of a subgraph take at most this many times the bytes of the
  /// constants that it reads.
  double maxGrowth = 2.0;
  /// Results up to this size are folded whatever they read, in bytes.
  int64_t alwaysFoldBytes = 4096;
};

/// Replaces what the entry block of `function` computes from constants alone by
/// constants: maximal subgraphs of pure upstream ops (and generics with
/// cf.assert) are compiled together, run, and their used results become
/// arith.constant (dense splat, dense for i1 and scalars, dense_resource else).
/// The compiler is that of the digital regions, so that folding changes no
/// number. Emits a diagnostic and fails if an assertion of the program does not
/// hold or compiling fails; then at most reshapes of constants have been
/// folded. Loads dialects: call it from a module pass or outside of passes.
mlir::LogicalResult foldConstantSubgraphs(mlir::func::FuncOp function,
                                          const FoldOptions &options = {});

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_EVALUATE_H
