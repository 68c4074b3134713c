// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pipeline.cpp - A stream of inputs through resident units -----------===//
#include "lib/Scheduling/Candidate.h"
#include "lib/Scheduling/Stream.h"

#include <algorithm>
#include <numeric>

using namespace pumice::scheduling;
using llvm::Error;
using llvm::Twine;

namespace {

Error fail(const Twine &text) { return llvm::createStringError(text.str()); }

class Pipeliner {
public:
  Pipeliner(const Problem &problem, bool streams)
      : problem(problem), units(problem.units), machine(problem.machine),
        streams(streams) {
    // The group with the fewest tiles for its size, unit by unit.
    const size_t groups = machine.groups.size();
    std::vector<double> load(groups);
    group.assign(units.size(), -1);
    for (size_t u = 0; u < units.size(); ++u) {
      if (!units[u].usesArrays())
        continue;
      const auto after = [&](int g) {
        return (load[g] + double(units[u].tiles())) /
               double(machine.groups[g].arrays());
      };
      int best = units[u].groups.front();
      for (int g : units[u].groups)
        if (!units[u].isPinned && after(g) < after(best))
          best = g;
      group[u] = best;
      load[best] += double(units[u].tiles());
    }
  }

  llvm::Expected<Schedule> run() {
    copies.assign(units.size(), 1);
    if (Error error = checkFit())
      return std::move(error);
    choosePeriod();
    shareDigitalUnits();
    if (streams)
      layOutStream();
    else
      layOut();
    if (Error error = streams ? holdRings() : holdTensors())
      return std::move(error);
    placeArrays();
    schedule.algorithm = streams ? "stream" : "pipeline";
    schedule.isStream = streams;
    schedule.start = Start::Steady;
    schedule.period = period;
    schedule.gatesBanks = false;
    if (Error error = schedule.verify(problem))
      return std::move(error);
    return std::move(schedule);
  }

private:
  Error checkFit() const {
    for (size_t g = 0; g < machine.groups.size(); ++g) {
      int64_t needed = 0;
      for (size_t u = 0; u < units.size(); ++u)
        if (group[u] == static_cast<int>(g))
          needed += units[u].tiles();
      if (needed > machine.groups[g].arrays())
        return fail("a pipeline needs " + Twine(needed) + " arrays of group '" +
                    machine.groups[g].name +
                    "' for one copy of each unit, got " +
                    Twine(machine.groups[g].arrays()));
    }
    return Error::success();
  }

  /// Fewest copies that compute within `time`; 0 when no number does.
  int64_t copiesFor(const Unit &unit, Picoseconds time) const {
    if (!unit.mvmPs)
      return 1;
    int64_t wanted = 0;
    if (streams) {
      // Windows of successive inputs follow one another.
      wanted = scaledUp(unit.windows, unit.mvmPs, time);
    } else {
      const int64_t windows = time / unit.mvmPs;
      if (!windows)
        return 0;
      wanted = (unit.windows + windows - 1) / windows;
    }
    return wanted <= std::min(unit.maxCopies, unit.windows) ? wanted : 0;
  }

  bool isEnough(Picoseconds time) const {
    std::vector<__int128> used(machine.groups.size());
    for (size_t u = 0; u < units.size(); ++u) {
      if (units[u].digitalPs > time)
        return false;
      if (!units[u].usesArrays())
        continue;
      const int64_t r = copiesFor(units[u], time);
      used[group[u]] += __int128(r) * units[u].tiles();
      if (!r || used[group[u]] > machine.groups[group[u]].arrays())
        return false;
    }
    return true;
  }

  void choosePeriod() {
    Picoseconds least = 1, most = 1;
    for (const Unit &unit : units)
      most = std::max({most, unit.computePs(1), unit.digitalPs});
    while (least < most) {
      const Picoseconds middle = least + (most - least) / 2;
      if (isEnough(middle))
        most = middle;
      else
        least = middle + 1;
    }
    period = least;
    for (size_t u = 0; u < units.size(); ++u)
      if (units[u].usesArrays())
        copies[u] = copiesFor(units[u], period);
  }

