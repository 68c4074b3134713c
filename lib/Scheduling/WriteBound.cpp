// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WriteBound.cpp - What has to be written to be that fast ------------===//
#include "lib/Scheduling/Bounds.h"

#include <algorithm>
#include <cmath>

using namespace pumice::scheduling;

namespace {

/// Steps of the search for a multiplier, and rounds of the search for two.
constexpr int steps = 60;
constexpr int rounds = 4;

/// What a unit with some number of copies takes.
struct Choice {
  double copies, written, span;
};

class WriteBounder {
public:
  WriteBounder(const Problem &problem, Start start)
      : units(problem.units), machine(problem.machine),
        isSteady(start == Start::Steady), order(problem.topologicalOrder()) {
    std::vector<int64_t> arrays(3);
    for (const Group &group : machine.groups)
      arrays[int(group.kind)] += group.arrays();
    for (const Unit &unit : units) {
      entry.push_back(0);
      choices.push_back(choicesOf(unit, arrays));
      if (unit.usesArrays() && !isResident(unit)) {
        Picoseconds write = machine.groups[unit.groups.front()].writePs();
        for (int g : unit.groups)
          write = std::min(write, machine.groups[g].writePs());
        entry.back() = double(write + machine.leastArrivalPs(unit, 1));
      }
    }
  }

  /// `weights`: of one copy of each unit.
  double least(const std::vector<double> &weights, Picoseconds time) const {
    double most = 0;
    for (const auto &length : {&WriteBounder::mostCopies,
                               &WriteBounder::oneCopy, &WriteBounder::root})
      most = std::max(most, along(pathBy(weights, length), weights, time));
    return most;
  }

  /// Write and DRAM energy of a run of the steady state, whatever stays: arrays
  /// are held for the whole run, or for writes and windows.
  double leastRewriting(Picoseconds time) const {
    std::vector<double> roots;
    for (const Unit &unit : units)
      roots.push_back(unit.writePj);
    const std::vector<int> path = pathBy(roots, &WriteBounder::root);
    std::vector<bool> onPath(units.size());
    for (int u : path)
      onPath[u] = true;
    double all = 0, held = 0;
    for (const Group &group : machine.groups)
      held += double(group.arrays());
    for (const Unit &unit : units)
      all += unit.writePj + machine.dramPjPerByte * double(unit.bytes);
    if (all <= 0 || time <= 0 || held <= 0)
      return 0;
    // Prices of time along the path and of array-time.
    const auto dual = [&](double mu, double nu) {
      double sum = -mu * double(time) - nu * held * double(time);
      for (size_t u = 0; u < units.size(); ++u) {
        const Unit &unit = units[u];
        double best = HUGE_VAL;
        for (const Choice &choice : choices[u]) {
          const double span = onPath[u] ? mu * choice.span : 0;
          if (!unit.usesArrays()) {
            best = std::min(best, span);
            continue;
          }
          const double arrays = double(unit.tiles()) * choice.copies;
          const double stays = nu * arrays * double(time);
          const double rewritten =
              unit.writePj * choice.copies +
              machine.dramPjPerByte * double(unit.bytes) +
              nu * (double(unit.tiles()) * double(unit.windows) *
                        double(unit.mvmPs) +
                    arrays * entry[u]);
          best = std::min(best, span + std::min(stays, rewritten));
        }
        sum += best;
      }
      return sum;
    };
    double mu = all / double(time), nu = mu / held, most = 0;
    for (int round = 0; round < rounds; ++round)
      for (double *own : {&mu, &nu}) {
        double low = *own * 1e-4, high = *own * 1e4;
        const auto at = [&](double value) {
          *own = value;
          const double found = dual(mu, nu);
          most = std::max(most, found);
          return found;
        };
        for (int step = 0; step < steps / 2; ++step) {
          const double a = std::pow(low, 2.0 / 3) * std::pow(high, 1.0 / 3);
          const double b = std::pow(low, 1.0 / 3) * std::pow(high, 2.0 / 3);
          if (at(a) < at(b))
            low = a;
          else
            high = b;
        }
        *own = std::sqrt(low * high);
      }
    return most * (1 - 1e-9);
  }

private:
  bool isResident(const Unit &unit) const { return isSteady && unit.isPinned; }

