// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <map>
#include <utility>

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
    available = toSpec(*device).arrays();
    arrays = FreeArrays();
    needed = 0;
    held.clear();
    holders.clear();
    SmallVector<pum::ProgramOp> constants, temporaries;
    module.walk([&](pum::ProgramOp op) {
      if (pum::PlacementAttr placement = op.getPlacementAttr()) {
        for (size_t i = 0; i < placement.getRanges().size(); i += 2)
          arrays.take(placement.getRanges()[i], placement.getRanges()[i + 1]);
      } else if (op.getWeights().getDefiningOp<arith::ConstantOp>()) {
        constants.push_back(op);
      } else {
        temporaries.push_back(op);
      }
    });
    // Constants stay for good: temporary weights share what they leave.
    for (pum::ProgramOp op : constants)
      place(op);
    for (pum::ProgramOp op : temporaries) {
      makeRoomFor(op);
      place(op);
    }
    if (available && needed > *available) {
      module.emitError("the model needs ")
          << needed << " arrays, but device '" << device->getName() << "' has "
          << *available;
      signalPassFailure();
    }
  }

  void place(pum::ProgramOp op) {
    SmallVector<int64_t> ranges = arrays.takeLowest(op.getTiling().getArrays());
    needed = std::max(needed, ranges.back());
    op.setPlacementAttr(pum::PlacementAttr::get(&getContext(), ranges));
    if (op.getWeights().getDefiningOp<arith::ConstantOp>())
      return;
    // Name what was here, and wait for the tasks that read it.
    llvm::SetVector<Operation *> before;
    for (size_t i = 0; i < ranges.size(); i += 2)
      for (int64_t array = ranges[i]; array < ranges[i + 1]; ++array) {
        auto [holder, isNew] = holders.try_emplace(array, op);
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
  void makeRoomFor(pum::ProgramOp op) {
    if (!available)
      return;
    int64_t count = op.getTiling().getArrays();
    for (size_t i = 0;
         i < held.size() && arrays.countFree(*available) < count;) {
      pum::ProgramOp other = held[i];
      bool isRead =
          llvm::any_of(other.getGrid().getUsers(), [&](Operation *user) {
            return !isa<pum::ProgramOp>(user) && !user->isBeforeInBlock(op);
          });
      if (isRead || other->getBlock() != op->getBlock()) {
        ++i;
        continue;
      }
      arrays.release(other.getPlacement()->getRanges());
      held.erase(held.begin() + i);
    }
  }

  std::optional<int64_t> available;
  int64_t needed = 0;
  FreeArrays arrays;
  std::vector<pum::ProgramOp> held; ///< temporary weights, oldest first
  llvm::DenseMap<int64_t, pum::ProgramOp> holders; ///< of arrays, the last one
};

} // namespace
