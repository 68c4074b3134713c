// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Candidate.h"

#include <algorithm>
#include <queue>

using namespace pumice::scheduling;

/// Units, such that the one with the longest path to the end comes first.
static std::vector<int> longestPathFirst(const Problem &problem) {
  const std::vector<std::vector<int>> next = problem.successors();
  const std::vector<int> order = problem.topologicalOrder();
  std::vector<double> path(problem.units.size());
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Unit &unit = problem.units[*it];
    double own = static_cast<double>(unit.computePs(1)) + unit.digitalPs;
    if (unit.usesArrays())
      own += problem.machine.groups[unit.groups.front()].writePs() +
             problem.machine.leastArrivalPs(unit, unit.tiles());
    double rest = 0;
    for (int s : next[*it])
      rest = std::max(rest, path[s]);
    path[*it] = own + rest;
  }
  std::vector<int> open(problem.units.size()), result;
  std::priority_queue<std::pair<double, int>> ready;
  const auto add = [&](int u) { ready.push({path[u], -u}); };
  for (size_t u = 0; u < open.size(); ++u)
    if (!(open[u] = static_cast<int>(problem.units[u].dependencies.size())))
      add(static_cast<int>(u));
  while (!ready.empty()) {
    const int u = -ready.top().second;
    ready.pop();
    result.push_back(u);
    for (int s : next[u])
      if (!--open[s])
        add(s);
  }
  return result;
}

Candidate Planner::first() const {
  const std::vector<Unit> &units = problem.units;
  Candidate result;
  result.order = longestPathFirst(problem);
  result.copies.assign(units.size(), 1);
  result.partTiles.assign(units.size(), 0);
  result.group.assign(units.size(), -1);
  result.kept.assign(units.size(), 0);
  std::vector<int64_t> free;
  for (size_t g = 0; g < problem.machine.groups.size(); ++g)
    free.push_back(problem.unpinnedArrays(static_cast<int>(g)));
  std::vector<double> load(free.size());
  for (int u : result.order) {
    const Unit &unit = units[u];
    if (!unit.usesArrays())
      continue;
    const bool hasRowParts = problem.needsRowParts(unit);
    int best = unit.groups.front();
    if (!unit.isPinned) {
      // The group with the least work for its size, of those that fit.
      const auto rank = [&](int g) {
        const bool fits = free[g] >= (hasRowParts ? 1 : unit.rowTiles);
        const double work =
            (load[g] + unit.tiles()) / std::max<double>(1, free[g]);
        return std::make_pair(!fits, work);
      };
      for (int g : unit.groups)
        if (rank(g) < rank(best))
          best = g;
      load[best] += static_cast<double>(unit.tiles());
    }
    result.group[u] = best;
    result.partTiles[u] =
        unit.isPinned ? unit.tiles() : std::min(unit.tiles(), free[best]);
  }
  return result;
}

std::vector<int64_t> Planner::space(const Candidate &candidate) const {
  std::vector<int64_t> result;
  for (const Group &group : problem.machine.groups)
    result.push_back(group.arrays());
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (const int64_t tiles = problem.units[u].isPinned
                                  ? problem.units[u].tiles()
                                  : candidate.kept[u])
      result[candidate.group[u]] -= tiles * candidate.copies[u];
  return result;
}

bool Planner::canWriteAhead() const {
  const std::vector<Group> &groups = problem.machine.groups;
  return start == Start::Steady && options.writesAhead &&
         !options.writesAtomically &&
         std::none_of(groups.begin(), groups.end(),
                      [](const Group &g) { return g.writersPerElement > 0; });
}

