// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Steady.cpp - Which units keep their arrays -------------------------===//
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pumice::scheduling;

namespace {

/// Numbers of pinned units that are tried first.
constexpr size_t mostSteps = 16;
/// Changes of one or two units after that.
constexpr int mostToggles = 100;
/// Prices of array-time, and shares of the time along a path, of guesses.
constexpr int pricesOfArrays = 10;
constexpr double sharesOfTime[] = {1, .85, .7, .55};
/// Units beyond which all get fewer.
constexpr size_t largeProblem = 100;
/// Local moves of each trial: to become fast enough, then to write less.
constexpr int64_t movesToRepair = 40, movesToSave = 40;
constexpr int64_t movesToExchange = 300, movesToQuicken = 400;
constexpr int64_t triesAtTheEnd = 4000;
/// Schedules that keeping tiles may cost.
constexpr int64_t runsOfTiles = 100'000;
/// For each local move, where their number is given.
constexpr int64_t runsOfMove = 8;

/// A set of pinned units, and what one run takes then.
struct Pins {
  std::vector<bool> isPinned;
  Candidate candidate;
  Cost cost;
  double energy = HUGE_VAL; ///< of writes and transfers
};

class Pinner {
public:
  Pinner(const Problem &problem, const Options &options)
      : problem(problem), options(options) {
    // A search collects what writes less only with a share.
    this->options.timeShare = std::max(options.timeShare, 1e-9);
    for (const Unit &unit : problem.units)
      hasEnergy |= unit.writePj > 0;
  }

  Problem pinned(const Pins &pins) const {
    Problem result = problem;
    for (size_t u = 0; u < result.units.size(); ++u)
      if (pins.isPinned[u]) {
        result.units[u].isPinned = true;
        result.units[u].groups = {pins.candidate.group[u]};
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
      energy += energyOfUnit(unit, candidate.copies[u]);
    }
    return energy;
  }

  /// Makes the decisions possible after pins have changed: no more copies or
  /// tiles than the arrays hold that pinned units leave.
  static void fit(const Problem &own, const Planner &planner,
                  Candidate &candidate) {
    for (size_t u = 0; u < own.units.size(); ++u)
      if (own.units[u].isPinned)
        candidate.partTiles[u] = own.units[u].tiles();
    const std::vector<int64_t> space = planner.space(candidate);
    for (size_t u = 0; u < own.units.size(); ++u) {
      const Unit &unit = own.units[u];
      if (unit.isPinned || !unit.usesArrays())
        continue;
      const int64_t free = space[candidate.group[u]];
      int64_t &tiles = candidate.partTiles[u];
      tiles = std::min(tiles, free);
      const int64_t part =
          tiles < unit.rowTiles ? tiles : tiles / unit.rowTiles * unit.rowTiles;
      if (part > 0)
        candidate.copies[u] = std::clamp<int64_t>(
            candidate.copies[u], 1, std::max<int64_t>(1, free / part));
    }
    while (candidate.ahead && !planner.isValid(candidate))
      --candidate.ahead;
  }

  /// Pins and copies that are best for each unit alone, if arrays have a price
  /// for the time for which they are held, and time has one as well. The second
  /// price is such that all units together take `time`.
  void choose(Pins &pins, double arrayPrice, Picoseconds limit,
              double time) const {
    const std::vector<Unit> &units = problem.units;
    const auto decide = [&](double timePrice) {
      double sum = 0;
      for (size_t u = 0; u < units.size(); ++u) {
        const Unit &unit = units[u];
        if (!unit.usesArrays()) {
          sum += double(unit.digitalPs);
          continue;
        }
        const Group &group = problem.machine.groups[unit.groups.front()];
        const double write =
            double(group.writePs() + problem.machine.leastArrivalPs(unit, 1));
        const int64_t most = std::min(unit.maxCopies, unit.windows);
        double best = HUGE_VAL, own = 0;
        for (int64_t r = 1; r <= most;) {
          const double compute = double(unit.computePs(r));
          const double arrays = arrayPrice * double(unit.tiles() * r);
          const double rewriting =
              energyOfUnit(unit, r) + arrays * (compute + write);
          const double pinned = arrays * double(limit);
          const bool isPinned = unit.isPinned || pinned < rewriting;
          const double cost =
              timePrice * compute + (isPinned ? pinned : rewriting);
          if (cost < best) {
            best = cost;
            own = compute;
            pins.isPinned[u] = isPinned;
            pins.candidate.copies[u] = r;
          }
          const int64_t windows = unit.windowsPerCopy(r) - 1;
          if (windows < 1)
            break;
          r = (unit.windows + windows - 1) / windows;
        }
        sum += own;
      }
      return sum;
    };
    double low = 1e-9, high = 1e9;
    for (int step = 0; step < 40; ++step) {
      const double middle = std::sqrt(low * high);
      (decide(middle * arrayPrice) > time ? low : high) = middle;
    }
    decide(high * arrayPrice);
  }

