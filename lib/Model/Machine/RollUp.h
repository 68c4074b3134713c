// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RollUp.h - Area and power of a device --------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_ROLLUP_H
#define PUMICE_LIB_MODEL_MACHINE_ROLLUP_H

#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pumice::model {

struct AreaAndPower {
  double areaUm2 = 0;
  double powerMw = 0;
  double alwaysOnMw = 0; ///< static part of powerMw
  bool isStated = false; ///< whether the device lists any component of it
};

/// One level of a group.
struct LevelSum {
  std::string group, level;
  int64_t count = 0; ///< instances in the device
  /// One instance, including lower levels and its share of shared parts.
  AreaAndPower each;
};

struct RollUp {
  std::vector<LevelSum> levels; ///< in order of groups, lowest level first
  AreaAndPower device;          ///< all groups, and parts outside of groups
};

/// Sums the components of each level. Unlimited groups have as many instances
/// as `usedUnits` (by group) need.
RollUp rollUp(const DeviceSpec &device,
              const std::vector<int64_t> &usedUnits = {});

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_ROLLUP_H
