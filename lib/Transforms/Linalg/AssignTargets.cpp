// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/IntegerLayer.h"
#include "lib/Device/Device.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "assign-targets"

namespace pumice {
#define GEN_PASS_DEF_ASSIGNTARGETS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// The target of a layer and, if it is the digital unit, the reason.
struct Assignment {
  LayerTarget target;
  std::string reason = {};
};

struct AssignTargetsPass : pumice::impl::AssignTargetsBase<AssignTargetsPass> {
  using AssignTargetsBase::AssignTargetsBase;

  void runOnOperation() override {
    device = deviceOf(getOperation());
    FailureOr<SmallVector<TargetChoice>> choices =
        readTargetChoices(getOperation(), targets, device);
    if (failed(choices))
      return signalPassFailure();
    WalkResult result = getOperation().walk(
        [&](linalg::LinalgOp op) { return WalkResult(assign(op, *choices)); });
    if (result.wasInterrupted())
      return signalPassFailure();
    // Searches are raised before (ap-raise-searches).
    getOperation().walk([&](ap::CamSearchOp op) {
      if (TargetChoice *choice =
              findTargetChoice(*choices, namesOf(op.getLoc()).layer))
        choice->isUsed = true;
    });
    for (const TargetChoice &choice : *choices)
      if (choice.isExact && !choice.isUsed) {
        getOperation().emitError("targets: '")
            << choice.text << "' does not name a layer";
        return signalPassFailure();
      }
  }

private:
  LogicalResult assign(linalg::LinalgOp op,
                       MutableArrayRef<TargetChoice> choices) {
    std::string name = namesOf(op->getLoc()).layer;
    TargetChoice *choice = findTargetChoice(choices, name);
    // Keep existing targets.
    if (pum::targetOf(op)) {
      if (choice)
        choice->isUsed = true;
      return success();
    }
    const StringRef group = choice ? StringRef(choice->group) : "";
    std::string why;
    std::optional<IntegerLayer> layer = matchIntegerLayer(
        op, device && takesTemporaryWeights(device, crossbarsOr(group)), why);
    bool isRemarked = layer || !why.empty();
    if (!layer && why.empty())
      why = whyNoIntegerLayer(op);
    if (!layer && why.empty())
      return success(); // not a product
    if (choice)
      choice->isUsed = true;

    Assignment assignment{LayerTarget::digital, why};
    if (layer)
      assignment = choice ? chosen(*layer, *choice) : bestOf(*layer);
    if (choice && choice->isExact && !choice->isAuto &&
        choice->target != assignment.target)
      return op->emitError("cannot be assigned to ")
             << stringifyLayerTarget(choice->target)
             << " as targets asks: " << assignment.reason;
    LDBG() << name << " -> " << stringifyLayerTarget(assignment.target)
           << (assignment.reason.empty() ? "" : ": ") << assignment.reason;
    op->setAttr(
        pum::targetAttrName,
        pum::TargetAttr::get(
            &getContext(), assignment.target,
            choice && choice->target == assignment.target ? group : ""));
    if (assignment.target != LayerTarget::digital) {
      ++(assignment.target == LayerTarget::ap ? numProcessors : numCrossbars);
      return success();
    }
    ++numDigital;
    if (isRemarked && !(choice && choice->target == LayerTarget::digital))
      op->emitRemark("stays on the digital unit: ") << assignment.reason;
    // Keep the reason why it did not become an integer layer: it is more
    // specific.
    if (!op->hasAttr(pum::reasonAttrName))
      op->setAttr(pum::reasonAttrName,
                  StringAttr::get(&getContext(), assignment.reason));
    return success();
  }

  /// The name of a group if it has crossbars, else an empty one.
  StringRef crossbarsOr(StringRef group) const {
    return device && targetOfGroup(device, group) == LayerTarget::crossbar
               ? group
               : "";
  }

  /// Ternary layers are assigned to processors and others to crossbars, if the
  /// device has them. Without a device, every layer is assigned to crossbars.
  Assignment bestOf(const IntegerLayer &layer) {
    std::string why;
    if (device && hasProcessors(device) && matchTernaryLayer(layer, why))
      return {LayerTarget::ap};
    if (!device || hasCrossbars(device))
      return {LayerTarget::crossbar};
    return {LayerTarget::digital, why};
  }

  Assignment chosen(const IntegerLayer &layer, const TargetChoice &choice) {
    if (choice.isAuto) // choose-targets has not run
      return bestOf(layer);
    if (choice.target == LayerTarget::digital)
      return {choice.target, "it is assigned to the digital unit"};
    std::string why = whyNotOn(choice.target, layer, device);
    return why.empty() ? Assignment{choice.target}
                       : Assignment{LayerTarget::digital, std::move(why)};
  }

  pum::DeviceAttr device;
};

} // namespace
