// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Energy.h"

#include <algorithm>

using namespace pumice::scheduling;

/// Picojoules of 1 mW in 1 ps.
static constexpr double pjOfMwPs = 1e-3;

int64_t pumice::scheduling::dramBytes(const Problem &problem,
                                      const Schedule &schedule) {
  int64_t bytes = 0;
  for (const Transfer &t : schedule.transfers)
    bytes += problem.units[schedule.parts[t.part].unit].bytesOf(t.firstTile,
                                                                t.tiles);
  for (const Spill &s : schedule.spills)
    bytes += s.unit == s.reader ? problem.units[s.unit].inputBytes
                                : problem.units[s.unit].outputBytes;
  return bytes;
}

/// How long each bank holds something.
static std::vector<Picoseconds> poweredTimes(const Problem &problem,
                                             const Schedule &schedule) {
  std::vector<std::vector<std::pair<Picoseconds, Picoseconds>>> spans(
      problem.machine.banks.size());
  for (const Held &held : schedule.held)
    spans[held.bank].push_back({held.start, held.end});
  std::vector<Picoseconds> times;
  for (auto &own : spans) {
    std::sort(own.begin(), own.end());
    Picoseconds time = 0, until = 0;
    for (const auto &[start, end] : own) {
      time += std::max<Picoseconds>(0, end - std::max(start, until));
      until = std::max(until, end);
    }
    times.push_back(time);
  }
  return times;
}

Energy pumice::scheduling::energyOf(const Problem &problem,
                                    const Schedule &schedule) {
  const Machine &machine = problem.machine;
  Energy energy;
  std::vector<int64_t> written(problem.units.size());
  for (const Write &w : schedule.writes)
    written[schedule.parts[schedule.transfers[w.transfer].part].unit] +=
        w.tiles;
  for (size_t u = 0; u < problem.units.size(); ++u) {
    const Unit &unit = problem.units[u];
    if (written[u])
      energy.write += unit.writePj * double(written[u]) / double(unit.tiles());
    energy.compute += unit.computePj;
    energy.digital += unit.digitalPj;
  }
  energy.dram = machine.dramPjPerByte * double(dramBytes(problem, schedule));
  const double time =
      double(schedule.period ? *schedule.period : schedule.end) * pjOfMwPs;
  for (const Group &group : machine.groups)
    energy.staticArrays +=
        group.staticMwPerArray * double(group.arrays()) * time;
  energy.staticOther = machine.staticMw * time;
  const bool isGated = schedule.gatesBanks && !schedule.period;
  const std::vector<Picoseconds> powered = poweredTimes(problem, schedule);
  for (size_t b = 0; b < machine.banks.size(); ++b)
    energy.staticBanks += machine.banks[b].staticMw *
                          (isGated ? double(powered[b]) * pjOfMwPs : time);
  return energy;
}