  /// All numbers of copies that differ in time, the fewest first. Parts with
  /// different numbers are covered: the smallest number bounds both terms.
  std::vector<Choice> choicesOf(const Unit &unit,
                                const std::vector<int64_t> &arrays) const {
    if (!unit.usesArrays())
      return {{1, 0, double(unit.digitalPs)}};
    std::vector<Choice> result;
    const int64_t most = std::min(unit.maxCopies, unit.windows);
    const double shortest = double(unit.tiles()) * double(unit.windows) *
                            double(unit.mvmPs) / double(arrays[int(unit.kind)]);
    for (int64_t copies = 1; copies <= most;) {
      double span = std::max(shortest, double(unit.computePs(copies)));
      if (unit.digitalPs)
        span = std::max(span + double(unit.lag(unit.digitalPs)),
                        double(unit.mvmPs + unit.digitalPs));
      result.push_back(
          {double(copies), isResident(unit) ? 0 : double(copies), span});
      const int64_t windows = unit.windowsPerCopy(copies) - 1;
      if (windows < 1)
        break;
      copies = (unit.windows + windows - 1) / windows;
    }
    return result;
  }

  double mostCopies(size_t u, double) const { return choices[u].back().span; }
  double oneCopy(size_t u, double) const { return choices[u].front().span; }
  double root(size_t u, double weight) const {
    return std::sqrt(weight * choices[u].front().span);
  }

  template <typename Length>
  std::vector<int> pathBy(const std::vector<double> &weights,
                          Length length) const {
    std::vector<double> total(units.size());
    std::vector<int> from(units.size(), -1);
    int last = order.front();
    for (int u : order) {
      for (int d : units[u].dependencies)
        if (from[u] < 0 || total[d] > total[from[u]])
          from[u] = d;
      total[u] =
          (from[u] < 0 ? 0 : total[from[u]]) + (this->*length)(u, weights[u]);
      if (total[u] > total[last])
        last = u;
    }
    std::vector<int> path;
    for (int u = last; u >= 0; u = from[u])
      path.push_back(u);
    return path;
  }

  /// Lagrangian: the fewest writes, plus mu times the time along the path
  /// beyond `time`; the rest is written once.
  double along(const std::vector<int> &path, const std::vector<double> &weights,
               Picoseconds time) const {
    double beside = 0;
    std::vector<bool> onPath(units.size());
    for (int u : path)
      onPath[u] = true;
    for (size_t u = 0; u < units.size(); ++u)
      if (!onPath[u])
        beside += weights[u] * choices[u].front().written;
    const double left = double(time) - entry[path.back()];
    const auto dual = [&](double mu) {
      double sum = beside - mu * left;
      for (int u : path) {
        double best = HUGE_VAL;
        for (const Choice &choice : choices[u])
          best = std::min(best, weights[u] * choice.written + mu * choice.span);
        sum += best;
      }
      return sum;
    };
    // Concave in mu: any mu gives a bound, the best one is searched for.
    double largest = 0;
    for (int u : path)
      largest = std::max(largest, weights[u]);
    double low = largest * 1e-12, high = largest * 1e3;
    double most = dual(0);
    for (int step = 0; step < steps && low < high; ++step) {
      const double a = std::pow(low, 2.0 / 3) * std::pow(high, 1.0 / 3);
      const double b = std::pow(low, 1.0 / 3) * std::pow(high, 2.0 / 3);
      const double atA = dual(a), atB = dual(b);
      most = std::max({most, atA, atB});
      (atA < atB ? low : high) = atA < atB ? a : b;
    }
    // Sums of doubles are not exact.
    return most * (1 - 1e-9);
  }

  const std::vector<Unit> &units;
  const Machine &machine;
  const bool isSteady;
  const std::vector<int> order;
  std::vector<double> entry;
  std::vector<std::vector<Choice>> choices;
};

} // namespace

LeastWrites pumice::scheduling::leastWrites(const Problem &problem, Start start,
                                            Picoseconds time) {
  const WriteBounder bounder(problem, start);
  std::vector<double> tiles, energies;
  for (const Unit &unit : problem.units) {
    tiles.push_back(double(unit.tiles()));
    energies.push_back(unit.writePj);
  }
  return {static_cast<int64_t>(std::ceil(bounder.least(tiles, time))),
          bounder.least(energies, time),
          start == Start::Steady ? bounder.leastRewriting(time) : 0};
}
