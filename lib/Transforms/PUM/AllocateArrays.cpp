// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "dialects/PUM/Kept.h"
#include "lib/Cost/CostModel.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/DebugLog.h"
#include <map>
#include <utility>

#define DEBUG_TYPE "pum-allocate-arrays"

namespace pumice {
#define GEN_PASS_DEF_PUMALLOCATEARRAYS
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// Arrays that are taken, as disjoint ranges [begin, end) by their begin.
class FreeArrays {
public:
  void take(int64_t begin, int64_t end) {
    auto next = taken.upper_bound(begin);
    if (next != taken.begin() && std::prev(next)->second >= begin) {
      --next;
      begin = next->first;
      end = std::max(end, next->second);
      next = taken.erase(next);
    }
    while (next != taken.end() && next->first <= end) {
      end = std::max(end, next->second);
      next = taken.erase(next);
    }
    taken[begin] = end;
  }

  void release(ArrayRef<int64_t> ranges) {
    for (size_t i = 0; i < ranges.size(); i += 2) {
      // Ranges that touch are one entry: cut what is left of it on both sides.
      auto holder = std::prev(taken.upper_bound(ranges[i]));
      auto [begin, end] = *holder;
      taken.erase(holder);
      if (begin < ranges[i])
        taken[begin] = ranges[i];
      if (ranges[i + 1] < end)
        taken[ranges[i + 1]] = end;
    }
  }

  /// Free arrays below `end`.
  int64_t countFree(int64_t end) const {
    for (auto [first, last] : taken)
      end -= last - first;
    return end;
  }

