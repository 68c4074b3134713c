// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Spec.cpp - Device attributes to numbers and back ---------*- C++ -*-===//
#include "lib/Device/Device.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Attribute to numbers
//===----------------------------------------------------------------------===//

model::ArraySpec pumice::toSpec(crossbar::CrossbarArrayAttr array) {
  model::ArraySpec spec;
  spec.rows = array.getRows();
  spec.columns = array.getColumns();
  spec.cellBits = array.getCellBits();
  spec.weightBits = array.getWeightBits();
  spec.inputBits = array.getInputBits();
  spec.dacBits = array.getDacBits();
  spec.adcBits = array.getAdc().getBits();
  switch (array.getAdc().getMode()) {
  case crossbar::AdcMode::lossless:
    spec.adcMode = model::AdcMode::lossless;
    break;
  case crossbar::AdcMode::clip:
    spec.adcMode = model::AdcMode::clip;
    break;
  case crossbar::AdcMode::full_scale:
    spec.adcMode = model::AdcMode::fullScale;
    break;
  case crossbar::AdcMode::calibrated:
    spec.adcMode = model::AdcMode::calibrated;
    break;
  }
  switch (array.getEncoding()) {
  case crossbar::Encoding::offset:
    spec.encoding = model::WeightEncoding::offset;
    break;
  case crossbar::Encoding::offset_flip:
    spec.encoding = model::WeightEncoding::offsetFlip;
    break;
  case crossbar::Encoding::differential:
    spec.encoding = model::WeightEncoding::differential;
    break;
  }
  spec.columnsPerAdc = array.getColumnsPerAdc();
  spec.rowsPerRead = array.getRowsPerRead();
  if (crossbar::AnalogAttr analog = array.getAnalog())
    spec.analog = model::AnalogSpec{analog.getSeed(),
                                    analog.getProgramErrorAbsolute(),
                                    analog.getProgramErrorRelative(),
                                    analog.getReadNoise(),
                                    analog.getOnOffRatio(),
                                    analog.getReferenceColumn(),
                                    analog.getNonlinearity(),
                                    analog.getStuckOn(),
                                    analog.getStuckOff(),
                                    analog.getDriftExponent(),
                                    analog.getDriftExponentSigma(),
                                    analog.getDriftTimeS(),
                                    analog.getWireResistanceOhm(),
                                    analog.getOnResistanceOhm()};
  return spec;
}

model::APSpec pumice::toSpec(pum::APAttr ap) {
  model::APSpec spec;
  spec.rows = ap.getRows();
  spec.columns = ap.getColumns();
  spec.domains = ap.getDomains();
  spec.searchNs = ap.getSearchNs();
  spec.searchPjPerBit = ap.getSearchPjPerBit();
  spec.writeNs = ap.getWriteNs();
  spec.writePjPerBit = ap.getWritePjPerBit();
  spec.readNs = ap.getReadNs();
  spec.readPjPerBit = ap.getReadPjPerBit();
  spec.shiftNs = ap.getShiftNs();
  spec.shiftPjPerBit = ap.getShiftPjPerBit();
  spec.linkPjPerBit = ap.getLinkPjPerBit();
  spec.fetchPjPerByte = ap.getFetchPjPerByte();
  spec.elementwiseBits = ap.getElementwiseBits();
  return spec;
}

static model::MemorySpec toSpec(StringRef name, pum::MemoryAttr memory) {
  model::MemorySpec spec;
  spec.name = name.str();
  spec.capacityBytes = memory.getCapacityBytes();
  spec.ports = memory.getPorts();
  spec.bandwidthBytesPerNs = memory.getBandwidthBytesPerNs();
  spec.latencyNs = memory.getLatencyNs();
  spec.readPjPerByte = memory.getReadPjPerByte();
  spec.writePjPerByte = memory.getWritePjPerByte();
  return spec;
}

static std::optional<model::SharedUnitsSpec>
toSpec(pum::SharedUnitsAttr shared) {
  if (!shared)
    return std::nullopt;
  return model::SharedUnitsSpec{shared.getLevel().str(), shared.getCount()};
}

