// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Reason.h"
#include "lib/Device/Device.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/SearchPlan.h"
#include "lib/Transforms/AP/SplitSums.h"
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-raise-searches"

namespace pumice {
#define GEN_PASS_DEF_APRAISESEARCHES
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct APRaiseSearchesPass
    : pumice::impl::APRaiseSearchesBase<APRaiseSearchesPass> {
  using APRaiseSearchesBase::APRaiseSearchesBase;

  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    if (!device || !hasCams(device))
      return;
    FailureOr<SmallVector<TargetChoice>> choices =
        readTargetChoices(getOperation(), targets, device);
    if (failed(choices))
      return signalPassFailure();
    SmallVector<linalg::MatmulOp> products;
    getOperation().walk([&](linalg::MatmulOp op) { products.push_back(op); });
    for (linalg::MatmulOp op : products)
      splitSum(op);
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    llvm::DenseSet<Operation *> erased;
    reasons.clear();
    for (linalg::LinalgOp op : ops)
      if (!erased.contains(op))
        raise(op, device, *choices, erased);
    for (const TargetChoice &choice : *choices) {
      auto left = reasons.find(choice.text);
      if (choice.isUsed || left == reasons.end())
        continue;
      left->second.first->emitError("cannot be assigned to ")
          << stringifyLayerTarget(choice.target)
          << " as targets asks: " << left->second.second;
      return signalPassFailure();
    }
  }

private:
  void raise(linalg::LinalgOp op, pum::DeviceAttr device,
             MutableArrayRef<TargetChoice> choices,
             llvm::DenseSet<Operation *> &erased) {
    const std::string name = namesOf(op->getLoc()).layer;
    TargetChoice *choice = findTargetChoice(choices, name);
    if (choice && choice->target != LayerTarget::cam)
      return;
    ScalarGraph graph;
    std::string why;
    std::optional<PairSum> sum = matchPairSum(op, graph, why);
    if (sum) {
      const StringRef group = choice ? StringRef(choice->group) : "";
      const model::CamSpec cam = *camsOf(device, group);
      if (std::optional<SearchPlan> plan =
              planSearch(std::move(*sum), cam, why)) {
        if (choice)
          choice->isUsed = true;
        if (choice && !choice->group.empty())
          op->setAttr(pum::targetAttrName,
                      pum::TargetAttr::get(&getContext(), LayerTarget::cam,
                                           choice->group));
        emitSearch(*plan);
        ++numSearches;
        if (!why.empty())
          op->emitRemark("is ranked on the digital unit: ") << why;
        eraseDead(erased);
        return;
      }
    }
    if (why.empty())
      return;
    if (choice && choice->isExact) {
      reasons[choice->text] = {op, why};
      return;
    }
    LDBG() << "leaves the sum at " << op->getLoc() << ": " << why;
    op->emitRemark("is not a search of stored words: ") << why;
    op->setAttr(pum::reasonAttrName,
                StringAttr::get(&getContext(),
                                "it is not a search of stored words: " + why));
    ++numLeft;
  }

  /// Why nothing of a layer that a choice names in full became a search.
  llvm::StringMap<std::pair<Operation *, std::string>> reasons;

  /// Erases what nothing reads any more, and so on.
  void eraseDead(llvm::DenseSet<Operation *> &erased) {
    bool isChanged = true;
    while (isChanged) {
      isChanged = false;
      SmallVector<Operation *> dead;
      getOperation().walk([&](Operation *op) {
        if (op->getParentOp() == getOperation() && op->use_empty() &&
            isOpTriviallyDead(op))
          dead.push_back(op);
      });
      for (Operation *op : dead) {
        erased.insert(op);
        op->erase();
        isChanged = true;
      }
    }
  }
};

} // namespace
