// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- GraphNodes.h - Ops by the graph node they came from ------*- C++ -*-===//
//
// Front ends name the node of the model's graph in each op's location (see
// lib/Support/Locations.h).
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_GRAPHNODES_H
#define PUMICE_LIB_ANALYSIS_GRAPHNODES_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"

namespace pumice {

/// True for ops that change the shape of a tensor and no element of it.
bool isReshape(mlir::Operation *op);

/// The graph nodes that `function` computes something of. Reshapes, constants
/// and empty tensors do not count: compilers share them between nodes.
llvm::DenseSet<llvm::StringRef> nodesIn(mlir::Operation *function);

/// The outermost ops in functions of `module` that came from one of `nodes`,
/// in order.
llvm::SmallVector<mlir::Operation *>
operationsOf(mlir::ModuleOp module,
             const llvm::DenseSet<llvm::StringRef> &nodes);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_GRAPHNODES_H