static model::CrossbarSpec toSpec(pum::CrossbarGroupAttr group) {
  model::CrossbarSpec spec;
  spec.array = pumice::toSpec(group.getArray());
  pum::TimingAttr timing = group.getTiming();
  spec.timing = {timing.getReadNs(), timing.getAdcNs(), timing.getRowWriteNs()};
  pum::EnergyAttr energy = group.getEnergy();
  spec.energy.cellReadPj = energy.getCellReadPj();
  spec.energy.dacPj = energy.getDacPj();
  spec.energy.sampleHoldPj = energy.getSampleHoldPj();
  spec.energy.adcPj = energy.getAdcPj();
  spec.energy.shiftAddPj = energy.getShiftAddPj();
  spec.energy.cellWritePj = energy.getCellWritePj();
  if (pum::LevelStepsAttr steps = energy.getLevelSteps()) {
    spec.energy.setStepPj = steps.getSetPj();
    spec.energy.resetStepPj = steps.getResetPj();
  }
  spec.takesTemporaryWeights =
      group.getDynamicMatmul() == pum::DynamicMatmul::crossbar;
  spec.pulsesUnchangedCells = group.getPulseUnchangedCells();
  spec.writeDrivers = ::toSpec(group.getWriteDrivers());
  spec.converters = ::toSpec(group.getConverters());
  return spec;
}

static model::DigitalSpec toSpec(pum::DigitalGroupAttr group) {
  model::DigitalSpec spec;
  spec.units = group.getUnits();
  spec.lanes = group.getLanes();
  spec.clockGhz = group.getClockGhz();
  for (auto op : group.getOps().getAsRange<pum::DigitalOpAttr>())
    spec.ops.push_back({op.getKind().str(), op.getEnergyPj(), op.getCycles()});
  return spec;
}

model::DeviceSpec pumice::toSpec(pum::DeviceAttr device) {
  model::DeviceSpec spec;
  spec.name = device.getName().str();
  for (Attribute attr : device.getGroups()) {
    model::UnitGroup &group = spec.groups.emplace_back();
    auto unitGroup = cast<pum::UnitGroup>(attr);
    group.name = unitGroup.getName().str();
    if (ArrayAttr levels = unitGroup.getLevels())
      for (auto level : levels.getAsRange<pum::LevelAttr>())
        group.levels.push_back({level.getName().str(), level.getHolds()});
    llvm::TypeSwitch<Attribute>(attr)
        .Case([&](pum::CrossbarGroupAttr arrays) {
          group.unit = ::toSpec(arrays);
          group.enduranceWrites = arrays.getEnduranceWrites();
        })
        .Case([&](pum::SystolicGroupAttr arrays) {
          model::CrossbarSpec &spec = group.unit.emplace<model::CrossbarSpec>();
          spec.array = pumice::toSpec(arrays.getArray());
          spec.systolic = model::SystolicSpec{
              arrays.getUnits(), arrays.getClockGhz(), arrays.getMacPj(),
              arrays.getAccumulatorPjPerByte()};
        })
        .Case([&](pum::AssociativeGroupAttr processors) {
          group.unit = pumice::toSpec(processors.getAp());
          group.enduranceWrites = processors.getEnduranceWrites();
        })
        .Case([&](pum::DigitalGroupAttr digital) {
          group.unit = ::toSpec(digital);
        });
  }
  spec.buffer = ::toSpec("buffer", device.getBuffer());
  spec.dram = ::toSpec("dram", device.getDram());
  ArrayAttr components = device.getComponents();
  if (!components)
    components = ArrayAttr::get(device.getContext(), {});
  for (auto part : components.getAsRange<pum::ComponentAttr>())
    spec.components.push_back({part.getName().str(), part.getGroup().str(),
                               part.getLevel().str(), part.getCount(),
                               part.getSharedBy(), part.getPowerMw(),
                               part.getAreaUm2(), part.getAlwaysOn()});
  model::declareResources(spec);
  return spec;
}

//===----------------------------------------------------------------------===//
// Numbers to attributes
//===----------------------------------------------------------------------===//

namespace {
/// Builds attributes from a spec; errors of verifiers name the field.
class AttributeBuilder {
public:
  AttributeBuilder(Location loc, StringRef device)
      : loc(loc), context(loc.getContext()), device(device) {}

private:
  template <typename Callback>
  auto at(const Twine &part, Callback callback) {
    const size_t size = path.size();
    path += (path.empty() ? "" : ".") + part.str();
    auto result = callback();
    path.resize(size);
    return result;
  }

