// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/DeviceSpec.h"

#include "lib/Model/Machine/Interconnect.h"

#include <algorithm>
#include <map>

using namespace pumice::model;

std::optional<int64_t> UnitGroup::count() const {
  if (const DigitalSpec *spec = digital())
    return spec->units;
  if (levels.empty())
    return std::nullopt;
  return unitsPer(levels.back().name);
}

std::optional<int64_t> UnitGroup::unitsPer(const std::string &level) const {
  int64_t units = 1;
  for (const LevelSpec &each : levels) {
    if (!each.holds)
      return std::nullopt;
    units *= *each.holds;
    if (each.name == level)
      return units;
  }
  return std::nullopt;
}

int64_t UnitGroup::rows() const {
  if (const CrossbarSpec *spec = crossbar())
    return spec->array.rows;
  if (cam())
    return cam()->rows;
  return ap() ? ap()->rows : 0;
}

int64_t UnitGroup::columns() const {
  if (const CrossbarSpec *spec = crossbar())
    return spec->array.columns;
  if (cam())
    return cam()->columns;
  return ap() ? ap()->columns : 0;
}

const UnitGroup *DeviceSpec::find(const std::string &name) const {
  for (const UnitGroup &group : groups)
    if (group.name == name)
      return &group;
  return nullptr;
}

template <typename Spec>
static const UnitGroup *first(const DeviceSpec &device) {
  for (const UnitGroup &group : device.groups)
    if (std::holds_alternative<Spec>(group.unit))
      return &group;
  return nullptr;
}

const UnitGroup *DeviceSpec::firstCrossbar() const {
  return first<CrossbarSpec>(*this);
}
const UnitGroup *DeviceSpec::firstAP() const { return first<APSpec>(*this); }
const UnitGroup *DeviceSpec::firstCam() const { return first<CamSpec>(*this); }
const UnitGroup *DeviceSpec::firstDigital() const {
  return first<DigitalSpec>(*this);
}

void pumice::model::declareResources(DeviceSpec &device) {
  device.resources.clear();
  auto declare = [&](const char *name, std::optional<int64_t> count,
                     bool isLocated, int64_t perInstance,
                     const UnitGroup *group, bool isUnit) {
    ResourceClass resource{name,        count,        isLocated,
                           perInstance, std::nullopt, isUnit};
    if (group)
      resource.group = group->index;
    device.resources.push_back(resource);
    return device.resources.size() - 1;
  };
  auto declareShared = [&](const char *name, const SharedUnitsSpec &shared,
                           const UnitGroup &group) {
    const int64_t units = group.unitsPer(shared.level).value_or(1);
    std::optional<int64_t> count = group.count();
    if (count)
      count = *count / units * shared.count;
    return declare(name, count, /*isLocated=*/false, shared.count, &group,
                   /*isUnit=*/false);
  };
  for (size_t i = 0; i < device.groups.size(); ++i) {
    UnitGroup &group = device.groups[i];
    group.index = i;
    group.writeDriverResource = group.converterResource =
        group.systolicResource = std::nullopt;
    if (const DigitalSpec *digital = group.digital()) {
      const int64_t units = std::max<int64_t>(digital->units, 1);
      group.unitResource = declare("digital_unit", units, /*isLocated=*/false,
                                   units, &group, /*isUnit=*/true);
      continue;
    }
    group.unitResource = declare("array", group.count(), /*isLocated=*/true, 1,
                                 &group, /*isUnit=*/true);
    const CrossbarSpec *crossbar = group.crossbar();
    if (crossbar && crossbar->writeDrivers)
      group.writeDriverResource =
          declareShared("write_driver", *crossbar->writeDrivers, group);
    if (crossbar && crossbar->systolic) {
      const int64_t units = std::max<int64_t>(crossbar->systolic->units, 1);
      group.systolicResource =
          declare("systolic_array", units, /*isLocated=*/false, units, &group,
                  /*isUnit=*/false);
    }
    if (crossbar && crossbar->converters)
      group.converterResource =
          declareShared("converter", *crossbar->converters, group);
  }
  auto declarePorts = [&](const char *name, MemorySpec &memory) {
    const int64_t ports = std::max<int64_t>(memory.ports, 1);
    memory.portResource = declare(name, ports, /*isLocated=*/false, ports,
                                  nullptr, /*isUnit=*/false);
  };
  declarePorts("buffer_port", device.buffer);
  declarePorts("dram_port", device.dram);
  if (device.interconnect) {
    numberTiles(device);
    device.interconnect->linkResource =
        declare("link", Interconnect(*device.interconnect).links(),
                /*isLocated=*/true, 1, nullptr, /*isUnit=*/false);
  }

  std::map<std::string, int> groupsByName;
  for (const ResourceClass &resource : device.resources)
    ++groupsByName[resource.name];
  for (ResourceClass &resource : device.resources)
    if (resource.group && groupsByName[resource.name] > 1)
      resource.name = device.groups[*resource.group].name + "." + resource.name;
}
