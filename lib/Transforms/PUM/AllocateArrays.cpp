// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"
#include <map>

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
    FreeArrays arrays;
    SmallVector<pum::ProgramOp> unplaced;
    int64_t needed = 0;
    module.walk([&](pum::ProgramOp op) {
      if (pum::PlacementAttr placement = op.getPlacementAttr()) {
        for (size_t i = 0; i < placement.getRanges().size(); i += 2)
          arrays.take(placement.getRanges()[i], placement.getRanges()[i + 1]);
      } else {
        unplaced.push_back(op);
      }
    });
    for (pum::ProgramOp op : unplaced) {
      SmallVector<int64_t> ranges =
          arrays.takeLowest(op.getTiling().getArrays());
      needed = std::max(needed, ranges.back());
      op.setPlacementAttr(pum::PlacementAttr::get(&getContext(), ranges));
    }
    std::optional<int64_t> available = toSpec(*device).arrays();
    if (available && needed > *available) {
      module.emitError("the model needs ")
          << needed << " arrays, but device '" << device->getName() << "' has "
          << *available;
      signalPassFailure();
    }
  }
};

} // namespace
