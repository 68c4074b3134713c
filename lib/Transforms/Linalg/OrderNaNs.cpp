// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace pumice {
#define GEN_PASS_DEF_ORDERNANS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// The comparison that decides which index an arg-reduction of floats keeps:
/// of an element with the best one so far, which a NaN becomes and stays.
arith::CmpFOp matchChoice(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 2 ||
      op.getNumReductionLoops() != 1)
    return {};
  Block &body = *op.getBody();
  Value element = body.getArgument(0), best = body.getArgument(1);
  auto yield = cast<linalg::YieldOp>(body.getTerminator());
  Operation *extreme = yield.getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::MinimumFOp, arith::MaximumFOp>(extreme) ||
      extreme->getOperand(0) != element || extreme->getOperand(1) != best)
    return {};
  auto kept = yield.getOperand(1).getDefiningOp<arith::SelectOp>();
  if (!kept || kept.getFalseValue() != body.getArgument(2))
    return {};
  auto compare = kept.getCondition().getDefiningOp<arith::CmpFOp>();
  const auto wanted = isa<arith::MinimumFOp>(extreme)
                          ? arith::CmpFPredicate::OLT
                          : arith::CmpFPredicate::OGT;
  if (!compare || !compare->hasOneUse() || compare.getPredicate() != wanted ||
      compare.getLhs() != element || compare.getRhs() != best)
    return {};
  return compare;
}

struct OrderNaNsPass : pumice::impl::OrderNaNsBase<OrderNaNsPass> {
  void runOnOperation() override {
    getOperation().walk([&](linalg::GenericOp op) {
      arith::CmpFOp compare = matchChoice(op);
      if (!compare)
        return;
      OpBuilder builder(compare);
      const auto unordered = compare.getPredicate() == arith::CmpFPredicate::OLT
                                 ? arith::CmpFPredicate::ULT
                                 : arith::CmpFPredicate::UGT;
      Value wins = arith::CmpFOp::create(builder, compare.getLoc(), unordered,
                                         compare.getLhs(), compare.getRhs());
      Value best = compare.getRhs();
      Value isOpen = arith::CmpFOp::create(
          builder, compare.getLoc(), arith::CmpFPredicate::ORD, best, best);
      compare.replaceAllUsesWith(
          arith::AndIOp::create(builder, compare.getLoc(), wins, isOpen)
              .getResult());
      compare.erase();
      ++numReductions;
    });
  }
};

} // namespace