  /// Longest digital work first, each on the unit with the least.
  void shareDigitalUnits() {
    std::vector<int> byTime(units.size());
    std::iota(byTime.begin(), byTime.end(), 0);
    std::sort(byTime.begin(), byTime.end(), [&](int a, int b) {
      return std::make_pair(-units[a].digitalPs, a) <
             std::make_pair(-units[b].digitalPs, b);
    });
    digitalUnit.assign(units.size(), 0);
    std::vector<Picoseconds> load(machine.digitalUnits);
    for (int u : byTime) {
      if (!units[u].digitalPs)
        continue;
      const auto least = std::min_element(load.begin(), load.end());
      digitalUnit[u] = least - load.begin();
      *least += units[u].digitalPs;
      period = std::max(period, *least);
    }
  }

  /// The first input, as early as the repeating slots of digital units allow.
  void layOut() {
    // A digital unit serves its stages one after the other in each period.
    std::vector<Picoseconds> slot(machine.digitalUnits, -1);
    done.assign(units.size(), 0);
    start.assign(units.size(), 0);
    for (int u : problem.topologicalOrder()) {
      const Unit &unit = units[u];
      for (int d : unit.dependencies)
        start[u] = std::max(start[u], done[d]);
      Picoseconds ready = start[u];
      done[u] = start[u];
      if (unit.usesArrays()) {
        done[u] = start[u] + unit.computePs(copies[u]);
        ready = std::max(start[u] + unit.mvmPs,
                         done[u] + unit.lag(unit.digitalPs) - unit.digitalPs);
        schedule.computes.push_back(
            {static_cast<int>(schedule.parts.size()), start[u], done[u]});
        schedule.parts.push_back({u, 0, unit.tiles(), copies[u]});
      }
      if (!unit.digitalPs && unit.usesArrays())
        continue;
      Picoseconds begin = ready;
      if (unit.digitalPs) {
        Picoseconds &next = slot[digitalUnit[u]];
        if (next >= 0)
          begin += ((next - begin) % period + period) % period;
        next = (begin + unit.digitalPs) % period;
      }
      if (!unit.usesArrays())
        start[u] = begin;
      done[u] = begin + unit.digitalPs;
      schedule.digitals.push_back({u, digitalUnit[u], begin, done[u]});
    }
    schedule.end = *std::max_element(done.begin(), done.end());
  }

  /// As early as rows of inputs allow. Windows of all that streams start at
  /// even distances all over the period, so that rates are equal and rings
  /// short.
  void layOutStream() {
    made.resize(units.size());
    read.resize(units.size());
    for (int u : problem.topologicalOrder()) {
      const Unit &unit = units[u];
      if (unit.usesArrays())
        // Digital work may have made the period longer.
        copies[u] = copiesFor(unit, period);
      Picoseconds duration = period;
      if (unit.usesArrays()) {
        // Windows that all have their inputs start together where they can.
        duration = unit.computePs(copies[u]);
        if (unit.streams() || duration > period)
          duration = evenDuration(unit, period);
      }
      const Picoseconds window =
          unit.usesArrays() ? unit.mvmPs : unit.lag(duration);
      Flow &own = read[u];
      for (int d : unit.dependencies)
        own.start =
            std::max(own.start, earliestStart(unit, made[d], duration, window));
      own.end = own.start + duration;
      made[u] = productsOf(own, period);
      if (unit.usesArrays()) {
        schedule.computes.push_back(
            {static_cast<int>(schedule.parts.size()), own.start, own.end});
        schedule.parts.push_back({u, 0, unit.tiles(), copies[u]});
        if (unit.digitalPs) {
          made[u].start = std::max(own.start + unit.mvmPs,
                                   own.end + unit.lag(period) - period);
          made[u].end = made[u].start + period;
        }
      }
      if (unit.digitalPs || !unit.usesArrays())
        schedule.digitals.push_back(
            {u, digitalUnit[u], made[u].start, made[u].end});
      schedule.end = std::max(schedule.end, made[u].end);
    }
    schedule.end = std::max(schedule.end, period);
  }

