// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/Passes.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "verify-crossbar-contract"

namespace pumice {
#define GEN_PASS_DEF_VERIFYCROSSBARCONTRACT
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {
struct VerifyCrossbarContractPass
    : pumice::impl::VerifyCrossbarContractBase<VerifyCrossbarContractPass> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    getOperation().walk([&](Operation *op) {
      auto layer = dyn_cast<LayerOpInterface>(op);
      if (layer && layer.getTarget() == LayerTarget::crossbar &&
          !layer.getGridType()) {
        op->emitOpError("reads weights, expected a grid of arrays "
                        "(crossbar-tile-to-arrays)");
        signalPassFailure();
      }
      if (auto apply = dyn_cast<crossbar::ApplyOp>(op);
          apply && apply.getGrids().empty()) {
        op->emitOpError("has no arrays, expected grids "
                        "(crossbar-map-functions)");
        signalPassFailure();
      }
      if (isa<pum::NonlinearOp>(op)) {
        op->emitOpError("is not expanded (expand-nonlinear)");
        signalPassFailure();
      } else if (auto program = dyn_cast<crossbar::ProgramOp>(op)) {
        LDBG() << "check " << program.getGrid().getType() << " at "
               << program.getLoc();
        if (!isConstantData(program.getWeights()) &&
            !takesTemporaryWeights(*device, pum::targetGroupOf(program))) {
          program.emitOpError("programs weights that are not constant, which "
                              "needs a device with dynamic_matmul = crossbar");
          signalPassFailure();
        }
      }
    });
  }
};
} // namespace
