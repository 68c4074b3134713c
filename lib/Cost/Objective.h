// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Objective.h - What choices by cost make least ------------*- C++ -*-===//
#ifndef PUMICE_LIB_COST_OBJECTIVE_H
#define PUMICE_LIB_COST_OBJECTIVE_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

namespace pumice {

/// Whether `name` is an objective: energy, latency or energy-delay.
inline bool isObjective(llvm::StringRef name) {
  return llvm::is_contained({"energy", "latency", "energy-delay"}, name);
}

/// What an objective makes least: pJ, ps, or their product.
inline double scoreOf(llvm::StringRef objective, double energyPj,
                      double latencyPs) {
  if (objective == "latency")
    return latencyPs;
  return objective == "energy" ? energyPj : energyPj * latencyPs;
}

} // namespace pumice

#endif // PUMICE_LIB_COST_OBJECTIVE_H
