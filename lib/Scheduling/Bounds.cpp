// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Bounds.h"
#include "lib/Scheduling/Stream.h"
#include "llvm/ADT/BitVector.h"

#include <algorithm>
#include <cmath>

using namespace pumice::scheduling;

namespace {

/// Larger problems get no bounds that look at all pairs of units.
constexpr size_t mostUnitsOfPairs = 8192;
/// Places on a path at which a bound cuts.
constexpr size_t mostCuts = 128;
/// Numbers of copies up to here are tried one by one, larger ones together.
constexpr int64_t exactCopies = 32;
constexpr int kinds = 3;

class Bounder {
public:
  Bounder(const Problem &problem, Start start, bool writesAhead, bool isStream)
      : writesAhead(writesAhead), isStream(isStream), units(problem.units),
        machine(problem.machine), order(problem.topologicalOrder()),
        next(problem.successors()) {
    arrays.assign(kinds, 0);
    for (const Group &group : machine.groups) {
      arrays[int(group.kind)] += group.arrays();
      allArrays += group.arrays();
    }
    bandwidth =
        double(machine.dramChannels) * double(machine.dramBytesPerUs) / 1e6;
    for (const Unit &unit : units)
      own.push_back(describe(unit, start));
    reach();
  }

  Bounds run() {
    Bounds bounds;
    double bytes = 0, digital = 0;
    for (size_t u = 0; u < units.size(); ++u) {
      bytes += own[u].bytes;
      digital += double(units[u].digitalPs);
    }
    bounds.dram = floored(bytes > 0 ? bytes / bandwidth + afterDram : 0);
    bounds.writers = floored(writesAhead ? 0 : writers());
    bounds.arrayTime = floored(arrayTime([](size_t) { return true; }, true));
    if (machine.digitalUnits)
      bounds.digital = floored(digital / double(machine.digitalUnits));
    bounds.path = floored(*std::max_element(head.begin(), head.end()));
    bounds.period = period();
    if (units.size() <= mostUnitsOfPairs && !writesAhead) {
      gather();
      bounds.cut = floored(cut());
      bounds.lagrangian = floored(
          std::max(lagrangian(mainPath(true)), lagrangian(mainPath(false))));
    }
    return bounds;
  }

private:
  struct Own {
    double bytes = 0;   ///< to be brought from DRAM, or as long to decode
    double hold = 0;    ///< array-time, writes included
    double busy = 0;    ///< array-time of computes
    double write = 0;   ///< time from the start of a tile's transfer to its use
    double compute = 0; ///< least time of the products
    double span = 0;    ///< least time from the first product to the results
    int64_t copies = 1; ///< most
    int kind = -1;
  };

  /// Sums of doubles are not exact: gives away a part in 10^12.
  static Picoseconds floored(double time) {
    return std::max<Picoseconds>(
        0, static_cast<Picoseconds>(std::floor(time * (1 - 1e-12))));
  }

  Own describe(const Unit &unit, Start start) {
    Own result;
    if (!unit.usesArrays()) {
      result.span = double(unit.digitalPs);
      return result;
    }
    const bool isResident = start == Start::Steady && unit.isPinned;
    result.kind = int(unit.kind);
    result.copies = std::min(unit.maxCopies, unit.windows);
    const double tiles = double(unit.tiles());
    result.busy = tiles * double(unit.windows) * double(unit.mvmPs);
    if (!isResident) {
      Picoseconds write = machine.groups[unit.groups.front()].writePs();
      for (int g : unit.groups)
        write = std::min(write, machine.groups[g].writePs());
      // Of a slow decoder: what DRAM could bring in the same time. Tiles come
      // in several transfers, whose shares are rounded down.
      result.bytes = std::max(
          double(unit.bytes),
          (double(machine.leastArrivalPs(unit, unit.tiles())) - tiles) *
              double(machine.dramBytesPerUs) / 1e6);
      result.write = double(write + machine.leastArrivalPs(unit, 1));
      // What comes last from DRAM is written, then computes.
      const double rest = double(write + unit.computePs(result.copies));
      if (unit.bytes && (!hasBytes || rest < afterDram))
        afterDram = rest;
      hasBytes |= unit.bytes > 0;
    }
    result.hold = result.busy + tiles * result.write;
    if (writesAhead)
      result.write = afterDram = 0;
    // All tiles share the arrays, and a part has all windows.
    result.compute = std::max(double(unit.computePs(result.copies)),
                              result.busy / double(arrays[result.kind]));
    result.span = result.compute;
    if (unit.digitalPs)
      result.span = std::max(result.compute + double(unit.lag(unit.digitalPs)),
                             double(unit.mvmPs + unit.digitalPs));
    return result;
  }

