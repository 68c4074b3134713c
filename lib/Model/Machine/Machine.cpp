// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Machine.h"

#include <algorithm>

using namespace pumice::model;

Machine::Machine(DeviceSpec device)
    : spec(std::move(device)), schedule(spec),
      writes(spec.array.rows, spec.array.columns) {}

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
  for (const ResourceUse &use : cost.resources)
    if (use.resource == Resource::array)
      record.arrays += use.arrays.count;
  for (const ArrayWrites &written : cost.writes)
    writes.add(written, record.info.layer);
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
