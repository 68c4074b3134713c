// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Transforms/Nonlinear/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "expand-nonlinear"

namespace pumice {
#define GEN_PASS_DEF_EXPANDNONLINEAR
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct ExpandNonlinearPass
    : pumice::impl::ExpandNonlinearBase<ExpandNonlinearPass> {
  void runOnOperation() override {
    SmallVector<pum::NonlinearOp> ops;
    getOperation().walk([&](pum::NonlinearOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (pum::NonlinearOp op : ops) {
      if (op.getMethod() != pum::NonlinearMethod::digital) {
        op.emitOpError("cannot be expanded: method ")
            << stringifyNonlinearMethod(op.getMethod())
            << " is not digital (pum-fit-nets)";
        return signalPassFailure();
      }
      LDBG() << "expands " << stringifyNonlinearKind(op.getKind()) << " at "
             << op.getLoc();
      // Each op says where it comes from, also after it is fused.
      op.getBody().walk([&](Operation *nested) {
        nested->setLoc(
            FusedLoc::get({nested->getLoc()}, op.getKindAttr(), &getContext()));
      });
      pum::YieldOp yield = op.getYield();
      rewriter.inlineBlockBefore(&op.getBody().front(), op, op.getInputs());
      rewriter.replaceOp(op, yield.getValues());
      rewriter.eraseOp(yield);
    }
  }
};

} // namespace
