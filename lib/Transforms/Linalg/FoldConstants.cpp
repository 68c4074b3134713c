// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Passes.h"

#include "lib/Digital/Evaluate.h"
#include "lib/Digital/Registration.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "fold-constants"

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
    func::FuncOp function = getOperation();
    auto countOps = [&] {
      size_t count = 0;
      for (Block &block : function.getBody())
        count += block.getOperations().size();
      return count;
    };
    [[maybe_unused]] size_t before = countOps();
    if (failed(pumice::digital::foldConstantSubgraphs(function)))
      return signalPassFailure();
    LDBG() << "@" << function.getName() << " had " << before << " ops, has "
           << countOps();
  }
};
} // namespace
