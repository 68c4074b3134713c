// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pumice::scheduling;

namespace {

/// Up to here, schedules are so cheap that many thousand are tried.
constexpr size_t smallProblem = 16;
constexpr int64_t movesOfSmall = 8000;
constexpr int64_t movesOfLarge = 1600;
/// Least step between numbers of copies that dynamic programming tries.
constexpr double chainStep = 1.35;
/// Schedules that reducing copies may cost.
constexpr int64_t mostReductions = 300;
/// Schedules that exchanging copies may cost, and steps in a row that fail.
constexpr int64_t mostExchanges = 6000;
constexpr int roundsOfFewest = 3;
/// Tiles in all schedules of a search, about; but a few are always made.
constexpr int64_t mostTilesOfSearch = 80'000'000, leastTries = 20;

} // namespace

uint64_t Random::next() {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Search::Search(const Problem &problem, const Options &options, Start start)
    : problem(problem), options(options), planner(problem, options, start),
      scheduler(problem) {
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (problem.units[u].usesArrays())
      movable.push_back(static_cast<int>(u));
}

int64_t Search::tries(int64_t most) const {
  int64_t tiles = 1;
  for (int u : movable)
    tiles += problem.units[u].tiles();
  return std::min(most, std::max(leastTries, mostTilesOfSearch / tiles));
}

int64_t Search::moves() const {
  return options.moves.value_or(tries(
      problem.units.size() <= smallProblem ? movesOfSmall : movesOfLarge));
}

Cost Search::evaluate(const Candidate &candidate, Picoseconds limit) {
  if (!planner.isValid(candidate))
    return {};
  planner.fill(candidate, plan);
  return {scheduler.run(plan, limit), planner.written(candidate)};
}

void Search::offer(const Candidate &candidate, const Cost &cost,
                   Candidate &best, Cost &bestCost) {
  if (cost.time == never)
    return;
  const auto beats = [](const Cost &a, const Cost &b) {
    return a.time <= b.time && a.written <= b.written;
  };
  if (options.timeShare > 0 &&
      std::none_of(front.begin(), front.end(),
                   [&](const auto &f) { return beats(f.first, cost); })) {
    front.erase(
        std::remove_if(front.begin(), front.end(),
                       [&](const auto &f) { return beats(cost, f.first); }),
        front.end());
    front.push_back({cost, candidate});
  }
  if (cost < bestCost) {
    best = candidate;
    bestCost = cost;
  }
}

void Search::chooseParts(Candidate &best, Cost &cost) {
  const Candidate start = best;
  const std::vector<int64_t> space = planner.space(start);
  for (int64_t parts : {2, 3, 4, 8, 16}) {
    Candidate candidate = start;
    bool isSplit = false;
    for (int u : movable) {
      const Unit &unit = problem.units[u];
      if (unit.isPinned || unit.tiles() <= space[start.group[u]])
        continue;
      const int64_t least = problem.needsRowParts(unit) ? 1 : unit.rowTiles;
      candidate.partTiles[u] = std::max(least, start.partTiles[u] / parts);
      isSplit = true;
    }
    if (!isSplit)
      return;
    offer(candidate, evaluate(candidate), best, cost);
  }
}

void Search::tryChain(Candidate &best, Cost &cost) {
  struct Option {
    int64_t copies, arrays;
    double compute, write, total;
    int from;
  };
  const std::vector<int64_t> space = planner.space(best);
  const Machine &machine = problem.machine;
  std::vector<std::vector<Option>> steps;
  std::vector<int> chain;
  for (int u : best.order) {
    const Unit &unit = problem.units[u];
    if (!unit.usesArrays() || planner.isResident(unit))
      continue;
    const Group &group = machine.groups[best.group[u]];
    const int64_t arrays = std::min(unit.tiles(), best.partTiles[u]);
    const double parts = std::ceil(double(unit.tiles()) / arrays);
    const double transfer =
        double(machine.arrivalPs(unit, best.group[u], 0, unit.tiles())) /
        double(machine.dramChannels);
    const int64_t most =
        unit.isPinned
            ? best.copies[u]
            : std::min(planner.mostCopies(unit),
                       std::max<int64_t>(1, space[best.group[u]] / arrays));
    std::vector<Option> options;
    for (int64_t r = unit.isPinned ? most : 1; r <= most;
         r = std::max(r + 1, static_cast<int64_t>(r * chainStep))) {
      const double waves =
          std::ceil(double(unit.tiles()) * r / double(group.writers()));
      options.push_back({r, arrays * r, parts * unit.computePs(r),
                         std::max(transfer, waves * group.writePs()), 0, 0});
    }
    steps.push_back(std::move(options));
    chain.push_back(u);
  }
  if (steps.empty())
    return;
  for (Option &option : steps[0])
    option.total = option.write;
  for (size_t i = 1; i < steps.size(); ++i) {
    const int64_t free = space[best.group[chain[i]]];
    const bool sameGroup = best.group[chain[i]] == best.group[chain[i - 1]];
    for (Option &option : steps[i]) {
      option.total = HUGE_VAL;
      for (size_t k = 0; k < steps[i - 1].size(); ++k) {
        const Option &before = steps[i - 1][k];
        const bool overlaps =
            !sameGroup || before.arrays + option.arrays <= free;
        const double total =
            before.total + (overlaps ? std::max(before.compute, option.write)
                                     : before.compute + option.write);
        if (total < option.total) {
          option.total = total;
          option.from = static_cast<int>(k);
        }
      }
    }
  }
  size_t at = 0;
  const auto &last = steps.back();
  for (size_t k = 1; k < last.size(); ++k)
    if (last[k].total + last[k].compute < last[at].total + last[at].compute)
      at = k;
  Candidate candidate = best;
  for (size_t i = steps.size(); i-- > 0;) {
    candidate.copies[chain[i]] = steps[i][at].copies;
    at = steps[i][at].from;
  }
  offer(candidate, evaluate(candidate), best, cost);
}

double Search::rootOf(int u, const Candidate &candidate) const {
  const Unit &unit = problem.units[u];
  if (planner.mostCopies(unit) == 1 || !unit.mvmPs)
    return 0;
  const double arrays =
      static_cast<double>(std::min(unit.tiles(), candidate.partTiles[u]));
  return std::sqrt(double(unit.windows) * double(unit.mvmPs) / arrays);
}

void Search::trySquareRoots(Candidate &best, Cost &cost, bool isCoarse) {
  const Candidate start = best;
  const std::vector<int64_t> space = planner.space(start);
  const bool hasPins = std::any_of(movable.begin(), movable.end(), [&](int u) {
    return problem.units[u].isPinned;
  });
  std::vector<double> roots(problem.units.size());
  double largest = 0, smallest = HUGE_VAL;
  for (int u : movable) {
    roots[u] = rootOf(u, start);
    if (roots[u] == 0)
      continue;
    largest = std::max(largest, roots[u]);
    smallest = std::min(smallest, roots[u]);
  }
  const double ratio = isCoarse ? 2 : 1.4;
  const size_t sides = isCoarse ? 3 : std::size(sideBySide);
  const auto tryScale = [&](double scale, int64_t side, bool scalesPins) {
    Candidate candidate = start;
    bool isCapped = true;
    for (int u : movable) {
      const Unit &unit = problem.units[u];
      if (roots[u] == 0 || (unit.isPinned && !scalesPins))
        continue;
      const int64_t arrays = std::min(unit.tiles(), start.partTiles[u]);
      const int64_t free = unit.isPinned
                               ? problem.machine.groups[start.group[u]].arrays()
                               : space[start.group[u]];
      const int64_t cap = std::max<int64_t>(
          1, std::min(planner.mostCopies(unit), free / (side * arrays)));
      const double wanted = std::floor(scale * roots[u]);
      isCapped &= wanted >= cap;
      candidate.copies[u] = std::max<int64_t>(
          1, wanted >= cap ? cap : static_cast<int64_t>(wanted));
    }
    offer(candidate, evaluate(candidate), best, cost);
    return !isCapped;
  };
  for (int scalesPins = 0; scalesPins <= (hasPins ? 1 : 0); ++scalesPins)
    for (size_t s = 0; s < sides; ++s)
      for (double scale = ratio / largest;
           largest > 0 && scale * smallest < 1e9; scale *= ratio)
        if (!tryScale(scale, sideBySide[s], scalesPins))
          break;
}

bool Search::moveOrder(Candidate &candidate, Random &random) const {
  const int64_t count = static_cast<int64_t>(candidate.order.size());
  if (count < 2)
    return false;
  const int64_t steps = 1 + random.below(3);
  int64_t at = random.below(count - 1);
  bool isMoved = false;
  for (int64_t i = 0; i < steps && at + 1 < count; ++i, ++at) {
    const auto &needed = problem.units[candidate.order[at + 1]].dependencies;
    if (std::find(needed.begin(), needed.end(), candidate.order[at]) !=
        needed.end())
      break;
    std::swap(candidate.order[at], candidate.order[at + 1]);
    isMoved = true;
  }
  return isMoved;
}

/// Changes one decision, sometimes two.
bool Search::move(Candidate &candidate, Random &random) const {
  const auto pick = [&] {
    return movable[random.below(static_cast<int64_t>(movable.size()))];
  };
  const auto change = [&](int u, int64_t copies) {
    copies =
        std::clamp<int64_t>(copies, 1, planner.mostCopies(problem.units[u]));
    const bool isChanged = copies != candidate.copies[u];
    candidate.copies[u] = copies;
    return isChanged;
  };
  const auto step = [&](int u, bool up) {
    const int64_t r = candidate.copies[u];
    switch (random.below(3)) {
    case 0:
      return change(u, problem.units[u].nextCopies(r, up));
    case 1:
      return change(u, up ? r + 1 + r / 4 : r - 1 - r / 5);
    default:
      return change(u, up ? r * 2 : r / 2);
    }
  };
  const int64_t kind = random.below(16);
  if (kind == 2 && planner.canWriteAhead()) {
    candidate.ahead =
        std::max<int64_t>(0, candidate.ahead + (random.below(2) ? 1 : -1));
    return true;
  }
  if (kind < 3)
    return moveOrder(candidate, random);
  const int u = pick();
  const Unit &unit = problem.units[u];
  if (kind == 3 && unit.groups.size() > 1 && !unit.isPinned) {
    candidate.group[u] =
        unit.groups[random.below(static_cast<int64_t>(unit.groups.size()))];
    return true;
  }
  if (kind == 4 && !unit.isPinned && unit.columnTiles > 1 &&
      !options.writesAtomically) {
    // Some are cut into parts, though they fit, to compute earlier.
    int64_t &tiles = candidate.partTiles[u];
    const int64_t before = tiles;
    tiles = random.below(2) ? tiles * 2 : tiles / 2;
    tiles = std::clamp(tiles, std::min(unit.rowTiles, before), unit.tiles());
    return tiles != before;
  }
  if (kind < 9)
    return step(u, random.below(2));
  const bool isUp = step(u, true);
  const bool isDown = step(pick(), false);
  return isUp || isDown;
}

void Search::polish(Candidate &best, Cost &cost, int64_t moves) {
  if (movable.empty())
    return;
  Random random(options.seed);
  const bool isSmall = problem.units.size() <= smallProblem;
  Candidate current = best;
  Cost currentCost = cost;
  for (int64_t i = 0; i < moves; ++i) {
    Candidate candidate = current;
    if (!move(candidate, random))
      continue;
    // Small problems get a chance to leave a local optimum: three times from
    // the best, ever colder.
    double slack = 0;
    if (isSmall) {
      const int64_t round = std::max<int64_t>(1, moves / 3);
      if (i % round == 0) {
        current = best;
        currentCost = cost;
        candidate = current;
        if (!move(candidate, random))
          continue;
      }
      const double heat = 1 - double(i % round) / double(round);
      slack = -0.05 * heat * heat * std::log(1 - random.unit());
    }
    const Picoseconds limit = static_cast<Picoseconds>(
        std::min(double(currentCost.time) * (1 + slack), double(never / 2)));
    const Picoseconds bound = std::max(limit, currentCost.time);
    const Cost found = evaluate(candidate, bound);
    if (found.time == never)
      continue;
    if (slack > 0 ? found.time <= bound : !(currentCost < found)) {
      current = std::move(candidate);
      currentCost = found;
      offer(current, found, best, cost);
    }
  }
}

Candidate Search::fastest(Cost &cost) {
  Candidate best = planner.first();
  cost = Cost();
  offer(best, evaluate(best), best, cost);
  chooseParts(best, cost);
  Candidate other = best;
  Cost otherCost = cost;
  tryChain(best, cost);
  trySquareRoots(other, otherCost);
  if (otherCost < cost) {
    best = other;
    cost = otherCost;
  }
  if (planner.canWriteAhead()) {
    const Candidate without = best;
    for (int64_t ahead : {1, 2, 3, 4, 6, 8, 12}) {
      Candidate candidate = without;
      candidate.ahead = ahead;
      if (ahead <= static_cast<int64_t>(movable.size()))
        offer(candidate, evaluate(candidate), best, cost);
    }
  }
  polish(best, cost, moves());
  return best;
}

Candidate Search::run() {
  Cost cost;
  Candidate best = fastest(cost);
  if (options.timeShare > 0) {
    const auto limit =
        static_cast<Picoseconds>(double(cost.time) * (1 + options.timeShare));
    reduce(best, cost, limit, tries(mostReductions));
    economize(best, cost, limit, moves());
    reduce(best, cost, limit, tries(mostReductions));
    // What is found may be a local optimum: starts anew from a guess, too.
    Candidate guess = planner.first();
    Cost guessed;
    guessed.written = std::numeric_limits<int64_t>::max();
    tryFewest(guess, guessed, limit);
    exchange(best, cost, limit, tries(mostExchanges));
    exchange(guess, guessed, limit, tries(mostExchanges));
    if (guessed.time <= limit && guessed.written < cost.written) {
      best = std::move(guess);
      cost = guessed;
    }
    // Large problems get one round.
    const int rounds =
        tries(mostExchanges) < mostExchanges ? 1 : roundsOfFewest;
    for (int round = 0; round < rounds; ++round) {
      economize(best, cost, limit, tries(mostExchanges));
      exchange(best, cost, limit, tries(mostExchanges));
    }
  }
  return best;
}
