// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ChooseTargets.cpp - Layers to the cheapest units ---------*- C++ -*-===//
#include "dialects/PUM/Reason.h"
#include "lib/Conversion/Passes.h"
#include "lib/Cost/CostModel.h"
#include "lib/Cost/Objective.h"
#include "lib/Device/Device.h"
#include "lib/Pipelines/GroupAssignment.h"
#include "lib/Pipelines/Passes.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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
  /// Arrays that hold its constant weights, and what writing these takes.
  int64_t arrays = 0;
  double writePj = 0;
  double writePs = 0;
};

/// What layers cost on a group, and the arrays that other layers take there.
struct GroupCosts {
  llvm::StringMap<LayerCost> layers;
  int64_t arraysOfOthers = 0;
};

/// A group of units that may compute layers.
struct Candidate {
  std::string group;
  LayerTarget target;
  std::optional<int64_t> arrays; ///< of crossbars; none: no limit
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
    spec = toSpec(device);
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
    for (const model::UnitGroup &group : spec.groups) {
      std::optional<LayerTarget> target = targetOfGroup(device, group.name);
      if (target && *target != LayerTarget::cam)
        candidates.push_back({group.name, *target,
                              group.crossbar() ? group.count() : std::nullopt});
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
    std::vector<std::optional<int64_t>> arrays;
    std::vector<std::string> names;
    std::vector<std::vector<LayerChoice>> choices(layers.size());
    for (const auto &entry : layers)
      names.push_back(entry.first);
    for (size_t i = 0; i < candidates.size(); ++i) {
      const bool isWanted = llvm::any_of(
          layers, [&](const auto &entry) { return entry.second.canRun[i]; });
      const std::optional<GroupCosts> costs =
          isWanted ? costsOn(i) : std::nullopt;
      arrays.push_back(candidates[i].arrays);
      if (!costs)
        continue;
      if (arrays.back())
        *arrays.back() =
            std::max<int64_t>(0, *arrays.back() - costs->arraysOfOthers);
      for (auto [l, name] : llvm::enumerate(names))
        if (auto found = costs->layers.find(name);
            layers[name].canRun[i] && found != costs->layers.end())
          addChoices(choices[l], i, found->second, name);
    }
    const std::vector<std::optional<size_t>> best =
        assignToGroups(choices, arrays);
    for (auto [l, name] : llvm::enumerate(names)) {
      if (!best[l])
        continue; // as assign-targets decides
      const Candidate &chosen = candidates[choices[l][*best[l]].group];
      LDBG() << name << ": " << chosen.group
             << (choices[l][*best[l]].isRewritten ? ", rewritten" : "");
      for (linalg::LinalgOp op : layers[name].ops) {
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

  /// Weights that stay, and weights that are written in each inference.
  void addChoices(std::vector<LayerChoice> &choices, size_t candidate,
                  const LayerCost &cost, StringRef name) {
    const int group = static_cast<int>(candidate);
    const double stays = scoreOf(objective, cost.energyPj, cost.latencyPs);
    choices.push_back({group, cost.arrays, false, stays});
    const double rewritten = scoreOf(objective, cost.energyPj + cost.writePj,
                                     cost.latencyPs + cost.writePs);
    if (cost.arrays)
      choices.push_back({group, cost.arrays, true, rewritten});
    LDBG() << name << " on " << candidates[candidate].group << ": " << stays
           << ", rewritten " << rewritten << ", arrays " << cost.arrays;
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
  std::optional<GroupCosts> costsOn(size_t index) {
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
    CostModel model(spec, apThreads);
    GroupCosts found;
    bool isComplete = true;
    const auto costOf = [&](Operation *task) {
      llvm::Expected<model::Cost> cost = model.costOf(task);
      if (!cost) {
        LDBG() << llvm::toString(cost.takeError());
        isComplete = false;
        return model::Cost();
      }
      return std::move(*cost);
    };
    copy->walk([&](TaskOpInterface op) {
      const std::string name = namesOf(op->getLoc()).layer;
      if (auto program = dyn_cast<pum::ProgramOp>(op.getOperation())) {
        if (pum::targetGroupOf(program) == candidate.group &&
            !layers.count(name))
          found.arraysOfOthers += program.getTiling().getArrays();
        return;
      }
      if (!layers.count(name) || !computesLayer(op))
        return;
      LayerCost &own = found.layers[name];
      // Units differ in how much of what follows a layer they compute too.
      llvm::SmallSetVector<Operation *, 4> tasks;
      tasks.insert(op.getOperation());
      for (Operation *user : op->getUsers())
        if (isa<pum::DigitalOp>(user) && !computesLayer(user))
          tasks.insert(user);
      for (Value input : op->getOperands()) {
        auto program = input.getDefiningOp<pum::ProgramOp>();
        if (!program)
          continue;
        // Temporary weights are written in any case.
        if (!program.getWeights().getDefiningOp<arith::ConstantOp>()) {
          tasks.insert(program);
          continue;
        }
        const model::Cost cost = costOf(program);
        own.arrays += program.getTiling().getArrays();
        own.writePj += model::total(cost.energyPj);
        own.writePs += static_cast<double>(cost.latencyPs);
      }
      for (Operation *task : tasks) {
        const model::Cost cost = costOf(task);
        own.energyPj += model::total(cost.energyPj);
        own.latencyPs += static_cast<double>(cost.latencyPs);
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
  model::DeviceSpec spec;
  SmallVector<Candidate> candidates;
  std::map<std::string, Layer> layers;
};

} // namespace
