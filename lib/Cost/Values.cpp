// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cost/Values.h"

#include "lib/Model/Machine/DeviceSpec.h"

using namespace pumice;

llvm::StringRef pumice::fieldOfContents(const model::UnitGroup &group) {
  const model::CrossbarSpec *crossbar = group.crossbar();
  if (!crossbar)
    return "";
  if (crossbar->energy.setStepPj)
    return "energy.level_steps";
  return crossbar->pulsesUnchangedCells ? "" : "pulse_unchanged_cells";
}

bool pumice::compilesWeights(const model::UnitGroup &group) {
  return group.ap() != nullptr;
}
