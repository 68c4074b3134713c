// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Energy.h - What a schedule takes from the supply ---------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_ENERGY_H
#define PUMICE_LIB_SCHEDULING_ENERGY_H

#include "lib/Scheduling/Schedule.h"

namespace pumice::scheduling {

/// Energy of one run, of a pipeline for one input, in picojoules.
struct Energy {
  double write = 0, dram = 0, compute = 0, digital = 0;      ///< dynamic
  double staticArrays = 0, staticBanks = 0, staticOther = 0; ///< power by time

  double dynamic() const { return write + dram + compute + digital; }
  double statics() const { return staticArrays + staticBanks + staticOther; }
};

Energy energyOf(const Problem &problem, const Schedule &schedule);

/// Bytes that a schedule moves to and from DRAM.
int64_t dramBytes(const Problem &problem, const Schedule &schedule);

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_ENERGY_H
