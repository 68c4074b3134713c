// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine.h"

#include <algorithm>

using namespace pumice::model;

Machine::Machine(DeviceSpec device)
    : spec(std::move(device)), schedule(spec), programs({{0, 0}}) {}

llvm::Expected<EventId> Machine::issue(InstructionInfo info, const Cost &cost,
                                       llvm::ArrayRef<EventId> dependencies) {
  llvm::Expected<EventId> id = schedule.issue(cost, dependencies);
  if (!id)
    return llvm::createStringError("instruction '" + info.label +
                                   "': " + llvm::toString(id.takeError()));
  InstructionRecord record;
  record.info = std::move(info);
  record.id = *id;
  const Event &event = schedule.events()[*id];
  record.startPs = event.startPs;
  record.endPs = event.endPs;
  record.energyPj = cost.energyPj;
  record.counters = cost.counters;
  for (const ResourceUse &use : cost.resources) {
    if (use.resource != Resource::array)
      continue;
    record.arrays += use.arrays.count;
    if (cost.counters.cellsWritten == 0)
      continue;
    // Cut the map at both ends of the range, then count up within.
    const int64_t first = use.arrays.first, end = first + use.arrays.count;
    for (int64_t at : {first, end})
      programs.emplace(at, std::prev(programs.upper_bound(at))->second);
    for (auto it = programs.find(first); it->first != end; ++it)
      ++it->second;
  }
  for (size_t i = 0; i < numComponents; ++i)
    energy[i] += cost.energyPj[i];
  events += cost.counters;
  records.push_back(std::move(record));
  for (IObserver *observer : observers)
    observer->onInstruction(records.back());
  return *id;
}

double Machine::staticEnergyPj() const {
  // 1 mW for 1 ns is 1 pJ.
  return areaAndPower().chip.alwaysOnMw * double(schedule.makespanPs()) / 1000;
}

Wear Machine::wear() const {
  Wear wear;
  for (auto it = programs.begin(); std::next(it) != programs.end(); ++it) {
    if (it->second == 0)
      continue;
    wear.max = std::max(wear.max, it->second);
    wear.arraysWritten += std::next(it)->first - it->first;
  }
  const double cells = double(wear.arraysWritten) * double(spec.array.rows) *
                       double(spec.array.columns);
  wear.mean = cells > 0 ? double(events.cellsWritten) / cells : 0;
  return wear;
}
