// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "dialects/PUM/Kept.h"
#include "lib/Cost/CostModel.h"
#include "lib/Cost/Objective.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/DebugLog.h"
#include <map>

#define DEBUG_TYPE "pum-keep-codes"

namespace pumice {
#define GEN_PASS_DEF_PUMKEEPCODES
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// The microprogram that a task runs; null: it does something else.
ap::RunOp runOf(Operation *op) {
  auto task = dyn_cast<pum::ComputeOp>(op);
  return task ? dyn_cast<ap::RunOp>(task.getBody().front().front())
              : ap::RunOp();
}

/// Decides for the tasks of one function, in program order.
class Keeper {
public:
  Keeper(CostModel &costs, StringRef objective)
      : costs(costs), objective(objective) {}

  /// Returns why the results leave the processors; empty: they stay.
  std::string decide(pum::ComputeOp task) {
    llvm::SmallSetVector<Operation *, 2> readers;
    for (Operation *user : task.getResults().front().getUsers())
      if (!isa<pum::ProbeOp>(user))
        readers.insert(user);
    for (Operation *reader : readers) {
      if (!runOf(reader))
        return "'" + reader->getName().getStringRef().str() + "' reads them";
      if (pum::targetGroupOf(reader) != pum::targetGroupOf(task))
        return "a task of another group reads them";
    }
    if (readers.empty())
      return "no task reads them";
    Operation *last = *llvm::max_element(
        readers, [](auto *a, auto *b) { return a->isBeforeInBlock(b); });
    // Cheap to find out, and most are refused here.
    if (std::string why = whyNoRoom(task, last); !why.empty())
      return why;
    std::string why;
    std::optional<double> before = scoreOf(task, readers, why);
    if (!before)
      return why;
    pum::setKept(task, true);
    std::optional<double> after = scoreOf(task, readers, why);
    if (!after || *after >= *before) {
      pum::setKept(task, false);
      if (!after)
        return why;
      return llvm::formatv("links would cost more {0}: {1:e4} instead of "
                           "{2:e4}",
                           objective, *after, *before)
          .str();
    }
    LDBG() << "stay, " << objective << " " << *after << " instead of "
           << *before << ": " << task.getLoc();
    held.push_back({task, last, processorsOf(task)});
    return "";
  }

  /// Holds the processors of a task whose results stay already.
  void hold(pum::ComputeOp task) {
    Operation *last = task;
    for (Operation *user : task.getResults().front().getUsers())
      if (!isa<pum::ProbeOp>(user) && last->isBeforeInBlock(user))
        last = user;
    held.push_back({task, last, processorsOf(task)});
  }

private:
  struct Held {
    Operation *first, *last;
    int64_t processors;
  };

  /// Energy, latency or their product of a task and its readers.
  std::optional<double>
  scoreOf(pum::ComputeOp task,
          const llvm::SmallSetVector<Operation *, 2> &readers,
          std::string &why) {
    double energyPj = 0, latencyPs = 0;
    SmallVector<Operation *> tasks{task};
    llvm::append_range(tasks, readers);
    for (Operation *op : tasks) {
      auto [known, isNew] = scores.try_emplace({op, keptAround(op)});
      if (isNew) {
        llvm::Expected<model::Cost> cost = costs.costOf(op);
        if (!cost) {
          scores.erase(known);
          why = llvm::toString(cost.takeError());
          return std::nullopt;
        }
        known->second = {model::total(cost->energyPj), double(cost->latencyPs)};
      }
      energyPj += known->second.first;
      latencyPs += known->second.second;
    }
    return pumice::scoreOf(objective, energyPj, latencyPs);
  }

  /// What decides the cost of a task here: whether its own results stay (bit
  /// 0), and those that it reads.
  static uint64_t keptAround(Operation *op) {
    uint64_t bits = pum::isKept(op);
    for (auto [place, operand] : llvm::enumerate(op->getOperands()))
      bits |= uint64_t(pum::isKept(operand.getDefiningOp()))
              << (1 + place % 63);
    return bits;
  }

  /// Processors that a task can make use of; 0: it runs elsewhere.
  int64_t processorsOf(Operation *op) {
    auto task = dyn_cast<pum::ComputeOp>(op);
    if (!task || !isa<ap::RunOp, ap::LookupOp>(task.getBody().front().front()))
      return 0;
    FailureOr<TaskWork> work = cast<TaskOpInterface>(op).getTaskWork();
    if (failed(work))
      return 0;
    llvm::Expected<int64_t> wanted = costs.processorsOf(*work);
    if (!wanted) {
      llvm::consumeError(wanted.takeError());
      return 0;
    }
    return *wanted;
  }

  /// Whether a task between has too few processors while results stay.
  std::string whyNoRoom(pum::ComputeOp task, Operation *last) {
    const std::string name = pum::targetGroupOf(task).str();
    const model::UnitGroup *group =
        name.empty() ? costs.device().firstAP() : costs.device().find(name);
    const std::optional<int64_t> count = group ? group->count() : std::nullopt;
    if (!count)
      return "";
    const int64_t own = processorsOf(task);
    for (Operation *op = task; op != last->getNextNode();
         op = op->getNextNode()) {
      const int64_t wanted = op == task ? 0 : processorsOf(op);
      if (op != task && op != last && !wanted)
        continue;
      int64_t taken = own + wanted;
      for (const Held &other : held)
        if (!op->isBeforeInBlock(other.first) &&
            !other.last->isBeforeInBlock(op))
          taken += other.processors;
      if (taken > *count)
        return llvm::formatv("{0} processors are needed at once, of {1}", taken,
                             *count)
            .str();
    }
    return "";
  }

  CostModel &costs;
  StringRef objective;
  std::vector<Held> held;
  /// Energy in pJ and latency in ps of tasks, by `keptAround`.
  std::map<std::pair<Operation *, uint64_t>, std::pair<double, double>> scores;
};

struct PUMKeepCodesPass : pumice::impl::PUMKeepCodesBase<PUMKeepCodesPass> {
  using PUMKeepCodesBase::PUMKeepCodesBase;

  void runOnOperation() override {
    if (objective == "never")
      return;
    if (!isObjective(objective)) {
      getOperation().emitError("expected an objective of energy, latency, "
                               "energy-delay or never, got '")
          << objective << "'";
      return signalPassFailure();
    }
    pum::DeviceAttr device = deviceOf(getOperation());
    if (!device)
      return;
    CostModel costs(toSpec(device));
    if (!costs.device().firstAP())
      return;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Keeper keeper(costs, objective);
      SmallVector<pum::ComputeOp> tasks(function.getOps<pum::ComputeOp>());
      if (llvm::any_of(tasks, [](pum::ComputeOp task) {
            return runOf(task) && task.getPlacement();
          }))
        continue;
      for (pum::ComputeOp task : tasks) {
        ap::RunOp run = runOf(task);
        if (!run || !run.getType().getElementType().isInteger(8))
          continue;
        if (pum::isKept(task)) {
          keeper.hold(task);
          continue;
        }
        const std::string why = keeper.decide(task);
        if (why.empty()) {
          ++numKept;
          continue;
        }
        ++numLeave;
        LDBG() << "leave processors: " << why << ": " << task.getLoc();
      }
    }
  }
};

} // namespace
