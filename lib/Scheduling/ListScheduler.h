// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ListScheduler.h - A plan, carried out in time ------------*- C++ -*-===//
//
// All algorithms decide on a plan: parts, copies, groups, an order. The list
// scheduler carries it out: it writes parts in that order into arrays as they
// become free, batch by batch, and starts a part as soon as it is written, its
// inputs are there and the buffer has room.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SCHEDULING_LISTSCHEDULER_H
#define PUMICE_LIB_SCHEDULING_LISTSCHEDULER_H

#include "lib/Scheduling/Schedule.h"

#include <limits>
#include <memory>

namespace pumice::scheduling {

/// A part of a unit, or a unit without arrays.
struct Task {
  int unit = 0;
  int64_t firstTile = 0, tiles = 0;
  int64_t copies = 1;
  int group = -1;
  int segment = 0;         ///< with barriers
  bool isResident = false; ///< written before the schedule starts
  /// Written for the next run, after a resident task with the same tiles whose
  /// arrays are free once it has computed.
  bool isAhead = false;
  /// A resident part of a unit that is not pinned, which keeps its arrays.
  bool stays = false;
};

struct Plan {
  /// In order; parts of a unit are adjacent, a unit follows those it reads.
  std::vector<Task> tasks;
  /// One task at a time, in order.
  bool isSerial = false;
  /// A segment is written when the one before is done, and computes when all of
  /// it is written.
  bool hasBarriers = false;
  /// A part is written when there are arrays for all of it.
  bool writesAtomically = false;
  bool gatesBanks = true;
  /// Arrays that were freed first are written first.
  bool levelsWear = true;
};

constexpr Picoseconds never = std::numeric_limits<Picoseconds>::max();

/// Carries out plans for one problem, which must have passed check() and
/// outlive it. Deterministic. The time of a run is
/// O((tasks + batches) log(tasks + batches)); a batch is what DRAM brings while
/// one array is written.
class ListScheduler {
public:
  explicit ListScheduler(const Problem &problem);
  ~ListScheduler();

  /// The time that the plan takes; `never` when it takes longer than
  /// `giveUpAfter`. Adds everything to `record`, if given.
  Picoseconds run(const Plan &plan, Picoseconds giveUpAfter = never,
                  Schedule *record = nullptr);

private:
  class Run;
  std::unique_ptr<Run> state;
};

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_LISTSCHEDULER_H
