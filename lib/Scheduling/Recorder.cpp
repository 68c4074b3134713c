// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Recorder.h"

#include <algorithm>

using namespace pumice::scheduling;

Recorder::Recorder(const Problem &problem, const Plan &plan, Schedule &schedule)
    : problem(problem), plan(plan), schedule(schedule),
      arraysOf(plan.tasks.size()) {
  for (const Task &task : plan.tasks) {
    if (task.isAhead) {
      // The part of the resident task with the same tiles.
      size_t t = 0;
      while (plan.tasks[t].unit != task.unit ||
             plan.tasks[t].firstTile != task.firstTile)
        ++t;
      partOf.push_back(partOf[t]);
      continue;
    }
    partOf.push_back(static_cast<int>(schedule.parts.size()));
    if (problem.units[task.unit].usesArrays())
      schedule.parts.push_back(
          {task.unit, task.firstTile, task.tiles, task.copies});
  }
  int64_t first = 0;
  for (const Group &group : problem.machine.groups) {
    const int64_t count = group.writersPerElement ? group.elements : 1;
    for (int64_t p = 0; p < count; ++p) {
      pools.push_back({{first, group.arrays() / count}});
      first += group.arrays() / count;
    }
  }
  for (const Bank &bank : problem.machine.banks)
    freeInBank.push_back(bank.bytes);
  schedule.gatesBanks = plan.gatesBanks;
}

Recorder::Interval Recorder::take(int task, int pool, int64_t most) {
  Interval &front = pools[pool].front();
  const Interval taken{front.first, std::min(most, front.count)};
  front.first += taken.count;
  if (!(front.count -= taken.count))
    pools[pool].pop_front();
  arraysOf[task].push_back({pool, taken});
  return taken;
}

void Recorder::addResidents(int task, int pool, int64_t done, int64_t count) {
  const Task &own = plan.tasks[task];
  while (count) {
    const int64_t copy = done / own.tiles, tile = done % own.tiles;
    const Interval arrays = take(task, pool, std::min(count, own.tiles - tile));
    schedule.residents.push_back(
        {partOf[task], copy, own.firstTile + tile, arrays.count, arrays.first});
    done += arrays.count;
    count -= arrays.count;
  }
}

void Recorder::addTransfer(int task, int64_t firstTile, int64_t tiles,
                           int64_t channel, Picoseconds start,
                           Picoseconds end) {
  schedule.transfers.push_back({partOf[task], firstTile, tiles, channel, start,
                                end, plan.tasks[task].isAhead});
}

void Recorder::addWrites(int task, int pool, int64_t done, int64_t count,
                         Picoseconds start, Picoseconds end) {
  const Transfer &transfer = schedule.transfers.back();
  const int index = static_cast<int>(schedule.transfers.size()) - 1;
  while (count) {
    const int64_t copy = done / transfer.tiles, tile = done % transfer.tiles;
    const Interval arrays =
        take(task, pool, std::min(count, transfer.tiles - tile));
    schedule.writes.push_back({index, copy, transfer.firstTile + tile,
                               arrays.count, arrays.first, start, end});
    done += arrays.count;
    count -= arrays.count;
  }
}

void Recorder::addSpill(Spill spill) {
  if (spill.readerPart >= 0)
    spill.readerPart = partOf[spill.readerPart];
  schedule.spills.push_back(spill);
}

void Recorder::addCompute(Compute compute) {
  compute.part = partOf[compute.part];
  schedule.computes.push_back(compute);
}

void Recorder::addDigital(const Digital &digital) {
  schedule.digitals.push_back(digital);
}

void Recorder::freeArrays(int task) {
  auto &arrays = arraysOf[task];
  std::sort(arrays.begin(), arrays.end(), [](const auto &a, const auto &b) {
    return a.second.first < b.second.first;
  });
  for (size_t i = 0; i < arrays.size();) {
    auto [pool, joined] = arrays[i++];
    while (i < arrays.size() && arrays[i].first == pool &&
           arrays[i].second.first == joined.first + joined.count)
      joined.count += arrays[i++].second.count;
    if (plan.levelsWear)
      pools[pool].push_back(joined);
    else
      pools[pool].push_front(joined);
  }
  arrays.clear();
}

void Recorder::holdIn(size_t bank, int unit, Tensor tensor, int64_t column,
                      int64_t bytes, Picoseconds now) {
  freeInBank[bank] -= bytes;
  open[{unit, tensor, column}].push_back(schedule.held.size());
  schedule.held.push_back(
      {unit, tensor, column, static_cast<int64_t>(bank), bytes, now, now});
}

void Recorder::hold(int unit, Tensor tensor, int64_t column, int64_t bytes,
                    Picoseconds now) {
  const std::vector<Bank> &banks = problem.machine.banks;
  // Room in banks that are powered costs nothing.
  for (size_t b = 0; b < banks.size() && bytes; ++b)
    if (freeInBank[b] < banks[b].bytes && freeInBank[b]) {
      const int64_t part = std::min(bytes, freeInBank[b]);
      holdIn(b, unit, tensor, column, part, now);
      bytes -= part;
    }
  // Then the smallest bank that takes all, or else the largest one.
  while (bytes) {
    size_t best = banks.size();
    for (size_t b = 0; b < banks.size(); ++b) {
      if (freeInBank[b] < banks[b].bytes)
        continue;
      const bool fits = banks[b].bytes >= bytes;
      if (best == banks.size() || (fits ? banks[best].bytes < bytes ||
                                              banks[b].bytes < banks[best].bytes
                                        : banks[b].bytes > banks[best].bytes))
        best = b;
    }
    const int64_t part = std::min(bytes, freeInBank[best]);
    holdIn(best, unit, tensor, column, part, now);
    bytes -= part;
  }
}

void Recorder::drop(int unit, Tensor tensor, int64_t column, Picoseconds now) {
  const auto found = open.find({unit, tensor, column});
  for (size_t index : found->second) {
    schedule.held[index].end = now;
    freeInBank[schedule.held[index].bank] += schedule.held[index].bytes;
  }
  open.erase(found);
}

void Recorder::finish(Picoseconds end) { schedule.end = end; }
