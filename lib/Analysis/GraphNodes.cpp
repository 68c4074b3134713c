// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/GraphNodes.h"

#include "lib/Support/Locations.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace pumice;

bool pumice::isReshape(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ReshapeOp,
             tensor::CastOp>(op);
}

/// True for ops that several nodes may share, or that only frame a computation.
static bool isShared(Operation *op) {
  return isa<tensor::EmptyOp, linalg::FillOp, arith::ConstantOp,
             func::ReturnOp>(op);
}

llvm::DenseSet<StringRef> pumice::nodesIn(Operation *function) {
  llvm::DenseSet<StringRef> nodes;
  function->walk([&](Operation *op) {
    if (isShared(op) || isReshape(op) || isa<linalg::YieldOp, func::FuncOp>(op))
      return;
    Place place = placeOf(op->getLoc());
    if (!place.node.empty())
      nodes.insert(place.node);
  });
  return nodes;
}

SmallVector<Operation *>
pumice::operationsOf(ModuleOp module, const llvm::DenseSet<StringRef> &nodes) {
  SmallVector<Operation *> found;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp, func::FuncOp>(op))
      return WalkResult::advance();
    if (!isShared(op) && nodes.contains(placeOf(op->getLoc()).node))
      found.push_back(op);
    return WalkResult::skip();
  });
  return found;
}
