// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Evaluate.h - Folding of constant tensors -----------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_EVALUATE_H
#define PUMICE_LIB_DIGITAL_EVALUATE_H

#include "lib/Digital/DigitalCompiler.h"

namespace pumice::digital {

struct FoldOptions {
  Options compiler;
  /// The size limit for the results of a subgraph, as a multiple of the size of
  /// the constants that it reads.
  double maxGrowth = 2.0;
  /// Results up to this size in bytes are always folded.
  int64_t alwaysFoldBytes = 4096;
};

/// Replaces values that the entry block of `function` computes from constants
/// by constants. Maximal subgraphs of pure upstream ops (and generics with
/// cf.assert) are compiled and run, and their used results become
/// arith.constant: a dense splat, dense for i1 and scalars, or dense_resource.
/// The compiler of the digital regions does this, so folding does not change
/// results. Emits an error if an assertion of the program does not hold or
/// compilation fails; at most reshapes of constants have then been folded.
/// Loads dialects: call it from a module pass or outside of passes.
mlir::LogicalResult foldConstantSubgraphs(mlir::func::FuncOp function,
                                          const FoldOptions &options = {});

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_EVALUATE_H