bool Planner::isValid(const Candidate &candidate) const {
  const std::vector<int64_t> free = space(candidate);
  if (candidate.ahead) {
    if (!canWriteAhead())
      return false;
    // All parts are there when a run starts.
    std::vector<int64_t> left = free;
    bool fits = true;
    forEachAhead(candidate, [&](int u) {
      const int64_t tiles = problem.units[u].tiles() - candidate.kept[u];
      int64_t &own = left[candidate.group[u]];
      fits &= candidate.copies[u] <= own / tiles;
      own -= fits ? tiles * candidate.copies[u] : 0;
    });
    if (!fits)
      return false;
  }
  for (size_t u = 0; u < problem.units.size(); ++u) {
    const Unit &unit = problem.units[u];
    if (!unit.usesArrays())
      continue;
    if (unit.isPinned || candidate.kept[u] == unit.tiles()) {
      if (free[candidate.group[u]] < 0)
        return false;
      continue;
    }
    const int64_t tiles = candidate.partTiles[u];
    if (tiles < unit.rowTiles && !problem.needsRowParts(unit))
      return false;
    const int64_t arrays = free[candidate.group[u]];
    // Parts of whole columns may be smaller than `tiles`.
    const int64_t part = tiles < unit.rowTiles
                             ? tiles
                             : std::min(tiles / unit.rowTiles * unit.rowTiles,
                                        unit.tiles() - candidate.kept[u]);
    if (part < 1 || part > arrays || candidate.copies[u] > arrays / part)
      return false;
  }
  return true;
}

void Planner::fill(const Candidate &candidate, Plan &plan) const {
  plan.tasks.clear();
  plan.writesAtomically = options.writesAtomically;
  plan.gatesBanks = options.gatesBanks;
  plan.levelsWear = options.levelsWear;
  std::vector<bool> isAhead(problem.units.size());
  forEachAhead(candidate, [&](int u) { isAhead[u] = true; });
  for (int u : candidate.order) {
    const Unit &unit = problem.units[u];
    if (!unit.usesArrays()) {
      plan.tasks.push_back({u, 0, 0, 1, -1, 0, false});
      continue;
    }
    const int64_t kept = candidate.kept[u];
    if (kept) {
      plan.tasks.push_back({u, 0, kept, candidate.copies[u], candidate.group[u],
                            0, /*isResident=*/true});
      plan.tasks.back().stays = true;
    }
    forEachPart(unit, candidate.partTiles[u], kept,
                [&](int64_t first, int64_t tiles) {
                  plan.tasks.push_back({u, first, tiles, candidate.copies[u],
                                        candidate.group[u], 0,
                                        isResident(unit) || isAhead[u]});
                });
  }
  if (!candidate.ahead)
    return;
  const size_t tasks = plan.tasks.size();
  for (size_t t = 0; t < tasks; ++t)
    if (isAhead[plan.tasks[t].unit] && !plan.tasks[t].stays) {
      plan.tasks.push_back(plan.tasks[t]);
      plan.tasks.back().isResident = false;
      plan.tasks.back().isAhead = true;
    }
}

int64_t Planner::written(const Candidate &candidate) const {
  int64_t tiles = 0;
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (!isResident(problem.units[u]))
      tiles +=
          (problem.units[u].tiles() - candidate.kept[u]) * candidate.copies[u];
  return tiles;
}

double Planner::rewriting(const Candidate &candidate) const {
  const bool hasEnergy =
      std::any_of(problem.units.begin(), problem.units.end(),
                  [](const Unit &unit) { return unit.writePj > 0; });
  double sum = 0;
  for (size_t u = 0; u < problem.units.size(); ++u) {
    const Unit &unit = problem.units[u];
    if (!unit.usesArrays() || isResident(unit))
      continue;
    const int64_t kept = candidate.kept[u], rest = unit.tiles() - kept;
    const double copies = double(candidate.copies[u]);
    sum += hasEnergy
               ? unit.writePj * copies * double(rest) / double(unit.tiles()) +
                     problem.machine.dramPjPerByte *
                         double(unit.bytesOf(kept, rest))
               : double(rest) * (copies + 1);
  }
  return sum;
}

llvm::Expected<Schedule> pumice::scheduling::record(const Problem &problem,
                                                    const Plan &plan,
                                                    Start start,
                                                    llvm::StringRef algorithm) {
  Schedule schedule;
  schedule.algorithm = algorithm.str();
  schedule.start = start;
  ListScheduler scheduler(problem);
  if (scheduler.run(plan, never, &schedule) == never)
    return llvm::createStringError("expected a plan that ends, got one of "
                                   "algorithm '" +
                                   algorithm.str() + "' that waits for ever");
  if (llvm::Error error = schedule.verify(problem))
    return std::move(error);
  return schedule;
}
