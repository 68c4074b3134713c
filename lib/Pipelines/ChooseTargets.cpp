// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ChooseTargets.cpp - Layers to the cheapest units ---------*- C++ -*-===//
#include "dialects/PUM/Reason.h"
#include "lib/Conversion/Passes.h"
#include "lib/Cost/CostModel.h"
#include "lib/Cost/Objective.h"
#include "lib/Device/Device.h"
#include "lib/Pipelines/Passes.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"

#include <map>

#define DEBUG_TYPE "choose-targets"

namespace pumice {
#define GEN_PASS_DEF_CHOOSETARGETS
#include "lib/Pipelines/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// What a layer costs with the elementwise ops behind it.
struct LayerCost {
  double energyPj = 0;
  double latencyPs = 0;
};

/// A group of units that may compute layers.
struct Candidate {
  std::string group;
  LayerTarget target;
};

struct ChooseTargetsPass : pumice::impl::ChooseTargetsBase<ChooseTargetsPass> {
  using ChooseTargetsBase::ChooseTargetsBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    ChooseTargetsBase::getDependentDialects(registry);
    OpPassManager manager(ModuleOp::getOperationName());
    addPasses(manager);
    manager.getDependentDialects(registry);
  }

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  /// The layers with one name, and the units that can compute all of them.
  struct Layer {
    SmallVector<linalg::LinalgOp> ops;
    SmallVector<bool> canRun; ///< by candidate
  };

  LogicalResult run() {
    if (!isObjective(objective))
      return getOperation().emitError(
                 "expected an objective of energy, latency "
                 "or energy-delay, got '")
             << objective.getValue() << "'";
    device = deviceOf(getOperation());
    candidates.clear();
    layers.clear();
    FailureOr<SmallVector<TargetChoice>> choices =
        readTargetChoices(getOperation(), targets, device);
    if (failed(choices))
      return failure();
    if (llvm::none_of(*choices,
                      [](const TargetChoice &each) { return each.isAuto; }))
      return success();
    if (!device)
      return getOperation().emitError(
          "targets: 'auto' needs a device on the module, got none");
    findCandidates();
    findLayers(*choices);
    for (const TargetChoice &choice : *choices)
      if (choice.isAuto && choice.isExact && !choice.isUsed)
        return getOperation().emitError("targets: '")
               << choice.text << "' does not name an integer layer";
    if (!layers.empty())
      choose();
    return success();
  }

  void findCandidates() {
    for (const model::UnitGroup &group : toSpec(device).groups) {
      std::optional<LayerTarget> target = targetOfGroup(device, group.name);
      if (target && *target != LayerTarget::cam)
        candidates.push_back({group.name, *target});
    }
  }

  void findLayers(MutableArrayRef<TargetChoice> choices) {
    getOperation().walk([&](linalg::LinalgOp op) {
      const std::string name = namesOf(op->getLoc()).layer;
      TargetChoice *choice = findTargetChoice(choices, name);
      if (!choice || !choice->isAuto)
        return;
      if (pum::targetOf(op)) {
        choice->isUsed = true;
        return;
      }
      std::string why;
      std::optional<IntegerLayer> layer =
          matchIntegerLayer(op, takesTemporaryWeights(device), why);
      if (!layer)
        return;
      choice->isUsed = true;
      Layer &found = layers[name];
      found.canRun.resize(candidates.size(), true);
      found.ops.push_back(op);
      for (auto [candidate, canRun] : llvm::zip(candidates, found.canRun))
        canRun &= canCompute(candidate, op, *layer);
    });
  }

  bool canCompute(const Candidate &candidate, linalg::LinalgOp op,
                  const IntegerLayer &layer) {
    std::string why;
    // Whether weights may be temporary depends on the group.
    if (candidate.target == LayerTarget::crossbar &&
        !matchIntegerLayer(op, takesTemporaryWeights(device, candidate.group),
                           why))
      return false;
    return whyNotOn(candidate.target, layer, device).empty();
  }

