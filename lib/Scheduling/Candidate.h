// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Candidate.h - Decisions about each unit ------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_CANDIDATE_H
#define PUMICE_LIB_SCHEDULING_CANDIDATE_H

#include "lib/Scheduling/Algorithms.h"
#include "lib/Scheduling/ListScheduler.h"

namespace pumice::scheduling {

/// What a search decides; a plan follows from it.
struct Candidate {
  std::vector<int> order; ///< units
  std::vector<int64_t> copies;
  std::vector<int64_t> partTiles; ///< most tiles of a part
  std::vector<int> group;         ///< -1 without arrays
  /// In the steady state: so many units of the order, of those that are neither
  /// pinned nor digital, are written at the end of the run before.
  int64_t ahead = 0;
  /// In the steady state: tiles of a unit that is not pinned, the first ones of
  /// each copy, that stay in their arrays; whole columns.
  std::vector<int64_t> kept;
};

/// Cuts a unit into parts of whole columns, or of parts of a column, of at
/// most `most` tiles: as few as possible, of about the same size.
/// Calls `add(firstTile, tiles)`. The first `kept` tiles, of whole columns, are
/// left out.
template <typename Add>
void forEachPart(const Unit &unit, int64_t most, int64_t kept, Add add) {
  const auto cut = [](int64_t length, int64_t longest, auto part) {
    const int64_t parts = (length + longest - 1) / longest;
    for (int64_t p = 0; p < parts; ++p) {
      const int64_t first = length * p / parts;
      part(first, length * (p + 1) / parts - first);
    }
  };
  const int64_t column = kept / unit.rowTiles;
  if (most >= unit.rowTiles) {
    cut(unit.columnTiles - column, most / unit.rowTiles,
        [&](int64_t c, int64_t n) {
          add(kept + c * unit.rowTiles, n * unit.rowTiles);
        });
    return;
  }
  for (int64_t c = column; c < unit.columnTiles; ++c)
    cut(unit.rowTiles, most,
        [&](int64_t r, int64_t n) { add(c * unit.rowTiles + r, n); });
}

/// Turns candidates into plans.
class Planner {
public:
  Planner(const Problem &problem, const Options &options, Start start)
      : problem(problem), options(options), start(start) {}

  /// One copy, the fewest parts, the longest path to the end first.
  Candidate first() const;
  /// Whether each part with all its copies fits beside the pinned units.
  bool isValid(const Candidate &candidate) const;
  /// Arrays that pinned units leave in each group.
  std::vector<int64_t> space(const Candidate &candidate) const;
  /// Fills `plan`, whose memory is used again.
  void fill(const Candidate &candidate, Plan &plan) const;
  /// Whether units can be written for the next run. With few writers, where
  /// they lie would matter.
  bool canWriteAhead() const;
  bool isResident(const Unit &unit) const {
    return start == Start::Steady && unit.isPinned;
  }
  /// Tiles that a candidate writes.
  int64_t written(const Candidate &candidate) const;
  /// Energy of the writes and transfers of a run; tiles that are moved or
  /// written where the problem has no energies.
  double rewriting(const Candidate &candidate) const;
  int64_t mostCopies(const Unit &unit) const {
    return std::min(unit.maxCopies, unit.windows);
  }

private:
  /// Calls `take(unit)` for the units that are written ahead.
  template <typename Take>
  void forEachAhead(const Candidate &candidate, Take take) const {
    int64_t left = candidate.ahead;
    for (size_t i = 0; i < candidate.order.size() && left; ++i) {
      const Unit &unit = problem.units[candidate.order[i]];
      if (!unit.usesArrays() || unit.isPinned ||
          candidate.kept[candidate.order[i]] == unit.tiles())
        continue;
      --left;
      take(candidate.order[i]);
    }
  }

  const Problem &problem;
  const Options options;
  const Start start;
};

/// Carries out a plan, records it and verifies it.
llvm::Expected<Schedule> record(const Problem &problem, const Plan &plan,
                                Start start, llvm::StringRef algorithm);

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_CANDIDATE_H
