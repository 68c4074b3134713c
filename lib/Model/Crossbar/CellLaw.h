// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CellLaw.h - What cells of each level conduct -------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_CELLLAW_H
#define PUMICE_LIB_MODEL_CROSSBAR_CELLLAW_H

#include "lib/Model/Machine/DeviceSpec.h"

#include <vector>

namespace pumice::model {

/// Cells of one level, in units in which neighbouring levels of an ideal cell
/// differ by 1 (docs/numerics.md, "Cells that are not ideal").
struct LevelLaw {
  double mean = 0;   ///< conductance
  double spread = 0; ///< standard deviation of the error of a first pulse
  double driftExponent = 0, driftExponentSigma = 0;
  double readNoise = 0; ///< standard deviation from one read to the next
};

struct CellLaw {
  std::vector<LevelLaw> levels;
  double lowest = 0; ///< what a reference column subtracts
};

/// The law of the cells of an array: from its table at its temperature, or else
/// from the other fields of `analog`. Without `analog`, cells are ideal.
CellLaw cellLaw(const ArraySpec &array);

/// Whether what a cell conducts differs between reads.
bool hasCellNoise(const ArraySpec &array);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_CELLLAW_H
