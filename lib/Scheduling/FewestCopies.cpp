// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FewestCopies.cpp - Writing less within a time ----------------------===//
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace pumice::scheduling;

namespace {

/// Steps in a row that fail.
constexpr int mostFailures = 12;
/// Scales of copies: the largest over the smallest, and steps of bisection.
constexpr int64_t mostScale = 1 << 20;
constexpr int stepsOfScale = 16;

} // namespace

void Search::reduce(Candidate &best, Cost &cost, Picoseconds limit,
                    int64_t mostTries) {
  for (const auto &[own, candidate] : front)
    if (own.time <= limit && own.written < cost.written) {
      best = candidate;
      cost = own;
    }
  std::vector<int> byTiles;
  for (int u : movable)
    if (!planner.isResident(problem.units[u]))
      byTiles.push_back(u);
  const auto rank = [&](int u) {
    return std::make_pair(-problem.units[u].tiles() * (best.copies[u] - 1), u);
  };
  std::sort(byTiles.begin(), byTiles.end(),
            [&](int a, int b) { return rank(a) < rank(b); });
  int64_t tries = 0;
  for (bool isChanged = true; isChanged && tries < mostTries;) {
    isChanged = false;
    for (int u : byTiles) {
      const int64_t copies = best.copies[u];
      for (int64_t fewer : {int64_t(1), copies / 2, copies - copies / 4 - 1}) {
        if (fewer < 1 || fewer >= copies || ++tries >= mostTries)
          continue;
        Candidate candidate = best;
        candidate.copies[u] = fewer;
        const Cost found = evaluate(candidate, limit);
        if (found.time != never) {
          best = std::move(candidate);
          cost = found;
          isChanged = true;
          break;
        }
      }
    }
  }
}

void Search::tryFewest(Candidate &best, Cost &cost, Picoseconds limit) {
  const Candidate start = best;
  const std::vector<int64_t> space = planner.space(start);
  double largest = 0;
  for (int u : movable)
    largest = std::max(largest, rootOf(u, start));
  if (largest == 0)
    return;
  for (int64_t side : sideBySide) {
    double low = 1 / largest, high = low * double(mostScale);
    for (int step = 0; step < stepsOfScale; ++step) {
      const double scale = std::sqrt(low * high);
      Candidate candidate = start;
      for (int u : movable) {
        const Unit &unit = problem.units[u];
        if (unit.isPinned || rootOf(u, start) == 0)
          continue;
        const int64_t arrays = std::min(unit.tiles(), start.partTiles[u]);
        const int64_t cap = std::max<int64_t>(
            1, std::min(planner.mostCopies(unit),
                        space[start.group[u]] / (side * arrays)));
        candidate.copies[u] = unit.fewestCopies(std::clamp<int64_t>(
            std::llround(std::min(scale * rootOf(u, start), 1e15)), 1, cap));
      }
      const Cost found = evaluate(candidate, limit);
      (found.time == never ? low : high) = scale;
      if (found.time != never && found.written < cost.written) {
        best = std::move(candidate);
        cost = found;
      }
    }
  }
}

std::vector<Search::Step> Search::stepsFrom(const Candidate &from,
                                            const Cost &cost, bool isUp,
                                            Picoseconds limit, int64_t &tries) {
  std::vector<Step> steps;
  for (int u : movable) {
    const Unit &unit = problem.units[u];
    if (planner.isResident(unit))
      continue;
    const int64_t before = from.copies[u];
    std::vector<int64_t> wanted{unit.nextCopies(before, isUp)};
    if (!isUp)
      wanted.push_back(unit.fewestCopies(std::max<int64_t>(1, before / 2)));
    for (int64_t copies : wanted) {
      if (copies < 1 || copies > planner.mostCopies(unit) ||
          (isUp ? copies <= before : copies >= before) || tries <= 0)
        continue;
      Candidate candidate = from;
      candidate.copies[u] = copies;
      --tries;
      const Cost found = evaluate(candidate, isUp ? cost.time : limit);
      if (found.time == never)
        continue;
      steps.push_back({u, copies, std::abs(copies - before) * unit.tiles(),
                       found.time - cost.time});
    }
  }
  // Of steps up: the most time for an array; of steps down: the least.
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step &a, const Step &b) {
                     return double(a.time) / double(a.arrays) <
                            double(b.time) / double(b.arrays);
                   });
  return steps;
}

