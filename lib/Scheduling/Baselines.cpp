// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Baselines.cpp - naive, strong, overlap, copies ---------------------===//
#include "lib/Scheduling/Search.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace pumice::scheduling;

namespace {

/// Scales of copies that a segment is tried with; 0 is one copy of each.
constexpr double scales[] = {1, .7, .5, .35, .25, .18, .12, .06, 0};
/// Longest segment, in tasks, that `strong` considers.
constexpr size_t longestSegment = 64;
constexpr int64_t movesOfStrong = 200;

/// Consecutive tasks that are written together, then compute one by one.
class Segments {
public:
  Segments(const Problem &problem, const Options &options)
      : problem(problem), planner(problem, options, Start::Cold) {
    const Candidate candidate = planner.first();
    free = planner.space(candidate);
    planner.fill(candidate, plan);
    plan.isSerial = plan.hasBarriers = true;
  }

  Plan fill() {
    std::vector<int64_t> used(free.size());
    int segment = 0;
    for (Task &task : plan.tasks) {
      if (task.group >= 0 && !problem.units[task.unit].isPinned) {
        if (used[task.group] + task.tiles > free[task.group]) {
          ++segment;
          std::fill(used.begin(), used.end(), 0);
        }
        used[task.group] += task.tiles;
      }
      task.segment = segment;
    }
    return plan;
  }

  /// Segments and copies by dynamic programming.
  Plan best() {
    const size_t count = plan.tasks.size();
    std::vector<double> total(count + 1, HUGE_VAL);
    std::vector<size_t> from(count + 1);
    std::vector<double> scale(count + 1);
    total[0] = 0;
    for (size_t i = 0; i < count; ++i)
      for (size_t j = i + 1; j <= count && j - i <= longestSegment; ++j) {
        const auto [time, best] = cost(i, j);
        if (time == HUGE_VAL)
          break; // longer ones do not fit either
        if (total[i] + time < total[j]) {
          total[j] = total[i] + time;
          from[j] = i;
          scale[j] = best;
        }
      }
    std::vector<size_t> ends;
    for (size_t j = count; j; j = from[j])
      ends.push_back(j);
    int segment = 0;
    for (auto it = ends.rbegin(); it != ends.rend(); ++it, ++segment) {
      setCopies(from[*it], *it, scale[*it]);
      for (size_t t = from[*it]; t < *it; ++t)
        plan.tasks[t].segment = segment;
    }
    return plan;
  }

  /// Whether each segment fits.
  bool fits(const Plan &other) const {
    std::vector<int64_t> used(free.size());
    for (size_t t = 0; t < other.tasks.size(); ++t) {
      const Task &task = other.tasks[t];
      if (t && task.segment != other.tasks[t - 1].segment)
        std::fill(used.begin(), used.end(), 0);
      if (!isFree(task))
        continue;
      used[task.group] += task.tiles * task.copies;
      if (used[task.group] > free[task.group])
        return false;
    }
    return true;
  }
  /// Whether copies of a task may be chosen.
  bool isFree(const Task &task) const {
    return task.group >= 0 && !problem.units[task.unit].isPinned;
  }
  const Planner &getPlanner() const { return planner; }

private:
  double root(const Task &task) const {
    const Unit &unit = problem.units[task.unit];
    return std::sqrt(double(unit.windows) * unit.mvmPs / double(task.tiles));
  }

  void setCopies(size_t i, size_t j, double scale) {
    std::vector<double> weight(free.size());
    for (size_t t = i; t < j; ++t)
      if (isFree(plan.tasks[t]))
        weight[plan.tasks[t].group] +=
            double(plan.tasks[t].tiles) * root(plan.tasks[t]);
    for (size_t t = i; t < j; ++t) {
      Task &task = plan.tasks[t];
      if (!isFree(task))
        continue;
      const double share = weight[task.group] > 0
                               ? double(free[task.group]) / weight[task.group]
                               : 0;
      const double most = double(planner.mostCopies(problem.units[task.unit]));
      task.copies = std::max<int64_t>(
          1, static_cast<int64_t>(std::min(most, scale * root(task) * share)));
    }
  }

