// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Machine.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

Machine::Machine(DeviceSpec device) : spec(std::move(device)), schedule(spec) {
  for (const UnitGroup &group : spec.groups)
    writes.emplace_back(group.rows(), group.columns());
}

llvm::Expected<EventId> Machine::issue(InstructionInfo info, const Cost &cost,
                                       llvm::ArrayRef<EventId> dependencies) {
  Counters sum = events;
  sum += cost.counters;
  if (sum.isSaturated() || !std::isfinite(total(cost.energyPj)))
    return llvm::createStringError(
        "instruction '" + info.label +
        "': expected fewer than 2^63 events of each kind, got more");
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
    if (const ResourceClass &resource = spec.resources[use.resource];
        resource.isUnit && resource.isLocated)
      record.arrays += use.units.count;
  for (const ArrayWrites &written : cost.writes)
    writes[written.group].add(written, record.info.layer);
  for (size_t i = 0; i < numComponents; ++i)
    energy[i] += cost.energyPj[i];
  events = sum;
  records.push_back(std::move(record));
  for (IObserver *observer : observers)
    observer->onInstruction(records.back());
  return *id;
}

double Machine::staticEnergyPj() const {
  // 1 mW for 1 ns is 1 pJ.
  return areaAndPower().device.alwaysOnMw * double(schedule.makespanPs()) /
         1000;
}

RollUp Machine::areaAndPower() const {
  std::vector<int64_t> used;
  for (const UnitGroup &group : spec.groups)
    used.push_back(schedule.used(group.unitResource));
  return rollUp(spec, used);
}