/// Takes all steps, in this order, with which the time stays within the limit.
bool Search::takeAll(Candidate &candidate, Cost &cost,
                     const std::vector<Step> &steps, Picoseconds limit,
                     int64_t &tries) {
  bool isChanged = false;
  int failures = 0;
  for (const Step &step : steps) {
    if (tries <= 0 || failures == mostFailures)
      break;
    if (step.copies >= candidate.copies[step.unit])
      continue;
    const int64_t before =
        std::exchange(candidate.copies[step.unit], step.copies);
    --tries;
    const Cost found = evaluate(candidate, limit);
    if (found.time == never || found.written >= cost.written) {
      candidate.copies[step.unit] = before;
      ++failures;
      continue;
    }
    cost = found;
    isChanged = true;
    failures = 0;
  }
  return isChanged;
}

void Search::exchange(Candidate &best, Cost &cost, Picoseconds limit,
                      int64_t tries) {
  if (cost.time > limit)
    return;
  for (int u : movable) {
    // Copies that save no window.
    Candidate candidate = best;
    candidate.copies[u] = problem.units[u].fewestCopies(best.copies[u]);
    if (candidate.copies[u] == best.copies[u] ||
        planner.isResident(problem.units[u]))
      continue;
    const Cost found = evaluate(candidate, limit);
    if (found.time != never) {
      best = std::move(candidate);
      cost = found;
    }
  }
  for (bool isBetter = true; isBetter && tries > 0;) {
    std::vector<Step> down;
    do
      down = stepsFrom(best, cost, /*isUp=*/false, limit, tries);
    while (takeAll(best, cost, down, limit, tries));
    // Nothing goes without giving something back. Steps that would take too
    // much time alone are tried too.
    down = stepsFrom(best, cost, false, limit + limit / 8, tries);
    const std::vector<Step> up = stepsFrom(best, cost, true, limit, tries);
    isBetter = false;
    for (size_t i = 0; i < up.size() && i < mostFailures && tries > 0; ++i) {
      if (up[i].time >= 0)
        break;
      Candidate candidate = best;
      candidate.copies[up[i].unit] = up[i].copies;
      Cost found = evaluate(candidate, limit);
      --tries;
      if (found.time == never)
        continue;
      takeAll(candidate, found, down, limit, tries);
      if (found.written < cost.written) {
        best = std::move(candidate);
        cost = found;
        isBetter = true;
      }
    }
  }
}

void Search::quicken(Candidate &best, Cost &cost, Picoseconds limit,
                     int64_t tries) {
  while (cost.time > limit && cost.time != never && tries > 0) {
    const Picoseconds before = cost.time;
    for (const Step &step :
         stepsFrom(best, cost, /*isUp=*/true, limit, tries)) {
      if (step.time >= 0 || cost.time <= limit || --tries <= 0)
        break;
      Candidate candidate = best;
      candidate.copies[step.unit] = step.copies;
      const Cost found = evaluate(candidate, cost.time);
      if (found.time < cost.time) {
        best = std::move(candidate);
        cost = found;
      }
    }
    if (cost.time == before)
      return;
  }
}

void Search::economize(Candidate &best, Cost &cost, Picoseconds limit,
                       int64_t moves) {
  if (movable.empty() || cost.time > limit)
    return;
  Random random(options.seed + 1);
  Candidate current = best;
  Cost currentCost = cost;
  // What writes more needs no run, but may lead out of a local optimum.
  const int64_t mostTries = 8 * moves;
  int64_t left = moves;
  for (int64_t tries = 0; tries < mostTries && left; ++tries) {
    Candidate candidate = current;
    const double heat = double(left) / double(moves);
    const double slack = -0.01 * heat * heat * std::log(1 - random.unit());
    if (!move(candidate, random) || !planner.isValid(candidate) ||
        double(planner.written(candidate)) >
            double(currentCost.written) * (1 + slack))
      continue;
    --left;
    const Cost found = evaluate(candidate, limit);
    if (found.time == never)
      continue;
    current = std::move(candidate);
    currentCost = found;
    if (found.written < cost.written) {
      best = current;
      cost = found;
    }
  }
}