  /// The lowest `count` free arrays, as a flat list of ranges.
  SmallVector<int64_t> takeLowest(int64_t count) {
    SmallVector<int64_t> ranges;
    int64_t begin = 0;
    for (auto [first, last] : taken) {
      int64_t size = std::min(count, first - begin);
      if (size > 0) {
        ranges.append({begin, begin + size});
        count -= size;
      }
      begin = last;
      if (!count)
        break;
    }
    if (count)
      ranges.append({begin, begin + count});
    for (size_t i = 0; i < ranges.size(); i += 2)
      take(ranges[i], ranges[i + 1]);
    return ranges;
  }

private:
  std::map<int64_t, int64_t> taken;
};

struct PUMAllocateArraysPass
    : pumice::impl::PUMAllocateArraysBase<PUMAllocateArraysPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<pum::DeviceAttr> device = getDevice(module);
    if (failed(device))
      return signalPassFailure();
    spec = toSpec(*device);
    groups.clear();
    held.clear();
    kept.clear();
    SmallVector<pum::ProgramOp> constants, temporaries;
    SmallVector<pum::ComputeOp> layers;
    module.walk([&](Operation *op) {
      if (auto compute = dyn_cast<pum::ComputeOp>(op)) {
        layers.push_back(compute);
        if (pum::PlacementAttr placement = compute.getPlacementAttr();
            placement && holdsWords(compute)) {
          FreeArrays &arrays = groups[placement.getGroup()].arrays;
          for (size_t i = 0; i < placement.getRanges().size(); i += 2)
            arrays.take(placement.getRanges()[i], placement.getRanges()[i + 1]);
        }
      }
      auto program = dyn_cast<pum::ProgramOp>(op);
      if (!program)
        return;
      if (pum::PlacementAttr placement = program.getPlacementAttr()) {
        FreeArrays &arrays = groups[placement.getGroup()].arrays;
        for (size_t i = 0; i < placement.getRanges().size(); i += 2)
          arrays.take(placement.getRanges()[i], placement.getRanges()[i + 1]);
      } else if (program.getWeights().getDefiningOp<arith::ConstantOp>()) {
        constants.push_back(program);
      } else {
        temporaries.push_back(program);
      }
    });
    // Constants stay for good: temporary weights share what they leave.
    for (pum::ProgramOp op : constants)
      if (failed(place(op, *device)))
        return signalPassFailure();
    for (pum::ProgramOp op : temporaries)
      if (failed(place(op, *device)))
        return signalPassFailure();
    CostModel costs(spec);
    for (pum::ComputeOp op : layers)
      if (failed(placeSearch(op, costs)))
        return signalPassFailure();
    for (auto &[name, state] : groups) {
      std::optional<int64_t> available = availableIn(name);
      if (!available || state.needed <= *available)
        continue;
      module.emitError("the model needs ")
          << state.needed << " arrays, but device '" << device->getName()
          << "' has " << *available;
      return signalPassFailure();
    }
    for (pum::ComputeOp op : layers)
      if (failed(place(op, costs)))
        return signalPassFailure();
  }

  static bool holdsWords(pum::ComputeOp op) {
    return isa<ap::CamSearchOp>(op.getBody().front().front());
  }

  /// Gives a search arrays of its own: they keep its words.
  LogicalResult placeSearch(pum::ComputeOp op, CostModel &costs) {
    if (op.getPlacement() || !holdsWords(op))
      return success();
    FailureOr<TaskWork> work =
        cast<TaskOpInterface>(op.getOperation()).getTaskWork();
    if (failed(work))
      return op.emitOpError("holds a search without a mapping "
                            "(ap-map-searches)");
    const StringRef target = pum::targetGroupOf(op);
    const model::UnitGroup *group =
        target.empty() ? spec.firstCam() : spec.find(target.str());
    if (!group || !group->cam())
      return op.emitOpError("searches content-addressable memories, but device "
                            "'")
             << spec.name << "' has no such group";
    llvm::Expected<int64_t> wanted = costs.processorsOf(*work);
    if (!wanted)
      return op.emitOpError(llvm::toString(wanted.takeError()));
    State &state = groups[group->name];
    SmallVector<int64_t> ranges =
        state.arrays.takeLowest(std::max<int64_t>(*wanted, 1));
    state.needed = std::max(state.needed, ranges.back());
    op.setPlacementAttr(
        pum::PlacementAttr::get(&getContext(), group->name, ranges));
    op->removeAttr(pum::targetAttrName);
    LDBG() << op.getPlacementAttr() << " for " << op.getLoc();
    return success();
  }

  /// Places a task on the lowest processors that do not hold results for this
  /// task or a later one.
  LogicalResult place(pum::ComputeOp op, CostModel &costs) {
    if (op.getPlacement() || llvm::any_of(op.getInputs().getTypes(),
                                          llvm::IsaPred<crossbar::GridType>))
      return success();
    FailureOr<TaskWork> work =
        cast<TaskOpInterface>(op.getOperation()).getTaskWork();
    if (failed(work))
      return success(); // not a single layer: the conversion reports it
    llvm::Expected<int64_t> wanted = costs.processorsOf(*work);
    if (!wanted)
      return op.emitOpError(llvm::toString(wanted.takeError()));
    const StringRef target = pum::targetGroupOf(op);
    const model::UnitGroup &group =
        target.empty() ? *spec.firstAP() : *spec.find(target.str());
    FreeArrays processors;
    for (pum::ComputeOp other : kept)
      if (other.getPlacement()->getGroup() == group.name &&
          llvm::any_of(other.getResults().front().getUsers(),
                       [&](Operation *user) {
                         return user == op || op->isBeforeInBlock(user);
                       }))
        for (size_t i = 0; i < other.getPlacement()->getRanges().size(); i += 2)
          processors.take(other.getPlacement()->getRanges()[i],
                          other.getPlacement()->getRanges()[i + 1]);
    int64_t count = std::max<int64_t>(*wanted, 1);
    if (std::optional<int64_t> available = group.count()) {
      count = std::min(count, processors.countFree(*available));
      if (count < 1)
        return op.emitOpError("needs processors, but all ")
               << *available << " hold results that later tasks read";
    }
    op.setPlacementAttr(pum::PlacementAttr::get(&getContext(), group.name,
                                                processors.takeLowest(count)));
    op->removeAttr(pum::targetAttrName);
    if (pum::isKept(op))
      kept.push_back(op);
    LDBG() << op.getPlacementAttr() << " for " << op.getLoc();
    return success();
  }

  std::optional<int64_t> availableIn(StringRef group) const {
    const model::UnitGroup *units = spec.find(group.str());
    return units ? units->count() : std::nullopt;
  }

  /// The group for `op`: the one that its target names; else, of the groups
  /// with its arrays, the first with room, or the first; else the first group
  /// of crossbars.
  FailureOr<StringRef> groupFor(pum::ProgramOp op, pum::DeviceAttr device) {
    const StringRef target = pum::targetGroupOf(op);
    if (!target.empty()) {
      if (arrayOf(device, target) == op.getArray())
        return target;
      return op.emitOpError("is assigned to '")
             << target << "', but device '" << spec.name
             << "' has no such group with its arrays";
    }
    StringRef first;
    for (const model::UnitGroup &group : spec.groups) {
      if (arrayOf(device, group.name) != op.getArray() || !group.crossbar())
        continue;
      if (first.empty())
        first = group.name;
      std::optional<int64_t> available = group.count();
      if (!available || groups[group.name].arrays.countFree(*available) >=
                            int64_t(op.getTiling().getArrays()))
        return StringRef(group.name);
    }
    if (!first.empty())
      return first;
    if (const model::UnitGroup *group = spec.firstCrossbar())
      return StringRef(group->name);
    return op.emitOpError("runs on crossbar arrays, but device '")
           << spec.name << "' has none";
  }

  LogicalResult place(pum::ProgramOp op, pum::DeviceAttr device) {
    FailureOr<StringRef> group = groupFor(op, device);
    if (failed(group))
      return failure();
    if (!op.getWeights().getDefiningOp<arith::ConstantOp>())
      makeRoomFor(op, *group);
    place(op, *group);
    return success();
  }

  void place(pum::ProgramOp op, StringRef group) {
    State &state = groups[group];
    SmallVector<int64_t> ranges =
        state.arrays.takeLowest(op.getTiling().getArrays());
    state.needed = std::max(state.needed, ranges.back());
    op.setPlacementAttr(pum::PlacementAttr::get(&getContext(), group, ranges));
    op->removeAttr(pum::targetAttrName);
    LDBG() << op.getPlacementAttr() << " for " << op.getLoc();
    if (op.getWeights().getDefiningOp<arith::ConstantOp>())
      return;
    // Name what was here, and wait for the tasks that read it.
    llvm::SetVector<Operation *> before;
    for (size_t i = 0; i < ranges.size(); i += 2)
      for (int64_t array = ranges[i]; array < ranges[i + 1]; ++array) {
        auto [holder, isNew] = state.holders.try_emplace(array, op);
        if (!isNew)
          before.insert(std::exchange(holder->second, op));
      }
    for (Operation *other : before) {
      Value grid = cast<pum::ProgramOp>(other).getGrid();
      op.getReplacingMutable().append(grid);
      for (Operation *reader : grid.getUsers())
        if (auto compute = dyn_cast<pum::ComputeOp>(reader))
          op.getAfterMutable().append(compute.getToken());
    }
    held.push_back(op);
  }

  /// Releases temporary weights that were read for the last time before `op`,
  /// the oldest first, until there is room.
  void makeRoomFor(pum::ProgramOp op, StringRef group) {
    std::optional<int64_t> available = availableIn(group);
    if (!available)
      return;
    FreeArrays &arrays = groups[group].arrays;
    int64_t count = op.getTiling().getArrays();
    for (size_t i = 0;
         i < held.size() && arrays.countFree(*available) < count;) {
      pum::ProgramOp other = held[i];
      bool isRead =
          llvm::any_of(other.getGrid().getUsers(), [&](Operation *user) {
            return !isa<pum::ProgramOp>(user) && !user->isBeforeInBlock(op);
          });
      if (isRead || other->getBlock() != op->getBlock() ||
          other.getPlacement()->getGroup() != group) {
        ++i;
        continue;
      }
      arrays.release(other.getPlacement()->getRanges());
      held.erase(held.begin() + i);
    }
  }

  /// Of one group.
  struct State {
    FreeArrays arrays;
    int64_t needed = 0;
    llvm::DenseMap<int64_t, pum::ProgramOp>
        holders; ///< of arrays, the last one
  };

  model::DeviceSpec spec;
  llvm::MapVector<StringRef, State> groups;
  std::vector<pum::ProgramOp> held; ///< temporary weights, oldest first
  std::vector<pum::ComputeOp> kept; ///< placed, whose results stay
};

} // namespace