  /// Least time of tasks [i, j) as a segment, and the scale that gives it.
  std::pair<double, double> cost(size_t i, size_t j) {
    const Machine &machine = problem.machine;
    std::pair<double, double> best{HUGE_VAL, 0};
    for (double scale : scales) {
      setCopies(i, j, scale);
      std::vector<int64_t> used(free.size());
      std::vector<int64_t> written(free.size());
      double compute = 0, transfer = 0, write = 0;
      bool fitsAll = true;
      for (size_t t = i; t < j; ++t) {
        const Task &task = plan.tasks[t];
        const Unit &unit = problem.units[task.unit];
        if (task.group < 0) {
          compute += double(unit.digitalPs);
          continue;
        }
        written[task.group] += task.tiles * task.copies;
        if (isFree(task))
          used[task.group] += task.tiles * task.copies;
        fitsAll &= used[task.group] <= free[task.group];
        compute += std::max<double>(unit.computePs(task.copies),
                                    double(unit.digitalPs));
        transfer += double(
            machine.arrivalPs(unit, task.group, task.firstTile, task.tiles));
      }
      if (!fitsAll)
        continue;
      transfer /= double(machine.dramChannels);
      for (size_t g = 0; g < free.size(); ++g)
        if (written[g])
          write = std::max(
              write, std::max(std::ceil(double(written[g]) /
                                        double(machine.groups[g].writers())) *
                                  double(machine.groups[g].writePs()),
                              transfer + double(machine.groups[g].writePs())));
      if (write + compute < best.first)
        best = {write + compute, scale};
    }
    return best;
  }

  const Problem &problem;
  Planner planner;
  std::vector<int64_t> free;
  Plan plan;
};

} // namespace

llvm::Expected<Schedule> pumice::scheduling::naive(const Problem &problem,
                                                   const Options &options) {
  Options own = options;
  own.gatesBanks = false;
  return record(problem, Segments(problem, own).fill(), Start::Cold, "naive");
}

llvm::Expected<Schedule> pumice::scheduling::strong(const Problem &problem,
                                                    const Options &options) {
  Segments segments(problem, options);
  ListScheduler scheduler(problem);
  Plan best = segments.fill();
  Picoseconds time = scheduler.run(best);
  Plan planned = segments.best();
  const Picoseconds other = scheduler.run(planned);
  if (other <= time) {
    best = std::move(planned);
    time = other;
  }
  Random random(options.seed);
  const int64_t count = static_cast<int64_t>(best.tasks.size());
  for (int64_t i = 0; i < options.moves.value_or(movesOfStrong); ++i) {
    Plan plan = best;
    for (int64_t change = random.below(2); change >= 0; --change) {
      Task &task = plan.tasks[random.below(count)];
      if (!segments.isFree(task))
        continue;
      const int64_t r = task.copies;
      const int64_t wanted[] = {r + 1, r - 1, r + 1 + r / 4, r - 1 - r / 5};
      task.copies = std::clamp<int64_t>(
          wanted[random.below(4)], 1,
          segments.getPlanner().mostCopies(problem.units[task.unit]));
    }
    if (!segments.fits(plan))
      continue;
    const Picoseconds found = scheduler.run(plan, time);
    if (found <= time) {
      time = found;
      best = std::move(plan);
    }
  }
  return record(problem, best, Start::Cold, "strong");
}

llvm::Expected<Schedule> pumice::scheduling::overlap(const Problem &problem,
                                                     const Options &options) {
  Search search(problem, options, Start::Cold);
  Candidate best = search.getPlanner().first();
  Cost cost = search.evaluate(best);
  search.chooseParts(best, cost);
  Plan plan;
  search.getPlanner().fill(best, plan);
  return record(problem, plan, Start::Cold, "overlap");
}

llvm::Expected<Schedule> pumice::scheduling::copies(const Problem &problem,
                                                    const Options &options) {
  Search search(problem, options, Start::Cold);
  Plan plan;
  search.getPlanner().fill(search.run(), plan);
  return record(problem, plan, Start::Cold, "copies");
}

llvm::ArrayRef<NamedAlgorithm> pumice::scheduling::algorithms() {
  static constexpr std::array<NamedAlgorithm, 7> all = {{
      {"naive", naive},
      {"strong", strong},
      {"overlap", overlap},
      {"copies", copies},
      {"steady", steady},
      {"pipeline", pipeline},
      {"stream", stream},
  }};
  return all;
}