  /// Longest paths to and from each unit.
  void reach() {
    head.assign(units.size(), 0);
    tail.assign(units.size(), 0);
    for (int u : order) {
      double begin = own[u].write;
      for (int d : units[u].dependencies)
        begin = std::max(begin, head[d]);
      head[u] = begin + own[u].span;
    }
    for (auto it = order.rbegin(); it != order.rend(); ++it)
      for (int s : next[*it])
        tail[*it] = std::max(tail[*it], own[s].span + tail[s]);
  }

  double writers() const {
    // Each unit is written in a group of its kind.
    double most = 0;
    for (int k = 0; k < kinds; ++k) {
      double rate = 0, tiles = 0, after = HUGE_VAL;
      for (const Group &group : machine.groups)
        if (int(group.kind) == k)
          rate += group.writePs()
                      ? double(group.writers()) / double(group.writePs())
                      : HUGE_VAL;
      for (size_t u = 0; u < units.size(); ++u) {
        if (own[u].kind != k || own[u].write == 0)
          continue;
        tiles += double(units[u].tiles());
        after = std::min(after, double(units[u].computePs(own[u].copies)));
      }
      if (tiles > 0 && rate > 0)
        most = std::max(most, tiles / rate + after);
    }
    return most;
  }

  template <typename Filter>
  double arrayTime(Filter filter, bool withWrites) const {
    double sum[kinds] = {}, most = 0;
    for (size_t u = 0; u < units.size(); ++u)
      if (own[u].kind >= 0 && filter(u))
        sum[own[u].kind] += withWrites ? own[u].hold : own[u].busy;
    for (int k = 0; k < kinds; ++k)
      if (arrays[k])
        most = std::max(most, sum[k] / double(arrays[k]));
    return most;
  }

  /// Whether the arrays of each kind hold the copies that a period needs.
  bool fitsPeriod(Picoseconds time) const {
    __int128 used[kinds] = {};
    for (size_t u = 0; u < units.size(); ++u) {
      if (own[u].kind < 0 || !units[u].mvmPs)
        continue;
      // Of a pipeline, a copy computes whole windows of one input.
      const int64_t windows = time / units[u].mvmPs;
      if (isStream ? !time : !windows)
        return false;
      const int64_t copies =
          isStream ? scaledUp(units[u].windows, units[u].mvmPs, time)
                   : (units[u].windows + windows - 1) / windows;
      used[own[u].kind] += __int128(copies) * units[u].tiles();
      if (copies > own[u].copies || used[own[u].kind] > arrays[own[u].kind])
        return false;
    }
    return true;
  }

  Picoseconds period() const {
    double digital = 0;
    Picoseconds most = 0, longest = 0;
    for (size_t u = 0; u < units.size(); ++u) {
      digital += double(units[u].digitalPs);
      most = std::max(most, units[u].digitalPs);
      longest = std::max(longest, units[u].computePs(1));
    }
    if (machine.digitalUnits)
      most = std::max(most, floored(digital / double(machine.digitalUnits)));
    if (!fitsPeriod(longest))
      return std::max(most, longest); // no pipeline fits at all
    Picoseconds least = 0;
    while (least < longest) {
      const Picoseconds middle = least + (longest - least) / 2;
      if (fitsPeriod(middle))
        longest = middle;
      else
        least = middle + 1;
    }
    return std::max(most, least);
  }

  //===--------------------------------------------------------------------===//
  // What precedes and follows each unit
  //===--------------------------------------------------------------------===//

  void gather() {
    const auto merge = [&](std::vector<llvm::BitVector> &sets, int u, int v) {
      sets[u] |= sets[v];
      sets[u].set(v);
    };
    before.assign(units.size(), llvm::BitVector(units.size()));
    after.assign(units.size(), llvm::BitVector(units.size()));
    for (int u : order)
      for (int d : units[u].dependencies)
        merge(before, u, d);
    for (auto it = order.rbegin(); it != order.rend(); ++it)
      for (int s : next[*it])
        merge(after, *it, s);
  }