  template <typename Attr, typename... Args>
  Attr get(Args &&...args) {
    if (failed) // a nested attribute is missing
      return {};
    auto attr = Attr::getChecked(
        [&] {
          InFlightDiagnostic diag = emitError(loc);
          diag << "device '" << device << "': ";
          if (!path.empty())
            diag << path << ": ";
          return diag;
        },
        context, std::forward<Args>(args)...);
    failed |= !attr;
    return attr;
  }

  ArrayAttr array(ArrayRef<Attribute> attrs) {
    if (llvm::is_contained(attrs, Attribute()))
      return {};
    return ArrayAttr::get(context, attrs);
  }

public:
  pum::DeviceAttr build(const model::DeviceSpec &spec) {
    SmallVector<Attribute> groups, components;
    for (const model::UnitGroup &group : spec.groups)
      groups.push_back(
          at("groups." + group.name, [&] { return build(group); }));
    for (const model::ComponentSpec &part : spec.components)
      components.push_back(at("components." + part.name, [&] {
        return get<pum::ComponentAttr>(
            StringRef(part.name), StringRef(part.group), StringRef(part.level),
            part.count, part.sharedBy, Number{part.powerMw},
            Number{part.areaUm2}, part.alwaysOn);
      }));
    auto buffer = at("buffer", [&] { return build(spec.buffer); });
    auto dram = at("dram", [&] { return build(spec.dram); });
    if (failed)
      return {};
    return get<pum::DeviceAttr>(StringRef(spec.name), array(groups), buffer,
                                dram, array(components));
  }

private:
  Attribute build(const model::UnitGroup &group) {
    SmallVector<Attribute> levels;
    for (const model::LevelSpec &level : group.levels)
      levels.push_back(at("levels." + level.name, [&] {
        return get<pum::LevelAttr>(StringRef(level.name), level.holds);
      }));
    if (const model::CrossbarSpec *crossbar = group.crossbar();
        crossbar && crossbar->systolic) {
      const model::SystolicSpec &systolic = *crossbar->systolic;
      return get<pum::SystolicGroupAttr>(
          StringRef(group.name), systolic.units, crossbar->array.rows,
          crossbar->array.columns, crossbar->array.weightBits,
          crossbar->array.inputBits, Number{systolic.clockGhz},
          Number{systolic.macPj}, Number{systolic.accumulatorPjPerByte});
    }
    if (const model::CrossbarSpec *crossbar = group.crossbar()) {
      auto arraySpec = at("array", [&] { return build(crossbar->array); });
      auto timing = at("timing", [&] {
        const model::ArrayTiming &spec = crossbar->timing;
        return get<pum::TimingAttr>(Number{spec.readNs}, Number{spec.adcNs},
                                    Number{spec.rowWriteNs});
      });
      auto energy = at("energy", [&] { return build(crossbar->energy); });
      auto drivers =
          at("write_drivers", [&] { return build(crossbar->writeDrivers); });
      auto converters =
          at("converters", [&] { return build(crossbar->converters); });
      return get<pum::CrossbarGroupAttr>(
          StringRef(group.name), arraySpec, timing, energy, array(levels),
          group.enduranceWrites,
          crossbar->takesTemporaryWeights ? pum::DynamicMatmul::crossbar
                                          : pum::DynamicMatmul::digital,
          crossbar->pulsesUnchangedCells, drivers, converters);
    }
    if (const model::APSpec *ap = group.ap()) {
      auto attr = at("ap", [&] {
        return get<pum::APAttr>(
            ap->rows, ap->columns, ap->domains, Number{ap->searchNs},
            Number{ap->searchPjPerBit}, Number{ap->writeNs},
            Number{ap->writePjPerBit}, Number{ap->readNs},
            Number{ap->readPjPerBit}, Number{ap->shiftNs},
            Number{ap->shiftPjPerBit}, Number{ap->linkPjPerBit},
            Number{ap->fetchPjPerByte}, ap->elementwiseBits);
      });
      return get<pum::AssociativeGroupAttr>(
          StringRef(group.name), attr, array(levels), group.enduranceWrites);
    }
    const model::DigitalSpec &digital = *group.digital();
    SmallVector<Attribute> ops;
    for (const model::DigitalOpSpec &op : digital.ops)
      ops.push_back(at("ops." + op.kind, [&] {
        return get<pum::DigitalOpAttr>(StringRef(op.kind), Number{op.energyPj},
                                       Number{op.cycles});
      }));
    return get<pum::DigitalGroupAttr>(StringRef(group.name), digital.units,
                                      digital.lanes, Number{digital.clockGhz},
                                      array(ops));
  }

