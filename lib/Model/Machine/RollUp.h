// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RollUp.h - Area and power of a device --------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_ROLLUP_H
#define PUMICE_LIB_MODEL_MACHINE_ROLLUP_H

#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>

namespace pumice::model {

struct AreaAndPower {
  double areaUm2 = 0;
  double powerMw = 0;
  double alwaysOnMw = 0; ///< the part of powerMw that is always drawn
};

struct RollUp {
  AreaAndPower ima;  ///< one IMA
  AreaAndPower tile; ///< one tile, with its IMAs and its share of shared parts
  AreaAndPower chip; ///< all tiles and what the chip has once
  int64_t tiles = 0; ///< tiles counted in the chip
};

/// Sums the components of each level. `usedArrays` sizes a chip with unlimited
/// tiles: as many as these arrays need.
RollUp rollUp(const DeviceSpec &device, int64_t usedArrays = 0);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_ROLLUP_H