  void choose() {
    SmallVector<std::optional<llvm::StringMap<LayerCost>>> costs;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const bool isWanted = llvm::any_of(
          layers, [&](const auto &entry) { return entry.second.canRun[i]; });
      costs.push_back(isWanted ? costsOn(i) : std::nullopt);
    }
    for (auto &[name, layer] : layers) {
      std::optional<size_t> best;
      double least = 0;
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (!layer.canRun[i] || !costs[i] || !costs[i]->contains(name))
          continue;
        const LayerCost cost = costs[i]->lookup(name);
        const double score = scoreOf(objective, cost.energyPj, cost.latencyPs);
        LDBG() << name << " on " << candidates[i].group << ": " << score;
        if (!best || score < least) {
          best = i;
          least = score;
        }
      }
      if (!best)
        continue; // as assign-targets decides
      const Candidate &chosen = candidates[*best];
      for (linalg::LinalgOp op : layer.ops) {
        ++numChosen;
        setTarget(op, chosen);
        if (chosen.target == LayerTarget::digital)
          op->setAttr(pum::reasonAttrName,
                      StringAttr::get(&getContext(),
                                      "the digital unit computes it with the "
                                      "least " +
                                          objective.getValue()));
      }
    }
  }

  void setTarget(Operation *op, const Candidate &candidate) {
    op->setAttr(
        pum::targetAttrName,
        pum::TargetAttr::get(&getContext(), candidate.target, candidate.group));
  }

  void addPasses(OpPassManager &manager) const {
    AssignTargetsOptions others;
    others.targets.assign(targets.begin(), targets.end());
    manager.addNestedPass<func::FuncOp>(createAssignTargets(others));
    addLayersToUnits(manager, {apShare, apLayout, apThreads, "latency"});
    manager.addPass(createConvertCrossbarToPUM());
  }

  /// What layers cost if all that can run on a candidate do. Nothing if the
  /// module cannot be compiled that way.
  std::optional<llvm::StringMap<LayerCost>> costsOn(size_t index) {
    const Candidate &candidate = candidates[index];
    IRMapping mapping;
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(getOperation()->clone(mapping));
    for (auto &[name, layer] : layers)
      if (layer.canRun[index])
        for (linalg::LinalgOp op : layer.ops)
          setTarget(mapping.lookup(op.getOperation()), candidate);
    // What is not chosen is not reported.
    ScopedDiagnosticHandler quiet(&getContext(),
                                  [](Diagnostic &) { return success(); });
    PassManager manager(&getContext());
    addPasses(manager);
    if (failed(manager.run(*copy))) {
      LDBG() << "cannot be compiled for " << candidate.group;
      return std::nullopt;
    }
    CostModel model(toSpec(device), apThreads);
    llvm::StringMap<LayerCost> found;
    bool isComplete = true;
    copy->walk([&](TaskOpInterface op) {
      const std::string name = namesOf(op->getLoc()).layer;
      if (!layers.count(name) || !computesLayer(op))
        return;
      // Units differ in how much of what follows a layer they compute too.
      llvm::SmallSetVector<Operation *, 4> tasks;
      tasks.insert(op.getOperation());
      for (Operation *user : op->getUsers())
        if (isa<pum::DigitalOp>(user) && !computesLayer(user))
          tasks.insert(user);
      for (Operation *task : tasks) {
        llvm::Expected<model::Cost> cost = model.costOf(task);
        if (!cost) {
          LDBG() << llvm::toString(cost.takeError());
          isComplete = false;
          return;
        }
        LayerCost &own = found[name];
        own.energyPj += model::total(cost->energyPj);
        own.latencyPs += static_cast<double>(cost->latencyPs);
      }
    });
    if (!isComplete)
      return std::nullopt;
    return found;
  }

  /// Whether a task computes a layer, and not only elementwise ops.
  static bool computesLayer(Operation *task) {
    if (isa<pum::ComputeOp>(task))
      return true;
    auto digital = dyn_cast<pum::DigitalOp>(task);
    if (!digital)
      return false;
    return llvm::any_of(
        digital.getBody().getOps<linalg::LinalgOp>(),
        [](linalg::LinalgOp op) { return op.getNumReductionLoops() != 0; });
  }

  pum::DeviceAttr device;
  SmallVector<Candidate> candidates;
  std::map<std::string, Layer> layers;
};

} // namespace
