// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Steady.cpp - Which units keep their arrays -------------------------===//
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <cmath>

using namespace pumice::scheduling;

namespace {

/// Numbers of pinned units that are tried first.
constexpr size_t mostSteps = 16;
/// Single units that are pinned or freed after that.
constexpr int mostToggles = 48;
/// Units beyond which both get fewer.
constexpr size_t largeProblem = 100;
/// Schedules that each of these trials may take to write less.
constexpr int64_t triesOfTrial = 80;
constexpr int64_t triesAtTheEnd = 400;

/// A set of pinned units, and what one run takes then.
struct Pins {
  std::vector<bool> isPinned;
  Picoseconds time = never;
  double energy = HUGE_VAL; ///< of writes and transfers
};

class Pinner {
public:
  Pinner(const Problem &problem, const Options &options)
      : problem(problem), options(options),
        groups(Planner(problem, options, Start::Steady).first().group) {
    // A search collects what writes less only with a share.
    this->options.timeShare = std::max(options.timeShare, 1e-9);
    for (const Unit &unit : problem.units)
      hasEnergy |= unit.writePj > 0;
  }

  Problem pinned(const std::vector<bool> &isPinned) const {
    Problem result = problem;
    for (size_t u = 0; u < result.units.size(); ++u)
      if (isPinned[u]) {
        result.units[u].isPinned = true;
        result.units[u].groups = {groups[u]};
      }
    return result;
  }

  /// Energy of writes and transfers; tiles where the problem has no energies.
  double energyOf(const Problem &own, const Candidate &candidate) const {
    double energy = 0;
    for (size_t u = 0; u < own.units.size(); ++u) {
      const Unit &unit = own.units[u];
      if (unit.isPinned || !unit.usesArrays())
        continue;
      energy += hasEnergy
                    ? unit.writePj * double(candidate.copies[u]) +
                          problem.machine.dramPjPerByte * double(unit.bytes)
                    : double(unit.tiles() * (candidate.copies[u] + 1));
    }
    return energy;
  }

  /// The least energy within `limit`, with roughly chosen copies.
  Pins rough(std::vector<bool> isPinned, Picoseconds limit) const {
    Pins pins;
    pins.isPinned = std::move(isPinned);
    const Problem own = pinned(pins.isPinned);
    if (llvm::Error error = own.check()) {
      llvm::consumeError(std::move(error));
      return pins;
    }
    Search search(own, options, Start::Steady);
    Candidate best = search.getPlanner().first();
    Cost cost = search.evaluate(best);
    search.chooseParts(best, cost);
    search.tryChain(best, cost);
    search.trySquareRoots(best, cost, /*isCoarse=*/true);
    pins.time = cost.time;
    if (cost.time > limit)
      return pins;
    search.reduce(best, cost, limit, triesOfTrial);
    pins.energy = energyOf(own, best);
    return pins;
  }

  const Problem &problem;
  Options options;
  const std::vector<int> groups;
  bool hasEnergy = false;
};

} // namespace

llvm::Expected<Schedule> pumice::scheduling::steady(const Problem &problem,
                                                    const Options &options) {
  Pinner pinner(problem, options);
  const auto limitOf = [&](Picoseconds time) {
    return static_cast<Picoseconds>(double(time) * (1 + options.timeShare));
  };
  Cost unpinned;
  Search(problem, options, Start::Steady).fastest(unpinned);
  const Picoseconds limit = limitOf(unpinned.time);

  std::vector<bool> given(problem.units.size());
  std::vector<int> open;
  for (size_t u = 0; u < problem.units.size(); ++u) {
    given[u] = problem.units[u].isPinned;
    if (problem.units[u].usesArrays() && !given[u])
      open.push_back(static_cast<int>(u));
  }
  // An array saves the same write whatever unit it holds. Units that need few
  // copies to be fast cost least.
  std::sort(open.begin(), open.end(), [&](int a, int b) {
    return std::make_pair(problem.units[a].computePs(1), a) <
           std::make_pair(problem.units[b].computePs(1), b);
  });

  // Rough times are longer than the best ones; a trial may be as much longer
  // as the rough time without pins.
  Pins best = pinner.rough(given, never);
  const Picoseconds roughLimit = std::max(limit, limitOf(best.time));
  best = pinner.rough(given, roughLimit);
  const bool isLarge = problem.units.size() > largeProblem;
  // Units that leave room for the others.
  size_t fitting = 0, tooMany = open.size() + 1;
  while (fitting + 1 < tooMany) {
    const size_t middle = (fitting + tooMany) / 2;
    std::vector<bool> pins = given;
    for (size_t i = 0; i < middle; ++i)
      pins[open[i]] = true;
    if (llvm::Error error = pinner.pinned(pins).check()) {
      llvm::consumeError(std::move(error));
      tooMany = middle;
    } else {
      fitting = middle;
    }
  }
  const size_t steps = std::min(fitting, isLarge ? mostSteps / 2 : mostSteps);
  for (size_t step = 1; step <= steps; ++step) {
    std::vector<bool> pins = given;
    for (size_t i = 0; i < fitting * step / steps; ++i)
      pins[open[i]] = true;
    Pins found = pinner.rough(std::move(pins), roughLimit);
    if (found.energy < best.energy)
      best = std::move(found);
  }
  Random random(options.seed);
  const int toggles = open.empty() ? 0
                      : isLarge    ? mostToggles / 4
                                   : mostToggles;
  for (int i = 0; i < toggles; ++i) {
    std::vector<bool> pins = best.isPinned;
    const int64_t count = static_cast<int64_t>(open.size());
    pins[open[random.below(count)]].flip();
    if (random.below(2))
      pins[open[random.below(count)]].flip();
    Pins found = pinner.rough(std::move(pins), roughLimit);
    if (found.energy < best.energy)
      best = std::move(found);
  }

  std::vector<bool> chosen = best.isPinned;
  while (true) {
    const Problem own = pinner.pinned(chosen);
    Search search(own, pinner.options, Start::Steady);
    Cost cost;
    Candidate candidate = search.fastest(cost);
    if (cost.time > limit) {
      // Takes back the tenth of the units that costs most.
      std::vector<int> extra;
      for (int u : open)
        if (chosen[u])
          extra.push_back(u);
      if (!extra.empty()) {
        for (size_t i = extra.size() * 9 / 10; i < extra.size(); ++i)
          chosen[extra[i]] = false;
        continue;
      }
    }
    search.reduce(candidate, cost, std::max(limit, cost.time), triesAtTheEnd);
    Plan plan;
    search.getPlanner().fill(candidate, plan);
    return record(own, plan, Start::Steady, "steady");
  }
}