  Error holdRings() {
    const std::vector<int64_t> needed = ringsOf(problem, made, read, period);
    std::vector<int64_t> free;
    for (const Bank &bank : machine.banks)
      free.push_back(bank.bytes);
    __int128 total = 0;
    bool fits = true;
    const auto hold = [&](size_t u, Tensor tensor, int64_t bytes) {
      total += bytes;
      for (size_t b = 0; b < free.size() && bytes; ++b) {
        const int64_t part = std::min(bytes, free[b]);
        if (!part)
          continue;
        free[b] -= part;
        bytes -= part;
        schedule.held.push_back({static_cast<int>(u), tensor, 0,
                                 static_cast<int64_t>(b), part, 0, period});
      }
      fits &= !bytes;
    };
    for (size_t u = 0; u < units.size(); ++u) {
      hold(u, Tensor::Output, needed[u]);
      hold(u, Tensor::Input, inputRingBytes(units[u]));
    }
    if (!fits)
      return fail("a stream needs " + Twine(static_cast<int64_t>(total)) +
                  " bytes of buffer for rows between units, got " +
                  Twine(machine.bufferBytes()));
    return Error::success();
  }

  Error holdTensors() {
    std::vector<Picoseconds> read = done;
    for (size_t u = 0; u < units.size(); ++u)
      for (int d : units[u].dependencies)
        read[d] = std::max(read[d], done[u]);
    std::vector<int64_t> free;
    for (const Bank &bank : machine.banks)
      free.push_back(bank.bytes);
    __int128 needed = 0;
    bool fits = true;
    const auto hold = [&](int u, Tensor tensor, int64_t bytes, Picoseconds from,
                          Picoseconds to) {
      // A tensor that is needed longer than a period is there several times.
      const int64_t times = (to - from + period - 1) / period;
      needed += __int128(bytes) * times;
      for (size_t b = 0; b < free.size() && bytes && times; ++b) {
        const int64_t part = std::min(bytes, free[b] / times);
        if (!part)
          continue;
        free[b] -= part * times;
        bytes -= part;
        schedule.held.push_back(
            {u, tensor, 0, static_cast<int64_t>(b), part, from, to});
      }
      fits &= !bytes || !times;
      // What is needed for no time needs no room, only a line.
      if (!times && bytes && !machine.banks.empty())
        schedule.held.push_back({u, tensor, 0, 0, bytes, from, to});
    };
    for (size_t u = 0; u < units.size(); ++u) {
      const int index = static_cast<int>(u);
      hold(index, Tensor::Output, units[u].outputBytes, start[u], read[u]);
      hold(index, Tensor::Input, units[u].inputBytes, start[u], done[u]);
    }
    if (!fits)
      return fail("a pipeline needs " + Twine(static_cast<int64_t>(needed)) +
                  " bytes of buffer for all tensors that live at once, got " +
                  Twine(machine.bufferBytes()));
    return Error::success();
  }

  void placeArrays() {
    std::vector<int64_t> next;
    for (size_t g = 0; g < machine.groups.size(); ++g)
      next.push_back(machine.firstArray(static_cast<int>(g)));
    for (size_t p = 0; p < schedule.parts.size(); ++p) {
      const Part &part = schedule.parts[p];
      for (int64_t c = 0; c < part.copies; ++c) {
        schedule.residents.push_back(
            {static_cast<int>(p), c, 0, part.tiles, next[group[part.unit]]});
        next[group[part.unit]] += part.tiles;
      }
    }
  }

  const Problem &problem;
  const std::vector<Unit> &units;
  const Machine &machine;
  std::vector<int> group;
  std::vector<int64_t> copies, digitalUnit;
  std::vector<Picoseconds> start, done;
  const bool streams;
  std::vector<Flow> read, made; ///< of a stream
  Picoseconds period = 1;
  Schedule schedule;
};

} // namespace

llvm::Expected<Schedule> pumice::scheduling::pipeline(const Problem &problem,
                                                      const Options &options) {
  return Pipeliner(problem, /*streams=*/false).run();
}

llvm::Expected<Schedule> pumice::scheduling::stream(const Problem &problem,
                                                    const Options &options) {
  return Pipeliner(problem, /*streams=*/true).run();
}
