// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/RollUp.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

/// Own components of one instance of `level`.
static AreaAndPower ownParts(const DeviceSpec &device, llvm::StringRef level) {
  AreaAndPower sum;
  for (const ComponentSpec &part : device.components) {
    if (part.level != level)
      continue;
    const double share = 1.0 / double(std::max<int64_t>(part.sharedBy, 1));
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
}

RollUp pumice::model::rollUp(const DeviceSpec &device, int64_t usedArrays) {
  RollUp result;
  result.ima = ownParts(device, "ima");
  result.tile = ownParts(device, "tile");
  add(result.tile, result.ima, device.imasPerTile);
  const int64_t arraysPerTile =
      std::max<int64_t>(device.arraysPerIma * device.imasPerTile, 1);
  result.tiles =
      device.tiles.value_or(llvm::divideCeil(usedArrays, arraysPerTile));
  result.chip = ownParts(device, "chip");
  add(result.chip, result.tile, result.tiles);
  return result;
}
