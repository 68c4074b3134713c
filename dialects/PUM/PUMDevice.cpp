// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PUMDevice.cpp - Verifiers of devices and their laws ------*- C++ -*-===//
#include "dialects/PUM/Checks.h"
#include "dialects/PUM/PUM.h"
#include "lib/Support/DigitalOps.h"
#include "lib/Support/Laws.h"
#include "lib/Support/Text.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;
using namespace pumice::pum;
using pumice::Number;

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Laws
//===----------------------------------------------------------------------===//

/// The value of a number in a point; 0 if it is none.
static double numberOf(Attribute attr) {
  if (auto number = dyn_cast_or_null<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast_or_null<IntegerAttr>(attr))
    return double(number.getValue().getSExtValue());
  return 0;
}

LogicalResult LawAttr::verify(EmitError emitError, StringRef of, StringRef kind,
                              DictionaryAttr at, StringRef, StringRef) {
  const pumice::LawInfo *law = pumice::findLaw(kind);
  if (!law) {
    SmallVector<StringRef> names;
    for (const pumice::LawInfo &known : pumice::laws)
      names.push_back(known.name);
    return emitError() << "unknown law \"" << kind << "\" of \"" << of
                       << "\", expected one of " << llvm::join(names, ", ");
  }
  SmallVector<StringRef> variables;
  for (const pumice::LawRange &range : law->variables())
    variables.push_back(pumice::infoOf(range.variable).name);
  bool isComplete = at.size() == variables.size();
  for (StringRef variable : variables)
    isComplete &= at.contains(variable);
  if (!isComplete)
    return emitError() << "law of \"" << of << "\": expected a point with "
                       << llvm::join(variables, ", ") << ", got " << at;
  for (NamedAttribute item : at) {
    const double value = numberOf(item.getValue());
    if (!std::isfinite(value) || value <= 0)
      return emitError() << "law of \"" << of << "\": expected "
                         << item.getName().getValue()
                         << " to be a number above 0, got " << item.getValue();
  }
  return success();
}

/// Whether laws can scale a figure of a group or memory.
static bool isFigure(Attribute part, StringRef field) {
  if (isa<CrossbarGroupAttr>(part))
    return llvm::is_contained(
        {"timing.read_ns", "timing.adc_ns", "timing.row_write_ns",
         "energy.cell_read_pj", "energy.dac_pj", "energy.sample_hold_pj",
         "energy.adc_pj", "energy.shift_add_pj", "energy.cell_write_pj"},
        field);
  if (!isa<DigitalGroupAttr>(part))
    return false;
  if (field == "units")
    return true;
  return field.consume_front("ops.") && field.consume_back(".energy_pj") &&
         pumice::parseDigitalOpKind(field).has_value();
}

