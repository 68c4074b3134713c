// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Digital/RegionEvaluator.h"
#include "lib/Digital/Registration.h"
#include "lib/Transforms/PUM/Passes.h"

#include "llvm/Support/DebugLog.h"
#include "llvm/Support/Format.h"

#define DEBUG_TYPE "pum-sample-nonlinear"

namespace pumice {
#define GEN_PASS_DEF_PUMSAMPLENONLINEAR
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// Elements of a tensor of f32 of static shape; 0 for other types.
int64_t elementsOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getElementType().isF32()
             ? tensor.getNumElements()
             : 0;
}

struct PUMSampleNonlinearPass
    : pumice::impl::PUMSampleNonlinearBase<PUMSampleNonlinearPass> {
  using PUMSampleNonlinearBase::PUMSampleNonlinearBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    digital::registerDigitalDialects(registry);
  }

  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (count < 2) {
      getOperation().emitError("expected at least 2 points, got ")
          << count.getValue();
      return signalPassFailure();
    }
    digital::RegionEvaluator evaluator(&getContext());
    SmallVector<pum::NonlinearOp> functions;
    getOperation().walk([&](pum::NonlinearOp op) {
      if (op.getInputs().size() != 1 || op.getResults().size() != 1 ||
          !elementsOf(op.getInputs()[0].getType()) ||
          !elementsOf(op.getResults()[0].getType()))
        return;
      LDBG() << "sample " << pum::stringifyNonlinearKind(op.getKind()) << " at "
             << op.getLoc();
      evaluator.add(op.getBody());
      functions.push_back(op);
    });
    if (llvm::Error error = evaluator.compile()) {
      getOperation().emitError() << llvm::toString(std::move(error));
      return signalPassFailure();
    }
    for (auto [i, op] : llvm::enumerate(functions)) {
      const int64_t inputs = elementsOf(op.getInputs()[0].getType());
      const int64_t outputs = elementsOf(op.getResults()[0].getType());
      std::vector<float> points, in, out(count * outputs);
      for (unsigned k = 0; k < count; ++k) {
        points.push_back(low + (high - low) * k / (count - 1));
        in.insert(in.end(), inputs, points.back());
      }
      if (llvm::Error error =
              evaluator.evaluate(i, {in.data()}, {}, {out.data()}, count)) {
        op.emitOpError() << llvm::toString(std::move(error));
        return signalPassFailure();
      }
      for (unsigned k = 0; k < count; ++k) {
        std::string text;
        llvm::raw_string_ostream(text)
            << llvm::format("(%g) = %g", points[k], out[k * outputs]);
        op.emitRemark() << pum::stringifyNonlinearKind(op.getKind()) << text;
      }
    }
  }
};

} // namespace
