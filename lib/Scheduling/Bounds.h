// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Bounds.h - Times that no schedule gets below -------------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_BOUNDS_H
#define PUMICE_LIB_SCHEDULING_BOUNDS_H

#include "lib/Scheduling/Schedule.h"

namespace pumice::scheduling {

/// Lower bounds on the time of one run, each valid for every schedule that
/// verifies. docs/scheduling.md derives them.
struct Bounds {
  Picoseconds dram = 0;       ///< all weights come from DRAM
  Picoseconds writers = 0;    ///< all arrays are written
  Picoseconds arrayTime = 0;  ///< arrays are held for writes and windows
  Picoseconds digital = 0;    ///< digital units do all digital work
  Picoseconds path = 0;       ///< the longest path
  Picoseconds cut = 0;        ///< what precedes a unit, then what follows it
  Picoseconds lagrangian = 0; ///< copies shorten paths but hold arrays
  Picoseconds period = 0;     ///< of a pipeline: between two inputs

  /// The best bound on the time of a run.
  Picoseconds best() const;
};

/// With `Start::Steady`, pinned units need not be written. With `writesAhead`,
/// any unit may be written at the end of the run before: bounds that count the
/// time until the first write are 0.
/// `isStream` allows copies to take windows of successive inputs in turn.
Bounds lowerBounds(const Problem &problem, Start start,
                   bool writesAhead = false, bool isStream = false);

/// What any schedule that takes at most `time` writes, of those that write
/// nothing ahead: a unit on the longest path is only as fast as its copies.
struct LeastWrites {
  int64_t tiles = 0;
  double energyPj = 0; ///< of writing
  /// Writing and DRAM in the steady state, whatever units are pinned; 0 for a
  /// cold start.
  double rewritingPj = 0;
};
LeastWrites leastWrites(const Problem &problem, Start start, Picoseconds time);

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_BOUNDS_H