  double energyOfUnit(const Unit &unit, int64_t copies) const {
    return hasEnergy ? unit.writePj * double(copies) +
                           problem.machine.dramPjPerByte * double(unit.bytes)
                     : double(unit.tiles() * (copies + 1));
  }

  /// The least energy within `limit` that a few moves find, from the decisions
  /// of another set of pins or from new guesses.
  void improve(Pins &pins, Picoseconds limit, bool guesses) const {
    pins.energy = HUGE_VAL;
    const Problem own = pinned(pins);
    if (llvm::Error error = own.check()) {
      llvm::consumeError(std::move(error));
      return;
    }
    Search search(own, options, Start::Steady);
    if (guesses) {
      pins.candidate = search.getPlanner().first();
      pins.cost = search.evaluate(pins.candidate);
      search.chooseParts(pins.candidate, pins.cost);
      search.tryChain(pins.candidate, pins.cost);
      search.trySquareRoots(pins.candidate, pins.cost, /*isCoarse=*/true);
    } else {
      fit(own, search.getPlanner(), pins.candidate);
      pins.cost = search.evaluate(pins.candidate);
    }
    if (pins.cost.time == never)
      return;
    const int64_t factor = guesses ? 4 : 1;
    const auto few = [&](int64_t moves) {
      return std::max<int64_t>(1, factor * search.tries(16 * moves) / 16);
    };
    if (pins.cost.time > limit)
      search.polish(pins.candidate, pins.cost, few(movesToRepair));
    search.quicken(pins.candidate, pins.cost, limit, few(movesToQuicken));
    if (guesses) {
      Candidate fewest = search.getPlanner().first();
      Cost cost;
      cost.written = std::numeric_limits<int64_t>::max();
      search.tryFewest(fewest, cost, limit);
      if (cost.time <= limit &&
          (pins.cost.time > limit || cost.written < pins.cost.written)) {
        pins.candidate = std::move(fewest);
        pins.cost = cost;
      }
    }
    if (pins.cost.time > limit)
      return;
    search.exchange(pins.candidate, pins.cost, limit,
                    few(guesses ? 4 * movesToExchange : movesToExchange));
    search.economize(pins.candidate, pins.cost, limit, few(movesToSave));
    pins.energy = energyOf(own, pins.candidate);
  }

  const Problem &problem;
  Options options;
  bool hasEnergy = false;
};

} // namespace