  struct Sums {
    double bytes = 0, hold[kinds] = {}, busy[kinds] = {};
  };
  Sums sum(const llvm::BitVector &set) const {
    Sums result;
    for (unsigned u : set.set_bits()) {
      result.bytes += own[u].bytes;
      if (own[u].kind < 0)
        continue;
      result.hold[own[u].kind] += own[u].hold;
      result.busy[own[u].kind] += own[u].busy;
    }
    return result;
  }

  /// Shares of tiles differ by one weight at most: what DRAM brings while it is
  /// decoded.
  double bytesOfWeight(const Unit &unit) const {
    double most = 0;
    for (int g : unit.groups)
      if (const int64_t rate = machine.groups[g].decoderWeightsPerUs;
          rate && unit.decodedWeights)
        most = std::max(most, (1 / double(rate) + 1e-6) *
                                  double(machine.dramBytesPerUs));
    return most;
  }

  /// Least time after unit `u` is done.
  double timeAfter(size_t u) const {
    const Sums sums = sum(after[u]);
    double time = tail[u];
    for (int k = 0; k < kinds; ++k)
      if (arrays[k])
        time = std::max(time, sums.busy[k] / double(arrays[k]));
    // Arrays hold some of the weights that follow; the rest has to come.
    double largestTile = 0;
    for (unsigned s : after[u].set_bits())
      if (own[s].bytes > 0)
        largestTile = std::max(
            largestTile, std::ceil(own[s].bytes / double(units[s].tiles())) +
                             bytesOfWeight(units[s]));
    const double missing = sums.bytes - double(allArrays) * largestTile;
    if (missing > 0)
      time = std::max(time, missing / bandwidth + afterDram);
    return time;
  }

  /// Least time until unit `u` is done.
  double timeUntil(size_t u) const {
    Sums sums = sum(before[u]);
    double time = head[u];
    sums.bytes += own[u].bytes;
    if (own[u].kind >= 0)
      sums.hold[own[u].kind] += own[u].hold;
    for (int k = 0; k < kinds; ++k)
      if (arrays[k])
        time = std::max(time, sums.hold[k] / double(arrays[k]));
    if (sums.bytes > 0)
      time = std::max(time, sums.bytes / bandwidth + afterDram);
    return time;
  }

  double cut() {
    double most = 0;
    until.resize(units.size());
    later.resize(units.size());
    for (size_t u = 0; u < units.size(); ++u) {
      until[u] = timeUntil(u);
      later[u] = timeAfter(u);
      most = std::max(most, until[u] + later[u]);
    }
    return most;
  }

  //===--------------------------------------------------------------------===//
  // Copies shorten a path, but hold arrays
  //===--------------------------------------------------------------------===//

  /// The longest path, with most copies or with one.
  std::vector<int> mainPath(bool withCopies) const {
    std::vector<double> length(units.size());
    std::vector<int> from(units.size(), -1);
    int last = order.front();
    for (int u : order) {
      for (int d : units[u].dependencies)
        if (from[u] < 0 || length[d] > length[from[u]])
          from[u] = d;
      length[u] = (from[u] < 0 ? 0 : length[from[u]]) +
                  (withCopies ? own[u].span
                              : double(units[u].computePs(1)) +
                                    double(units[u].digitalPs));
      if (length[u] > length[last])
        last = u;
    }
    std::vector<int> path;
    for (int u = last; u >= 0; u = from[u])
      path.push_back(u);
    std::reverse(path.begin(), path.end());
    return path;
  }

