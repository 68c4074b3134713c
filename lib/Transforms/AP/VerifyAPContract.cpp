// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Device/Device.h"
#include "lib/Model/AP/Microprogram.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/Searches.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "verify-ap-contract"

namespace pumice {
#define GEN_PASS_DEF_VERIFYAPCONTRACT
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {
struct VerifyAPContractPass
    : pumice::impl::VerifyAPContractBase<VerifyAPContractPass> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    WalkResult result = getOperation().walk([&](Operation *op) {
      auto layer = dyn_cast<LayerOpInterface>(op);
      if (layer && layer.getTarget() == LayerTarget::ap &&
          !isa<ap::RunOp, ap::LookupOp>(op)) {
        op->emitOpError("is not compiled (ap-compile-programs)");
        return WalkResult::interrupt();
      }
      if (auto run = dyn_cast<ap::RunOp>(op))
        return verify(run);
      if (auto search = dyn_cast<ap::CamSearchOp>(op))
        return verify(search);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  WalkResult verify(ap::CamSearchOp op) {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return WalkResult::interrupt();
    if (!op.getMapping()) {
      op.emitOpError("has no mapping (ap-map-searches)");
      return WalkResult::interrupt();
    }
    const StringRef name = pum::targetGroupOf(op);
    std::optional<model::CamSpec> cam = camsOf(*device, name);
    if (!cam) {
      op.emitOpError("searches content-addressable memories, but device '")
          << device->getName() << "' has no such group";
      return WalkResult::interrupt();
    }
    if (llvm::Error error =
            model::verifyMapping(*cam, searchSpecOf(op), searchMappingOf(op))) {
      op.emitOpError(llvm::toString(std::move(error)));
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  }

  WalkResult verify(ap::RunOp op) {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return WalkResult::interrupt();
    std::optional<model::APSpec> ap =
        processorsOf(*device, pum::targetGroupOf(op));
    if (!ap) {
      op.emitOpError("runs on associative processors, but device '")
          << device->getName() << "' has none";
      return WalkResult::interrupt();
    }
    std::optional<std::vector<int8_t>> bytes = codesOf(op.getProgram());
    if (!bytes) {
      op.emitOpError("has a microprogram without data");
      return WalkResult::interrupt();
    }
    llvm::Expected<model::APMicroprogram> program = model::decode(
        {reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size()});
    if (!program) {
      op.emitOpError(llvm::toString(program.takeError()));
      return WalkResult::interrupt();
    }
    if (program->columns > ap->columns || program->domains > ap->domains) {
      op.emitOpError("has a microprogram for ")
          << program->columns << " columns of " << program->domains
          << " domains, but device '" << device->getName() << "' has "
          << ap->columns << " of " << ap->domains;
      return WalkResult::interrupt();
    }
    const bool isCodes = op.getType().getElementType().isInteger(8);
    if (isCodes != (program->codeBits > 0)) {
      op.emitOpError("has a result of ")
          << op.getType().getElementType() << ", but its microprogram computes "
          << (isCodes ? "sums" : "quantized values");
      return WalkResult::interrupt();
    }
    LDBG() << "checked a microprogram of " << program->operations()
           << " operations: " << op.getLoc();
    return WalkResult::advance();
  }
};
} // namespace