llvm::Expected<Schedule> pumice::scheduling::steady(const Problem &problem,
                                                    const Options &options) {
  Pinner pinner(problem, options);
  // The time may be that of a single run, and the share longer.
  Cost once;
  Search(problem, options, Start::Cold).fastest(once);
  Search search(problem, pinner.options, Start::Steady);
  Pins best;
  best.candidate = search.fastest(best.cost);
  const auto limit = std::max(
      best.cost.time,
      static_cast<Picoseconds>(double(once.time) * (1 + options.timeShare)));
  search.exchange(best.candidate, best.cost, limit,
                  search.tries(triesAtTheEnd));
  search.economize(best.candidate, best.cost, limit, search.moves());

  std::vector<int> open;
  for (size_t u = 0; u < problem.units.size(); ++u) {
    best.isPinned.push_back(problem.units[u].isPinned);
    if (problem.units[u].usesArrays() && !best.isPinned[u])
      open.push_back(static_cast<int>(u));
  }
  best.energy = pinner.energyOf(problem, best.candidate);
  const Pins unpinned = best;
  const auto pin = [](Pins &pins, int u, bool isPinned) {
    pins.isPinned[u] = isPinned;
    pins.candidate.copies[u] = 1;
  };
  // An array saves the same write whatever unit it holds. Units that need few
  // copies to be fast cost least.
  std::sort(open.begin(), open.end(), [&](int a, int b) {
    return std::make_pair(problem.units[a].computePs(1), a) <
           std::make_pair(problem.units[b].computePs(1), b);
  });
  const bool isLarge = problem.units.size() > largeProblem;
  // Units that leave room for the others.
  size_t fitting = 0, tooMany = open.size() + 1;
  while (fitting + 1 < tooMany) {
    const size_t middle = (fitting + tooMany) / 2;
    Pins pins = unpinned;
    for (size_t i = 0; i < middle; ++i)
      pin(pins, open[i], true);
    if (llvm::Error error = pinner.pinned(pins).check()) {
      llvm::consumeError(std::move(error));
      tooMany = middle;
    } else {
      fitting = middle;
    }
  }
  const size_t steps = std::min(fitting, isLarge ? mostSteps / 2 : mostSteps);
  for (size_t step = 1; step <= steps; ++step) {
    Pins found = unpinned;
    for (size_t i = 0; i < fitting * step / steps; ++i)
      pin(found, open[i], true);
    pinner.improve(found, limit, /*guesses=*/true);
    if (found.energy < best.energy)
      best = std::move(found);
  }
  // Pins with copies, chosen by prices of arrays and of time.
  double largest = 0;
  for (const Unit &unit : problem.units)
    if (unit.usesArrays())
      largest = std::max(largest, pinner.energyOfUnit(unit, 1) /
                                      double(unit.tiles() * limit));
  const int prices = isLarge ? pricesOfArrays / 2 : pricesOfArrays;
  for (int price = 0; price < prices && largest > 0; ++price)
    for (double share : sharesOfTime) {
      Pins found = unpinned;
      pinner.choose(found, largest * std::pow(0.5, price * 2 - 4), limit,
                    share * double(limit));
      pinner.improve(found, limit, /*guesses=*/false);
      if (found.energy < best.energy)
        best = std::move(found);
    }
  Random random(options.seed);
  const int64_t toggles = open.empty() ? 0 : search.tries(mostToggles);
  for (int64_t i = 0; i < toggles; ++i) {
    Pins found = best;
    const int64_t count = static_cast<int64_t>(open.size());
    for (int64_t changes = 1 + random.below(2); changes; --changes) {
      const int u = open[random.below(count)];
      const int64_t copies = found.candidate.copies[u];
      pin(found, u, !found.isPinned[u]);
      // As many copies as before, half of them, or one.
      if (const int64_t choice = random.below(3); choice < 2)
        found.candidate.copies[u] = std::max<int64_t>(1, copies >> choice);
    }
    pinner.improve(found, limit, /*guesses=*/false);
    if (found.energy < best.energy)
      best = std::move(found);
  }

  const Problem own = pinner.pinned(best);
  Search final(own, pinner.options, Start::Steady);
  final.economize(best.candidate, best.cost, limit, final.moves());
  final.exchange(best.candidate, best.cost, limit, search.tries(triesAtTheEnd));
  Plan plan;
  // Then tile by tile, for what the problem does not pin.
  Candidate byTiles = best.candidate;
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (best.isPinned[u] && !problem.units[u].isPinned)
      byTiles.kept[u] = problem.units[u].tiles();
  if (search.evaluate(byTiles).time > limit) {
    // Pins leave no room for whole columns.
    final.getPlanner().fill(best.candidate, plan);
    return record(own, plan, Start::Steady, "steady");
  }
  search.keepTiles(byTiles, limit,
                   options.moves ? runsOfMove * *options.moves
                   : isLarge     ? search.tries(runsOfTiles / 10)
                                 : runsOfTiles);
  search.getPlanner().fill(byTiles, plan);
  return record(problem, plan, Start::Steady, "steady");
}
