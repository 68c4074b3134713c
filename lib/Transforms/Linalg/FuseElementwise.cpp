// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "fuse-elementwise"

namespace pumice {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

bool isElementwise(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && generic.getNumDpsInits() == 1 &&
         generic.getNumLoops() == generic.getNumParallelLoops();
}

/// True for a nonlinear region of elementwise ops only, such as an activation.
bool isElementwiseRegion(Operation *op) {
  auto nonlinear = dyn_cast<pum::NonlinearOp>(op);
  return nonlinear &&
         llvm::all_of(nonlinear.getBody().front().getOps<linalg::LinalgOp>(),
                      [](Operation *inner) { return isElementwise(inner); });
}

/// True for a dequantize that each of several readers can do for itself: the
/// quantized values are then the only tensor between it and them.
bool isSharedDequantize(Operation *op) {
  return !op->use_empty() && !op->hasOneUse() && matchDequantize(op) &&
         llvm::all_of(op->getUsers(), [](Operation *user) {
           return isElementwise(user) || isElementwiseRegion(user);
         });
}

/// True when computing the producer inside the consumer repeats no work: the
/// consumer is elementwise and reads it alone and once, or the producer just
/// turns codes into floats, which are larger. (One that reads a value twice at
/// the same place is first made to read it once.)
bool saves(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !consumer ||
      consumer.getNumParallelLoops() != consumer.getNumLoops())
    return false;
  bool isOnlyReader = operand->get().hasOneUse() &&
                      llvm::all_of(producer->getUsers(), [&](Operation *user) {
                        return user == consumer.getOperation();
                      });
  bool result = (isOnlyReader && !isSharedDequantize(consumer)) ||
                matchDequantize(producer);
  LDBG() << (result ? "may fuse " : "keeps ") << producer->getName() << " at "
         << producer->getLoc() << " and its reader at " << consumer.getLoc();
  return result;
}

/// True for a reshape between two elementwise generics that nothing else reads:
/// one of them takes the other's shape, so that they can become one.
bool isBetween(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  Operation *consumer = operand->getOwner();
  if (!producer || !producer->hasOneUse())
    return false;
  // Called for reshape -> generic and for generic -> reshape.
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(producer)) {
    Value source = producer->getOperand(0);
    return isElementwise(consumer) && isElementwise(source.getDefiningOp()) &&
           source.hasOneUse();
  }
  return isElementwise(producer) && consumer->hasOneUse() &&
         isElementwise(*consumer->getUsers().begin());
}

struct FuseElementwisePass
    : pumice::impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, saves);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, isBetween);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    // Producers first, so that a chain grows from its start.
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