static LogicalResult checkLaws(EmitError emitError, ArrayAttr groups,
                               ArrayAttr components, ArrayAttr laws) {
  llvm::StringSet<> figures;
  for (Attribute attr : laws ? laws.getValue() : ArrayRef<Attribute>()) {
    auto law = dyn_cast<LawAttr>(attr);
    if (!law)
      return emitError() << "laws must hold #pum.law, got " << attr;
    if (!figures.insert(law.getOf()).second)
      return emitError() << "laws has two laws of \"" << law.getOf() << "\"";
    StringRef groupName = law.getGroup(), levelName = law.getLevel();
    auto [head, field] = law.getOf().split('.');
    bool isKnown = false;
    if (head == "buffer" || head == "dram") {
      isKnown = llvm::is_contained(
          {"capacity_bytes", "ports", "read_pj_per_byte", "write_pj_per_byte"},
          field);
    } else if (head == "components") {
      auto [name, figure] = field.rsplit('.');
      for (Attribute item :
           components ? components.getValue() : ArrayRef<Attribute>()) {
        auto part = cast<ComponentAttr>(item);
        if (part.getName() != name)
          continue;
        isKnown = figure == "power_mw" || figure == "area_um2";
        if (groupName.empty())
          groupName = part.getGroup();
        if (levelName.empty())
          levelName = part.getLevel();
        break;
      }
    } else {
      for (Attribute item : groups)
        if (cast<UnitGroup>(item).getName() == head) {
          isKnown = isFigure(item, field);
          if (groupName.empty() && isa<CrossbarGroupAttr>(item))
            groupName = head;
        }
    }
    if (!isKnown)
      return emitError() << "law of \"" << law.getOf()
                         << "\", which is not a figure of the device that a "
                            "law can scale";
    UnitGroup group;
    for (Attribute item : groups)
      if (groupName.empty() ? isa<CrossbarGroupAttr>(item)
                            : cast<UnitGroup>(item).getName() == groupName) {
        group = cast<UnitGroup>(item);
        break;
      }
    const pumice::LawInfo &info = *pumice::findLaw(law.getKind());
    for (const pumice::LawRange &range : info.variables()) {
      const pumice::LawVariableInfo &variable = pumice::infoOf(range.variable);
      if (range.variable == pumice::LawVariable::laneBits ||
          range.variable == pumice::LawVariable::busBits)
        continue;
      const bool isCount = range.variable == pumice::LawVariable::instances ||
                           range.variable == pumice::LawVariable::bufferKib;
      if (!group || (!isCount && !isa<CrossbarGroupAttr>(group)))
        return emitError() << "law of \"" << law.getOf() << "\" reads "
                           << variable.name
                           << ", expected a group of arrays, got \""
                           << groupName << "\"";
      ArrayAttr levels = group.getLevels();
      if (variable.isOfLevel &&
          (!levels || llvm::none_of(levels, [&](Attribute level) {
            return cast<LevelAttr>(level).getName() == levelName;
          })))
        return emitError() << "law of \"" << law.getOf() << "\" reads "
                           << variable.name << ", expected a level of group \""
                           << group.getName() << "\", got \"" << levelName
                           << "\"";
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

/// Names that the device gives. Others have to be equal to one of these.
static LogicalResult checkTexts(EmitError emitError, StringRef name,
                                ArrayAttr groups, ArrayAttr components,
                                ArrayAttr laws) {
  SmallVector<StringRef> names = {name};
  for (ArrayAttr parts : {groups, components, laws}) {
    if (!parts)
      continue;
    for (Attribute attr : parts) {
      if (auto component = dyn_cast<ComponentAttr>(attr))
        names.push_back(component.getName());
      if (auto law = dyn_cast<LawAttr>(attr))
        names.push_back(law.getOf());
      auto group = dyn_cast<UnitGroup>(attr);
      if (!group)
        continue;
      names.push_back(group.getName());
      if (ArrayAttr levels = group.getLevels())
        for (auto level : levels.getAsRange<LevelAttr>())
          names.push_back(level.getName());
    }
  }
  for (StringRef text : names)
    if (std::string problem = pumice::problemOfText(text); !problem.empty())
      return emitError() << problem;
  return success();
}

LogicalResult DeviceAttr::verify(EmitError emitError, StringRef name,
                                 ArrayAttr groups, MemoryAttr, MemoryAttr,
                                 ArrayAttr components, ArrayAttr laws,
                                 InterconnectAttr interconnect) {
  if (name.empty())
    return emitError() << "name must not be empty";
  if (failed(checkTexts(emitError, name, groups, components, laws)))
    return failure();
  llvm::StringMap<UnitGroup> byName;
  for (Attribute attr : groups) {
    auto group = dyn_cast<UnitGroup>(attr);
    if (!group)
      return emitError() << "groups must hold groups of units "
                            "(#pum.crossbar_group, #pum.systolic_group, "
                            "#pum.associative_group, #pum.cam_group, "
                            "#pum.digital_group), got "
                         << attr;
    if (!byName.try_emplace(group.getName(), group).second)
      return emitError() << "groups has two groups \"" << group.getName()
                         << "\"";
  }
  if (llvm::none_of(groups, llvm::IsaPred<DigitalGroupAttr>))
    return emitError() << "groups must hold a #pum.digital_group";
  for (Attribute attr :
       components ? components.getValue() : ArrayRef<Attribute>()) {
    auto part = dyn_cast<ComponentAttr>(attr);
    if (!part)
      return emitError() << "components must hold #pum.component, got " << attr;
    if (part.getGroup().empty())
      continue;
    UnitGroup group = byName.lookup(part.getGroup());
    if (!group)
      return emitError() << "component \"" << part.getName()
                         << "\" names no group of the device: \""
                         << part.getGroup() << "\"";
    ArrayAttr levels = group.getLevels();
    if (!levels || llvm::none_of(levels, [&](Attribute level) {
          return cast<LevelAttr>(level).getName() == part.getLevel();
        }))
      return emitError() << "component \"" << part.getName()
                         << "\" names no level of group \"" << part.getGroup()
                         << "\": \"" << part.getLevel() << "\"";
  }
  if (failed(checkLaws(emitError, groups, components, laws)))
    return failure();
  return checkInterconnect(emitError, groups, components, interconnect);
}
