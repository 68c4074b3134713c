// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/IntegerLayer.h"
#include "lib/Device/Device.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "llvm/Support/DebugLog.h"
#include "llvm/Support/GlobPattern.h"

#define DEBUG_TYPE "assign-targets"

namespace pumice {
#define GEN_PASS_DEF_ASSIGNTARGETS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// The user's choice for some layers.
struct Choice {
  std::string text;         ///< as it was given
  llvm::GlobPattern layers; ///< of module paths
  bool isExact = false;     ///< names one layer
  LayerTarget target;
  bool isUsed = false;
};

/// Where a layer goes, and if that is the digital unit, why.
struct Assignment {
  LayerTarget target;
  std::string reason = {};
};

struct AssignTargetsPass : pumice::impl::AssignTargetsBase<AssignTargetsPass> {
  using AssignTargetsBase::AssignTargetsBase;

  void runOnOperation() override {
    device = deviceOf(getOperation());
    FailureOr<SmallVector<Choice>> choices = readChoices();
    if (failed(choices))
      return signalPassFailure();
    WalkResult result = getOperation().walk(
        [&](linalg::LinalgOp op) { return WalkResult(assign(op, *choices)); });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (const Choice &choice : *choices)
      if (choice.isExact && !choice.isUsed) {
        getOperation().emitError("targets: '")
            << choice.text << "' does not name a layer";
        return signalPassFailure();
      }
  }

private:
  FailureOr<SmallVector<Choice>> readChoices() {
    SmallVector<Choice> choices;
    for (const std::string &text : targets) {
      auto [layers, name] = StringRef(text).rsplit('=');
      std::optional<LayerTarget> target = symbolizeLayerTarget(name);
      if (layers.empty() || !target)
        return getOperation().emitError(
                   "targets: expected LAYER=crossbar, LAYER=ap or "
                   "LAYER=digital, got '")
               << text << "'";
      llvm::Expected<llvm::GlobPattern> pattern =
          llvm::GlobPattern::create(layers);
      if (!pattern)
        return getOperation().emitError("targets: '")
               << text << "': " << llvm::toString(pattern.takeError());
      choices.push_back({text, std::move(*pattern),
                         layers.find_first_of("*?[\\{") == StringRef::npos,
                         *target});
    }
    return choices;
  }

  LogicalResult assign(linalg::LinalgOp op, MutableArrayRef<Choice> choices) {
    // What a pass or the user has decided before stays.
    if (pum::targetOf(op))
      return success();
    std::string why;
    std::optional<IntegerLayer> layer =
        matchIntegerLayer(op, device && takesTemporaryWeights(device), why);
    bool isRemarked = layer || !why.empty();
    if (!layer && why.empty())
      why = whyNoIntegerLayer(op);
    if (!layer && why.empty())
      return success(); // no product
    std::string name = namesOf(op->getLoc()).layer;
    Choice *choice = llvm::find_if(choices, [&](const Choice &choice) {
      return choice.layers.match(name);
    });
    if (choice == choices.end())
      choice = nullptr;
    if (choice)
      choice->isUsed = true;

    Assignment assignment{LayerTarget::digital, why};
    if (layer)
      assignment = choice ? chosen(*layer, choice->target) : bestOf(*layer);
    if (choice && choice->isExact && choice->target != assignment.target)
      return op->emitError("cannot be assigned to ")
             << stringifyLayerTarget(choice->target)
             << " as targets asks: " << assignment.reason;
    LDBG() << name << " -> " << stringifyLayerTarget(assignment.target)
           << (assignment.reason.empty() ? "" : ": ") << assignment.reason;
    op->setAttr(pum::targetAttrName,
                pum::LayerTargetAttr::get(&getContext(), assignment.target));
    if (assignment.target != LayerTarget::digital) {
      ++(assignment.target == LayerTarget::ap ? numProcessors : numCrossbars);
      return success();
    }
    ++numDigital;
    if (isRemarked && !(choice && choice->target == LayerTarget::digital))
      op->emitRemark("stays on the digital unit: ") << assignment.reason;
    // What kept it from becoming a layer of integers says more.
    if (!op->hasAttr(pum::reasonAttrName))
      op->setAttr(pum::reasonAttrName,
                  StringAttr::get(&getContext(), assignment.reason));
    return success();
  }

  /// Ternary layers go to processors, others to crossbars, as far as the device
  /// has them. Without a device, every layer goes to crossbars.
  Assignment bestOf(const IntegerLayer &layer) {
    std::string why;
    if (device && hasProcessors(device) && matchTernaryLayer(layer, why))
      return {LayerTarget::ap};
    if (!device || hasCrossbars(device))
      return {LayerTarget::crossbar};
    return {LayerTarget::digital, why};
  }

  Assignment chosen(const IntegerLayer &layer, LayerTarget target) {
    std::string why;
    switch (target) {
    case LayerTarget::crossbar:
      if (device && !hasCrossbars(device))
        return {LayerTarget::digital, "the device has no crossbars"};
      break;
    case LayerTarget::ap:
      if (!device || !hasProcessors(device))
        return {LayerTarget::digital,
                "the device has no associative processors"};
      if (!matchTernaryLayer(layer, why))
        return {LayerTarget::digital, why};
      break;
    case LayerTarget::digital:
      return {target, "it is assigned to the digital unit"};
    }
    return {target};
  }

  pum::DeviceAttr device;
};

} // namespace
