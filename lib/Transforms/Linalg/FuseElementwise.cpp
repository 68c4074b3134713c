// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Linalg/Quantized.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace pumice {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// True when computing the producer inside the consumer repeats no work: the
/// consumer is elementwise and the only reader, or the producer just turns
/// codes into floats, which are larger.
bool saves(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !consumer ||
      consumer.getNumParallelLoops() != consumer.getNumLoops())
    return false;
  return producer->hasOneUse() || matchDequantize(producer);
}

struct FuseElementwisePass
    : pumice::impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, saves);
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
