// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KeepTiles.cpp - What stays between runs, tile by tile --------------===//
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <cmath>

using namespace pumice::scheduling;

namespace {

/// Each round starts from the best, with as much heat as the first.
constexpr int rounds = 1;
/// Energy that may be given up for a while, as a share, at the start of a
/// round.
constexpr double mostHeat = 0.01;
/// Time beyond the limit that may be taken for a while, and its price: energy
/// by time, both as shares. Time saved below the limit is worth less.
constexpr double mostLate = 0.02;
constexpr double priceOfLate = 2, priceOfEarly = 0.3;
/// Changes of one kind in a move.
constexpr int64_t mostChanges = 3;

} // namespace

/// Changes how many columns of one unit stay, or of two in opposite directions.
bool Search::moveKept(Candidate &candidate, Random &random) const {
  const auto change = [&](bool isUp) {
    const int u = movable[random.below(static_cast<int64_t>(movable.size()))];
    const Unit &unit = problem.units[u];
    if (unit.isPinned || problem.needsRowParts(unit))
      return false;
    int64_t &kept = candidate.kept[u];
    const int64_t before = kept;
    int64_t columns = kept / unit.rowTiles;
    switch (random.below(4)) {
    case 0:
      columns = isUp ? unit.columnTiles : 0;
      break;
    case 1:
      columns += (isUp ? 1 : -1) * std::max<int64_t>(1, unit.columnTiles / 4);
      break;
    default:
      columns += (isUp ? 1 : -1) * (1 + random.below(mostChanges));
    }
    kept = std::clamp<int64_t>(columns, 0, unit.columnTiles) * unit.rowTiles;
    return kept != before;
  };
  const bool isUp = random.below(2);
  bool isChanged = change(isUp);
  if (random.below(2))
    isChanged |= change(!isUp);
  return isChanged;
}

void Search::keepTiles(Candidate &best, Picoseconds limit, int64_t runs) {
  if (movable.empty() || runs < rounds)
    return;
  Random random(options.seed + 2);
  const auto latest = static_cast<Picoseconds>(double(limit) * (1 + mostLate));
  const auto valueOf = [&](double energy, Picoseconds time) {
    const double late = double(time - limit) / double(limit);
    return energy * (1 + late * (late > 0 ? priceOfLate : priceOfEarly));
  };
  double least = planner.rewriting(best);
  for (int round = 0; round < rounds; ++round) {
    Candidate current = best;
    double value = valueOf(least, evaluate(best).time);
    const int64_t most = runs / rounds;
    // What is worth less whatever its time needs no run.
    int64_t left = most;
    for (int64_t tries = 0; tries < 8 * most && left; ++tries) {
      Candidate candidate = current;
      bool isChanged = false;
      for (int64_t changes = 1 + random.below(mostChanges); changes; --changes)
        isChanged |= random.below(2) ? moveKept(candidate, random)
                                     : move(candidate, random);
      if (!isChanged || !planner.isValid(candidate))
        continue;
      const double heat = double(left) / double(most);
      const double highest =
          value * (1 - mostHeat * heat * heat * std::log(1 - random.unit()));
      const double energy = planner.rewriting(candidate);
      if (energy * (1 - priceOfEarly) > highest)
        continue;
      --left;
      const Cost found = evaluate(candidate, latest);
      if (found.time == never || valueOf(energy, found.time) > highest)
        continue;
      value = valueOf(energy, found.time);
      current = std::move(candidate);
      if (found.time <= limit && energy < least) {
        best = current;
        least = energy;
      }
    }
  }
}
