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
  double alwaysOnMw = 0; ///< the part of powerMw that is always drawn
};

/// One level of a group.
struct LevelSum {
  std::string group, level;
  int64_t count = 0; ///< instances in the device
  /// One instance, with what it holds and its share of shared parts.
  AreaAndPower each;
};

struct RollUp {
  std::vector<LevelSum> levels; ///< groups in their order, lowest level first
  AreaAndPower device;          ///< all groups, and parts of no group
};

/// Sums the components of each level. `usedUnits`, by group, sizes the last
/// level of groups without a limit: as many as these units need.
RollUp rollUp(const DeviceSpec &device,
              const std::vector<int64_t> &usedUnits = {});

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_ROLLUP_H