  crossbar::CrossbarArrayAttr build(const model::ArraySpec &spec) {
    auto adc = at("adc", [&] {
      return get<crossbar::AdcAttr>(spec.adcBits, modeOf(spec.adcMode));
    });
    auto analog = at("analog", [&]() -> crossbar::AnalogAttr {
      if (!spec.analog)
        return {};
      const model::AnalogSpec &cells = *spec.analog;
      return get<crossbar::AnalogAttr>(
          cells.seed, Number{cells.programErrorAbsolute},
          Number{cells.programErrorRelative}, Number{cells.readNoise},
          Number{cells.onOffRatio}, cells.referenceColumn,
          Number{cells.nonlinearity}, Number{cells.stuckOn},
          Number{cells.stuckOff}, Number{cells.driftExponent},
          Number{cells.driftExponentSigma}, Number{cells.driftTimeS},
          Number{cells.wireResistanceOhm}, Number{cells.onResistanceOhm});
    });
    return get<crossbar::CrossbarArrayAttr>(
        spec.rows, spec.columns, spec.cellBits, spec.weightBits, spec.inputBits,
        spec.dacBits, adc, spec.columnsPerAdc, encodingOf(spec.encoding),
        spec.rowsPerRead, analog);
  }

  pum::EnergyAttr build(const model::ArrayEnergy &spec) {
    auto steps = at("level_steps", [&]() -> pum::LevelStepsAttr {
      if (!spec.setStepPj || !spec.resetStepPj)
        return {};
      return get<pum::LevelStepsAttr>(Number{*spec.setStepPj},
                                      Number{*spec.resetStepPj});
    });
    return get<pum::EnergyAttr>(Number{spec.cellReadPj}, Number{spec.dacPj},
                                Number{spec.sampleHoldPj}, Number{spec.adcPj},
                                Number{spec.shiftAddPj},
                                Number{spec.cellWritePj}, steps);
  }

  pum::SharedUnitsAttr
  build(const std::optional<model::SharedUnitsSpec> &shared) {
    if (!shared)
      return {};
    return get<pum::SharedUnitsAttr>(StringRef(shared->level), shared->count);
  }

  pum::MemoryAttr build(const model::MemorySpec &memory) {
    return get<pum::MemoryAttr>(
        memory.capacityBytes, memory.ports, Number{memory.bandwidthBytesPerNs},
        Number{memory.latencyNs}, Number{memory.readPjPerByte},
        Number{memory.writePjPerByte});
  }

  static crossbar::AdcMode modeOf(model::AdcMode mode) {
    switch (mode) {
    case model::AdcMode::lossless:
      return crossbar::AdcMode::lossless;
    case model::AdcMode::clip:
      return crossbar::AdcMode::clip;
    case model::AdcMode::fullScale:
      return crossbar::AdcMode::full_scale;
    case model::AdcMode::calibrated:
      return crossbar::AdcMode::calibrated;
    }
    llvm_unreachable("unknown mode");
  }

  static crossbar::Encoding encodingOf(model::WeightEncoding encoding) {
    switch (encoding) {
    case model::WeightEncoding::offset:
      return crossbar::Encoding::offset;
    case model::WeightEncoding::offsetFlip:
      return crossbar::Encoding::offset_flip;
    case model::WeightEncoding::differential:
      return crossbar::Encoding::differential;
    }
    llvm_unreachable("unknown encoding");
  }

  Location loc;
  MLIRContext *context;
  std::string device, path;
  bool failed = false;
};
} // namespace

FailureOr<pum::DeviceAttr> pumice::toAttribute(const model::DeviceSpec &spec,
                                               Location loc, StringRef device) {
  loc.getContext()->getOrLoadDialect<pum::PUMDialect>();
  if (auto attr = AttributeBuilder(loc, device).build(spec))
    return attr;
  return failure();
}
