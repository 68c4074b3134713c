// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Search.h - Copies, parts and an order by search ---------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_SEARCH_H
#define PUMICE_LIB_SCHEDULING_SEARCH_H

#include "lib/Scheduling/Candidate.h"

#include <tuple>

namespace pumice::scheduling {

/// Units that compute side by side, with copies in proportion to square roots.
inline constexpr int64_t sideBySide[] = {1, 2, 3, 4, 6, 8, 12, 16};

/// splitmix64: the same numbers on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next();
  int64_t below(int64_t count) {
    return static_cast<int64_t>(next() % static_cast<uint64_t>(count));
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

/// Time first, then tiles written.
struct Cost {
  Picoseconds time = never;
  int64_t written = 0;
  bool operator<(const Cost &other) const {
    return std::tie(time, written) < std::tie(other.time, other.written);
  }
};

/// Searches candidates by carrying out their plans.
class Search {
public:
  Search(const Problem &problem, const Options &options, Start start);

  const Planner &getPlanner() const { return planner; }
  /// `never` for what is not valid or takes longer than `limit`.
  Cost evaluate(const Candidate &candidate, Picoseconds limit = never);

  /// More and smaller parts for units that are larger than the machine.
  void chooseParts(Candidate &best, Cost &cost);
  /// Copies by dynamic programming on a chain that writes one unit ahead.
  void tryChain(Candidate &best, Cost &cost);
  /// Copies in proportion to the square root of windows by tiles, at several
  /// scales and with several units side by side.
  void trySquareRoots(Candidate &best, Cost &cost, bool isCoarse = false);
  /// Local moves of copies, parts, groups and order.
  void polish(Candidate &best, Cost &cost, int64_t moves);
  /// Fewer copies, as long as the time stays within `limit`.
  void reduce(Candidate &best, Cost &cost, Picoseconds limit, int64_t tries);

  /// Copies in proportion to square roots, as few as `limit` allows.
  void tryFewest(Candidate &best, Cost &cost, Picoseconds limit);
  /// Takes copies where an array saved costs the least time, and gives some
  /// back where an array saves the most, until the sum does not get smaller.
  void exchange(Candidate &best, Cost &cost, Picoseconds limit, int64_t tries);

  /// Takes more copies where an array saves the most time, until the time stays
  /// within `limit` or nothing makes it shorter.
  void quicken(Candidate &best, Cost &cost, Picoseconds limit, int64_t tries);

  /// Local moves that write less and stay within `limit`.
  void economize(Candidate &best, Cost &cost, Picoseconds limit, int64_t moves);

  /// Tiles that stay, copies and all other decisions, such that writes and
  /// transfers of a run of the steady state take least within `limit`. Needs a
  /// candidate that stays within it.
  void keepTiles(Candidate &best, Picoseconds limit, int64_t runs);

  /// The best of all of the above that only look at the time.
  Candidate fastest(Cost &cost);
  /// Fewest copies within the stated share of the best time.
  Candidate run();
  int64_t moves() const;
  /// So many, or fewer for large problems.
  int64_t tries(int64_t most) const;

private:
  /// A change of one unit's copies, and what it does.
  struct Step {
    int unit = 0;
    int64_t copies = 0, arrays = 0;
    Picoseconds time = 0;
  };
  /// One step up or down of each unit, by time per array; `tries` counts runs.
  std::vector<Step> stepsFrom(const Candidate &from, const Cost &cost,
                              bool isUp, Picoseconds limit, int64_t &tries);
  bool takeAll(Candidate &candidate, Cost &cost, const std::vector<Step> &steps,
               Picoseconds limit, int64_t &tries);
  double rootOf(int u, const Candidate &candidate) const;

  bool move(Candidate &candidate, Random &random) const;
  bool moveKept(Candidate &candidate, Random &random) const;
  bool moveOrder(Candidate &candidate, Random &random) const;
  void offer(const Candidate &candidate, const Cost &cost, Candidate &best,
             Cost &bestCost);

  const Problem &problem;
  const Options options;
  Planner planner;
  ListScheduler scheduler;
  Plan plan;
  std::vector<int> movable; ///< units on arrays
  /// Candidates that nothing else beats in time and tiles written.
  std::vector<std::pair<Cost, Candidate>> front;
};

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_SEARCH_H
