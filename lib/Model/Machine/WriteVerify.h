// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WriteVerify.h - Programming by pulses and reads ----------*- C++ -*-===//
//
// What programming costs if cells get pulses until a verifying read finds them
// close enough (docs/numerics.md, "Program and verify"). Costs are expectations
// over programming errors, so that runs and estimates agree.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_WRITEVERIFY_H
#define PUMICE_LIB_MODEL_MACHINE_WRITEVERIFY_H

#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// The number of pulses of cells; 1 without write_verify.
class PulseCounts {
public:
  explicit PulseCounts(const ArraySpec &array);

  /// The expected number for a cell of a level.
  double of(int64_t level) const { return means[level]; }
  /// The expected number if all levels are equally frequent.
  double mean() const;
  /// The expected largest number of `cells` cells, all levels equally frequent.
  double largest(int64_t cells) const;

private:
  std::vector<double> means;
  /// Share of the cells that need more than n pulses.
  std::vector<double> unfinished;
};

/// Time of programming one wordline: with write_verify, the pulses and reads
/// until all cells of an array's wordline are done, or have all their pulses.
double rowWriteNs(const CrossbarSpec &crossbar);

/// Adds to the cost of programming what pulses after the first one, and reads,
/// take and wear. Levels are those of `changed`, and equally frequent without.
void addVerifiedPulses(Cost &cost, const CrossbarSpec &crossbar,
                       const ChangedCells *changed, bool pulsesAll);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_WRITEVERIFY_H