  /// Least of mu * span + (1 - mu) / arrays * array-time over all numbers of
  /// copies. Parts with different numbers are covered: the smallest number
  /// bounds both terms.
  ///
  /// Tiles of a copy come one after the other, and their arrays wait until
  /// their part starts. Only those that come after the first part has started,
  /// during the time `late` by which the last part starts later, wait less.
  double least(size_t u, double mu, int kind) const {
    const Unit &unit = units[u];
    const Own &o = own[u];
    if (o.kind < 0)
      return mu * o.span;
    const double share = o.kind == kind ? (1 - mu) / double(arrays[kind]) : 0;
    const double tiles = double(unit.tiles());
    const double perCopy = share * tiles * o.write;
    const double shortest = double(unit.computePs(o.copies));
    const double tile = unit.decodedWeights && o.bytes > 0
                            ? double(std::max<Picoseconds>(
                                  0, machine.leastArrivalPs(unit, 1) - 1)) /
                                  double(machine.dramChannels)
                            : std::floor(o.bytes / tiles) / bandwidth;
    // The last tiles of all channels come at the same time.
    const double oneByOne = tiles - double(machine.dramChannels - 1);
    // Bounds all numbers of copies in [low, high].
    const auto value = [&](int64_t low, int64_t high) {
      const double compute = std::max(double(unit.computePs(high)), o.compute);
      double late = compute - shortest; // costs nothing
      double waiting = 0;
      if (tile > 0 && share > 0) {
        double early = std::max(0.0, oneByOne - late / tile);
        // A single tile never waits.
        const double fewest = std::max(1.0, mu / (share * double(low)) + 0.5);
        if (early > fewest) {
          late += (early - fewest) * tile;
          early = fewest;
        }
        waiting = std::max(0.0, tile * early * (early - 1) / 2);
      }
      double span = std::max(compute, late + shortest);
      if (unit.digitalPs)
        span = std::max(span + double(unit.lag(unit.digitalPs)),
                        double(unit.mvmPs + unit.digitalPs));
      return mu * span + (perCopy + share * waiting) * double(low) +
             share * o.busy;
    };
    double best = HUGE_VAL;
    for (int64_t low = 1; low <= o.copies;) {
      const int64_t high =
          std::min(o.copies, low < exactCopies ? low : low + low / exactCopies);
      best = std::min(best, value(low, high));
      low = high + 1;
      if (perCopy * double(low) > best)
        break;
    }
    return best;
  }

  double lagrangian(const std::vector<int> &path) const {
    double most = 0;
    llvm::BitVector onPath(units.size());
    for (int u : path)
      onPath.set(u);
    const size_t stride = (path.size() + mostCuts - 1) / mostCuts;
    for (int kind = 0; kind < kinds; ++kind) {
      if (!arrays[kind])
        continue;
      // Array-time beside the path, by the place on the path that it precedes.
      std::vector<double> beside(path.size());
      for (size_t i = 0; i < path.size(); ++i) {
        if (i % stride && i + 1 != path.size())
          continue;
        for (unsigned u : before[path[i]].set_bits())
          if (!onPath.test(u) && own[u].kind == kind)
            beside[i] += own[u].hold;
      }
      double everything = 0;
      for (size_t u = 0; u < units.size(); ++u)
        if (!onPath.test(u) && own[u].kind == kind)
          everything += own[u].hold;
      for (int step = 0; step <= 40; ++step) {
        const double mu = step / 40.0;
        const double share = (1 - mu) / double(arrays[kind]);
        double along = 0;
        for (size_t i = 0; i < path.size(); ++i) {
          along += least(path[i], mu, kind);
          // The first write comes before the path.
          const double entry = i || mu == 0 ? 0 : mu * own[path[0]].write;
          if (!i)
            along += entry;
          if (i % stride && i + 1 != path.size())
            continue;
          most = std::max(most, along + share * beside[i] + later[path[i]]);
        }
        most = std::max(most, along + share * everything);
      }
    }
    return most;
  }

  const bool writesAhead, isStream;
  const std::vector<Unit> &units;
  const Machine &machine;
  const std::vector<int> order;
  const std::vector<std::vector<int>> next;
  std::vector<int64_t> arrays; ///< by kind
  int64_t allArrays = 0;
  bool hasBytes = false;
  double afterDram = 0;
  double bandwidth = 0; ///< bytes per ps
  std::vector<Own> own;
  std::vector<double> head, tail, until, later;
  std::vector<llvm::BitVector> before, after;
};

} // namespace

Picoseconds Bounds::best() const {
  return std::max({dram, writers, arrayTime, digital, path, cut, lagrangian});
}

Bounds pumice::scheduling::lowerBounds(const Problem &problem, Start start,
                                       bool writesAhead, bool isStream) {
  return Bounder(problem, start, writesAhead, isStream).run();
}
