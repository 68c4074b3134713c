// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/Searches.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-map-searches"

namespace pumice {
#define GEN_PASS_DEF_APMAPSEARCHES
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

model::SearchKind pumice::searchKindOf(ap::SearchKind kind) {
  switch (kind) {
  case ap::SearchKind::distances:
    return model::SearchKind::distances;
  case ap::SearchKind::within:
    return model::SearchKind::within;
  case ap::SearchKind::best:
    return model::SearchKind::best;
  }
  llvm_unreachable("unknown kind of search");
}

model::SearchSpec pumice::searchSpecOf(ap::CamSearchOp op) {
  model::SearchSpec spec;
  spec.kind = searchKindOf(op.getKind());
  ArrayRef<int64_t> words = op.getTable().getShapedType().getShape();
  spec.queries = op.getQueries().getType().getDimSize(0);
  spec.rows = words[0];
  spec.bits = words[1];
  spec.limit = op.getLimit();
  if (spec.kind == model::SearchKind::best)
    spec.count = op.getDistances().getType().getDimSize(1);
  return spec;
}

model::SearchMapping pumice::searchMappingOf(ap::CamSearchOp op) {
  model::SearchMapping mapping;
  ap::CamMappingAttr attr = *op.getMapping();
  mapping.partBits = attr.getPartBits();
  mapping.parts = attr.getParts();
  mapping.rowBlocks = attr.getRowBlocks();
  mapping.stacked = attr.getStacked();
  mapping.serial = attr.getSerial();
  return mapping;
}

namespace {
struct APMapSearchesPass : pumice::impl::APMapSearchesBase<APMapSearchesPass> {
  using APMapSearchesBase::APMapSearchesBase;

  void runOnOperation() override {
    std::optional<model::SearchGoal> wanted = model::parseSearchGoal(goal);
    if (!wanted) {
      getOperation().emitError(
          "goal: expected latency, power or density, got '")
          << goal << "'";
      return signalPassFailure();
    }
    WalkResult result = getOperation().walk([&](ap::CamSearchOp op) {
      return op.getMapping() ? WalkResult::advance() : map(op, *wanted);
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  WalkResult map(ap::CamSearchOp op, model::SearchGoal wanted) {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return WalkResult::interrupt();
    std::optional<model::CamSpec> cam = camsOf(*device, pum::targetGroupOf(op));
    if (!cam) {
      op.emitOpError("searches content-addressable memories, but device '")
          << device->getName() << "' has no such group";
      return WalkResult::interrupt();
    }
    llvm::Expected<model::SearchMapping> mapping =
        model::mapSearch(*cam, searchSpecOf(op), wanted);
    if (!mapping) {
      op.emitOpError(llvm::toString(mapping.takeError()));
      return WalkResult::interrupt();
    }
    op.setMappingAttr(ap::CamMappingAttr::get(
        &getContext(), mapping->partBits, mapping->parts, mapping->rowBlocks,
        mapping->stacked, mapping->serial));
    LDBG() << op.getMappingAttr() << " for " << op.getLoc();
    ++numSearches;
    return WalkResult::advance();
  }
};
} // namespace
