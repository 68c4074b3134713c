// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Passes.h"

#include "lib/Digital/Evaluate.h"
#include "lib/Digital/Registration.h"

namespace pumice {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;

namespace {
struct FoldConstantsPass : pumice::impl::FoldConstantsBase<FoldConstantsPass> {
  // The compiler lowers a copy of the function through these dialects.
  void getDependentDialects(DialectRegistry &registry) const override {
    FoldConstantsBase::getDependentDialects(registry);
    pumice::digital::registerDigitalDialects(registry);
  }
  void runOnOperation() override {
    if (failed(pumice::digital::foldConstantSubgraphs(getOperation())))
      signalPassFailure();
  }
};
} // namespace
