// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Machine.h"

#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

llvm::StringRef pumice::model::name(InstructionKind kind) {
  switch (kind) {
  case InstructionKind::transfer:
    return "transfer";
  case InstructionKind::program:
    return "program";
  case InstructionKind::mvm:
    return "mvm";
  case InstructionKind::ap:
    return "ap";
  case InstructionKind::apply:
    return "apply";
  case InstructionKind::lookup:
    return "lookup";
  case InstructionKind::camWrite:
    return "cam_write";
  case InstructionKind::camSearch:
    return "cam_search";
  case InstructionKind::digital:
    return "digital";
  }
  llvm_unreachable("unknown kind of instruction");
}

llvm::StringRef pumice::model::name(InstructionUnit unit) {
  switch (unit) {
  case InstructionUnit::dram:
    return "dram";
  case InstructionUnit::crossbar:
    return "crossbar";
  case InstructionUnit::ap:
    return "ap";
  case InstructionUnit::cam:
    return "cam";
  case InstructionUnit::digital:
    return "digital";
  }
  llvm_unreachable("unknown unit");
}

InstructionUnit pumice::model::unitOf(InstructionKind kind) {
  switch (kind) {
  case InstructionKind::transfer:
    return InstructionUnit::dram;
  case InstructionKind::program:
  case InstructionKind::mvm:
  case InstructionKind::apply:
    return InstructionUnit::crossbar;
  case InstructionKind::ap:
  case InstructionKind::lookup:
    return InstructionUnit::ap;
  case InstructionKind::camWrite:
  case InstructionKind::camSearch:
    return InstructionUnit::cam;
  case InstructionKind::digital:
    return InstructionUnit::digital;
  }
  llvm_unreachable("unknown kind of instruction");
}

Machine::Machine(DeviceSpec device) : spec(std::move(device)), schedule(spec) {
  for (const UnitGroup &group : spec.groups)
    writes->emplace_back(group.rows(), group.columns());
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
  for (llvm::ArrayRef<ArrayWrites> left = cost.writes;
       countsWrites && !left.empty();) {
    const size_t group = left.front().group;
    auto run = left.take_while(
        [&](const ArrayWrites &written) { return written.group == group; });
    (*writes)[group].add(run, record.info.layer);
    left = left.drop_front(run.size());
  }
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
  used.reserve(spec.groups.size());
  for (const UnitGroup &group : spec.groups)
    used.push_back(schedule.used(group.unitResource));
  return rollUp(spec, used);
}
