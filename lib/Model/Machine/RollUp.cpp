// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/RollUp.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

/// The components of one instance of a level, without lower levels.
static AreaAndPower ownParts(const DeviceSpec &device, llvm::StringRef group,
                             llvm::StringRef level) {
  AreaAndPower sum;
  for (const ComponentSpec &part : device.components) {
    if (part.group != group || part.level != level)
      continue;
    const double share = 1.0 / double(std::max<int64_t>(part.sharedBy, 1));
    sum.isStated = true;
    sum.areaUm2 += part.areaUm2 * share;
    sum.powerMw += part.powerMw * share;
    if (part.alwaysOn)
      sum.alwaysOnMw += part.powerMw * share;
  }
  return sum;
}

static void add(AreaAndPower &sum, const AreaAndPower &part, int64_t count) {
  sum.areaUm2 += part.areaUm2 * double(count);
  sum.powerMw += part.powerMw * double(count);
  sum.alwaysOnMw += part.alwaysOnMw * double(count);
  sum.isStated |= part.isStated;
}

RollUp pumice::model::rollUp(const DeviceSpec &device,
                             const std::vector<int64_t> &usedUnits) {
  RollUp result;
  result.device = ownParts(device, "", "");
  for (const UnitGroup &group : device.groups) {
    AreaAndPower below;
    int64_t units = 1; // units in one instance of the previous level
    const size_t first = result.levels.size();
    for (const LevelSpec &level : group.levels) {
      const int64_t used =
          group.index < usedUnits.size() ? usedUnits[group.index] : 0;
      const int64_t holds = level.holds.value_or(
          llvm::divideCeil(used, std::max<int64_t>(units, 1)));
      LevelSum sum{group.name, level.name, 1,
                   ownParts(device, group.name, level.name)};
      add(sum.each, below, holds);
      for (size_t i = first; i < result.levels.size(); ++i)
        result.levels[i].count *= holds;
      below = sum.each;
      units *= holds;
      result.levels.push_back(std::move(sum));
    }
    add(result.device, below, 1);
  }
  return result;
}
