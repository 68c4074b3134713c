// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Spec.cpp - Device attributes to numbers and back ---------*- C++ -*-===//
#include "lib/Device/Device.h"
#include "lib/Device/Laws.h"
#include "lib/Device/Tables.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

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
  if (crossbar::AdcTableAttr table = array.getAdc().getTable())
    spec.adcTable = toSpec(table);
  spec.columnsPerAdc = array.getColumnsPerAdc();
  spec.rowsPerRead = array.getRowsPerRead();
  if (crossbar::AnalogAttr analog = array.getAnalog()) {
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
                                    analog.getOnResistanceOhm(),
                                    std::nullopt,
                                    analog.getTemperatureK(),
                                    analog.getDriftCompensation(),
                                    std::nullopt};
    if (crossbar::CellTableAttr cells = analog.getCells())
      spec.analog->cells = toSpec(cells);
    if (crossbar::WriteVerifyAttr verify = analog.getWriteVerify())
      spec.analog->writeVerify = model::WriteVerifySpec{
          verify.getPulses(), verify.getTolerance(), verify.getShrink()};
  }
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
  spec.searchPjPerRow = ap.getSearchPjPerRow();
  return spec;
}

model::CamSpec pumice::toSpec(pum::CamAttr cam) {
  model::CamSpec spec;
  spec.rows = cam.getRows();
  spec.columns = cam.getColumns();
  spec.ternary = cam.getTernary();
  spec.maxDistance = cam.getMaxDistance();
  spec.mergeParts = cam.getMergeParts();
  spec.bestMatches = cam.getBestMatches();
  spec.searchNs = cam.getSearchNs();
  spec.matchLinePj = cam.getMatchLinePj();
  spec.cellPj = cam.getCellPj();
  spec.sensePj = cam.getSensePj();
  spec.searchLinePj = cam.getSearchLinePj();
  spec.writeNs = cam.getWriteNs();
  spec.writePjPerBit = cam.getWritePjPerBit();
  spec.mergeNs = cam.getMergeNs();
  spec.mergePj = cam.getMergePj();
  spec.rankNs = cam.getRankNs();
  spec.rankPj = cam.getRankPj();
  spec.distanceNoise = cam.getDistanceNoise();
  spec.seed = cam.getSeed();
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

static std::optional<model::CircuitsSpec> toSpec(pum::CircuitsAttr circuits) {
  if (!circuits)
    return std::nullopt;
  model::CircuitsSpec spec;
  spec.mapping = circuits.getMapping() == pum::CircuitMapping::kernel
                     ? model::CircuitMapping::kernel
                     : model::CircuitMapping::dense;
  spec.ones = circuits.getOnes();
  spec.pipelined = circuits.getPipelined();
  pum::CircuitTilesAttr tiles = circuits.getTiles();
  spec.tiles = {tiles.getKernelPositions(), tiles.getKernelArrays(),
                tiles.getDenseArrays(), tiles.getKernelUm(),
                tiles.getDenseUm()};
  pum::CircuitPeripheryAttr periphery = circuits.getPeriphery();
  spec.periphery = {periphery.getNarrowCellReadPj(),
                    periphery.getArrayReadPj(),
                    periphery.getRowPj(),
                    periphery.getMultiplexerPj(),
                    periphery.getEncoderPj(),
                    periphery.getResultPj()};
  pum::CircuitAccumulationAttr adders = circuits.getAccumulation();
  spec.accumulation = {adders.getSlicesPj(),       adders.getSlicesPjPerSlice(),
                       adders.getBitsPj(),         adders.getBitsPjPerSlice(),
                       adders.getBitsPjPerBit(),   adders.getTreePj(),
                       adders.getTreePjPerArray(), adders.getDenseTreePj()};
  pum::CircuitInterconnectAttr wires = circuits.getInterconnect();
  spec.interconnect = {wires.getArrayInPj(), wires.getArrayOutPj(),
                       wires.getKernelTilePj(), wires.getDenseTilePj(),
                       wires.getChipPjPerUm()};
  pum::CircuitBuffersAttr buffers = circuits.getBuffers();
  spec.buffers = {buffers.getArrayInPj(), buffers.getTileInPj(),
                  buffers.getArrayOutPj(), buffers.getTileOutPj(),
                  buffers.getChipOutPj()};
  pum::CircuitTimingAttr timing = circuits.getTiming();
  spec.timing = {timing.getWindowNs(), timing.getBitNs(), timing.getResultNs(),
                 timing.getInputNs()};
  pum::CircuitLeakageAttr leakage = circuits.getLeakage();
  spec.leakage = {leakage.getArrayUw(), leakage.getArrayUwPerBit(),
                  leakage.getSlicesUw()};
  return spec;
}

static model::CrossbarSpec toSpec(pum::CrossbarGroupAttr group) {
  model::CrossbarSpec spec;
  spec.array = pumice::toSpec(group.getArray());
  pum::TimingAttr timing = group.getTiming();
  spec.timing = {timing.getReadNs(), timing.getAdcNs(), timing.getRowWriteNs(),
                 timing.getVerifyNs()};
  pum::EnergyAttr energy = group.getEnergy();
  spec.energy.cellReadPj = energy.getCellReadPj();
  spec.energy.dacPj = energy.getDacPj();
  spec.energy.sampleHoldPj = energy.getSampleHoldPj();
  spec.energy.adcPj = energy.getAdcPj();
  spec.energy.shiftAddPj = energy.getShiftAddPj();
  spec.energy.cellWritePj = energy.getCellWritePj();
  spec.energy.verifyPj = energy.getVerifyPj();
  if (pum::LevelStepsAttr steps = energy.getLevelSteps()) {
    spec.energy.setStepPj = steps.getSetPj();
    spec.energy.resetStepPj = steps.getResetPj();
  }
  spec.takesTemporaryWeights =
      group.getDynamicMatmul() == pum::DynamicMatmul::crossbar;
  spec.pulsesUnchangedCells = group.getPulseUnchangedCells();
  spec.writeDrivers = ::toSpec(group.getWriteDrivers());
  spec.converters = ::toSpec(group.getConverters());
  spec.circuits = ::toSpec(group.getCircuits());
  if (pum::WeightDecoderAttr decoder = group.getWeightDecoder())
    spec.weightDecoder = model::WeightDecoderSpec{decoder.getWeightsPerNs(),
                                                  decoder.getPjPerWeight()};
  return spec;
}

static model::DigitalSpec toSpec(pum::DigitalGroupAttr group) {
  model::DigitalSpec spec;
  spec.units = group.getUnits();
  spec.lanes = group.getLanes();
  spec.clockGhz = group.getClockGhz();
  for (auto op : group.getOps().getAsRange<pum::DigitalOpAttr>())
    spec.ops.push_back({op.getKind().str(), op.getEnergyPj(), op.getCycles()});
  spec.bits = group.getBits();
  return spec;
}

static model::LawSpec toSpec(pum::LawAttr law) {
  model::LawSpec spec;
  spec.of = law.getOf().str();
  spec.kind = law.getKind().str();
  for (NamedAttribute item : law.getAt()) {
    double value = 0;
    if (auto number = dyn_cast<FloatAttr>(item.getValue()))
      value = number.getValueAsDouble();
    else if (auto number = dyn_cast<IntegerAttr>(item.getValue()))
      value = double(number.getValue().getSExtValue());
    spec.at.emplace_back(item.getName().str(), value);
  }
  spec.group = law.getGroup().str();
  spec.level = law.getLevel().str();
  return spec;
}

static model::InterconnectSpec toSpec(pum::InterconnectAttr interconnect) {
  model::InterconnectSpec spec;
  spec.topology = interconnect.getTopology() == pum::Topology::mesh
                      ? model::Topology::mesh
                      : model::Topology::htree;
  spec.level = interconnect.getLevel().str();
  spec.rows = interconnect.getRows();
  spec.columns = interconnect.getColumns();
  spec.branching = interconnect.getBranching();
  if (std::optional<Number> pitch = interconnect.getTilePitchMm())
    spec.tilePitchMm = *pitch;
  spec.bandwidthBytesPerNs = interconnect.getBandwidthBytesPerNs();
  spec.routerNs = interconnect.getRouterNs();
  spec.wireNsPerMm = interconnect.getWireNsPerMm();
  spec.routerPjPerBit = interconnect.getRouterPjPerBit();
  spec.wirePjPerBitMm = interconnect.getWirePjPerBitMm();
  spec.memoryNode = interconnect.getMemoryNode();
  spec.spreadBuffer = interconnect.getSpreadBuffer();
  return spec;
}

model::DeviceSpec pumice::toSpec(pum::DeviceAttr device) {
  model::DeviceSpec spec = toStatedSpec(device);
  applyLaws(spec);
  return spec;
}

model::DeviceSpec pumice::toStatedSpec(pum::DeviceAttr device) {
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
        .Case([&](pum::CamGroupAttr cams) {
          group.unit = pumice::toSpec(cams.getCam());
          group.enduranceWrites = cams.getEnduranceWrites();
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
  if (ArrayAttr laws = device.getLaws())
    for (auto law : laws.getAsRange<pum::LawAttr>())
      spec.laws.push_back(::toSpec(law));
  if (pum::InterconnectAttr interconnect = device.getInterconnect())
    spec.interconnect = ::toSpec(interconnect);
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
    SmallVector<Attribute> groups, components, laws;
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
    for (const model::LawSpec &law : spec.laws)
      laws.push_back(at("laws." + law.of, [&] { return build(law); }));
    auto buffer = at("buffer", [&] { return build(spec.buffer); });
    auto dram = at("dram", [&] { return build(spec.dram); });
    auto interconnect =
        at("interconnect", [&] { return build(spec.interconnect); });
    if (failed)
      return {};
    return get<pum::DeviceAttr>(
        StringRef(spec.name), array(groups), buffer, dram, array(components),
        spec.laws.empty() ? ArrayAttr() : array(laws), interconnect);
  }

private:
  pum::LawAttr build(const model::LawSpec &law) {
    SmallVector<NamedAttribute> point;
    Builder builder(context);
    for (const auto &[name, value] : law.at) {
      const bool isCount =
          std::abs(value) < 1e15 && value == std::nearbyint(value);
      point.push_back(builder.getNamedAttr(
          name, isCount ? Attribute(builder.getI64IntegerAttr(int64_t(value)))
                        : Attribute(builder.getF64FloatAttr(value))));
    }
    return get<pum::LawAttr>(StringRef(law.of), StringRef(law.kind),
                             builder.getDictionaryAttr(point),
                             StringRef(law.group), StringRef(law.level));
  }

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
                                    Number{spec.rowWriteNs},
                                    Number{spec.verifyNs});
      });
      auto energy = at("energy", [&] { return build(crossbar->energy); });
      auto drivers =
          at("write_drivers", [&] { return build(crossbar->writeDrivers); });
      auto converters =
          at("converters", [&] { return build(crossbar->converters); });
      auto circuits = at("circuits", [&] { return build(crossbar->circuits); });
      auto decoder = at("weight_decoder", [&]() -> pum::WeightDecoderAttr {
        if (!crossbar->weightDecoder)
          return {};
        return get<pum::WeightDecoderAttr>(
            Number{crossbar->weightDecoder->weightsPerNs},
            Number{crossbar->weightDecoder->pjPerWeight});
      });
      return get<pum::CrossbarGroupAttr>(
          StringRef(group.name), arraySpec, timing, energy, array(levels),
          group.enduranceWrites,
          crossbar->takesTemporaryWeights ? pum::DynamicMatmul::crossbar
                                          : pum::DynamicMatmul::digital,
          crossbar->pulsesUnchangedCells, drivers, converters, circuits,
          decoder);
    }
    if (const model::APSpec *ap = group.ap()) {
      auto attr = at("ap", [&] {
        return get<pum::APAttr>(
            ap->rows, ap->columns, ap->domains, Number{ap->searchNs},
            Number{ap->searchPjPerBit}, Number{ap->writeNs},
            Number{ap->writePjPerBit}, Number{ap->readNs},
            Number{ap->readPjPerBit}, Number{ap->shiftNs},
            Number{ap->shiftPjPerBit}, Number{ap->linkPjPerBit},
            Number{ap->fetchPjPerByte}, ap->elementwiseBits,
            Number{ap->searchPjPerRow});
      });
      return get<pum::AssociativeGroupAttr>(
          StringRef(group.name), attr, array(levels), group.enduranceWrites);
    }
    if (const model::CamSpec *cam = group.cam()) {
      auto attr = at("cam", [&] {
        return get<pum::CamAttr>(
            cam->rows, cam->columns, cam->ternary, cam->maxDistance,
            cam->mergeParts, cam->bestMatches, Number{cam->searchNs},
            Number{cam->matchLinePj}, Number{cam->cellPj}, Number{cam->sensePj},
            Number{cam->searchLinePj}, Number{cam->writeNs},
            Number{cam->writePjPerBit}, Number{cam->mergeNs},
            Number{cam->mergePj}, Number{cam->rankNs}, Number{cam->rankPj},
            Number{cam->distanceNoise}, cam->seed);
      });
      return get<pum::CamGroupAttr>(StringRef(group.name), attr, array(levels),
                                    group.enduranceWrites);
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
                                      array(ops), digital.bits);
  }

  crossbar::CrossbarArrayAttr build(const model::ArraySpec &spec) {
    auto adc = at("adc", [&] {
      auto table = at("table", [&] { return build(spec.adcTable); });
      return get<crossbar::AdcAttr>(spec.adcBits, modeOf(spec.adcMode), table);
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
          Number{cells.wireResistanceOhm}, Number{cells.onResistanceOhm},
          at("cells", [&] { return build(cells.cells); }),
          Number{cells.temperatureK}, cells.driftCompensation,
          at("write_verify", [&] { return build(cells.writeVerify); }));
    });
    return get<crossbar::CrossbarArrayAttr>(
        spec.rows, spec.columns, spec.cellBits, spec.weightBits, spec.inputBits,
        spec.dacBits, adc, spec.columnsPerAdc, encodingOf(spec.encoding),
        spec.rowsPerRead, analog);
  }

  crossbar::CellTableAttr
  build(const std::optional<model::CellTableSpec> &table) {
    if (!table)
      return {};
    SmallVector<Attribute> levels;
    for (const model::CellLevelSpec &spec : table->levels)
      levels.push_back(at("levels." + Twine(levels.size()), [&] {
        return get<crossbar::CellLevelAttr>(
            Number{spec.temperatureK}, Number{spec.meanSiemens},
            Number{spec.spreadSiemens}, Number{spec.driftExponent},
            Number{spec.driftExponentSigma}, Number{spec.readNoiseSiemens});
      }));
    return get<crossbar::CellTableAttr>(
        StringRef(table->file), levels.empty() ? ArrayAttr() : array(levels));
  }

  crossbar::AdcTableAttr
  build(const std::optional<model::AdcTableSpec> &table) {
    if (!table)
      return {};
    SmallVector<Attribute> converters;
    auto numbers = [](ArrayRef<double> values) {
      return llvm::map_to_vector(values,
                                 [](double value) { return Number{value}; });
    };
    for (const model::AdcCodesSpec &spec : table->converters)
      converters.push_back(at("converters." + Twine(converters.size()), [&] {
        const auto thresholds = numbers(spec.thresholds);
        const auto values = numbers(spec.values);
        return get<crossbar::AdcCodesAttr>(ArrayRef<Number>(thresholds),
                                           ArrayRef<Number>(values));
      }));
    return get<crossbar::AdcTableAttr>(StringRef(table->file),
                                       converters.empty() ? ArrayAttr()
                                                          : array(converters));
  }

  crossbar::WriteVerifyAttr
  build(const std::optional<model::WriteVerifySpec> &spec) {
    if (!spec)
      return {};
    return get<crossbar::WriteVerifyAttr>(spec->pulses, Number{spec->tolerance},
                                          Number{spec->shrink});
  }

  pum::EnergyAttr build(const model::ArrayEnergy &spec) {
    auto steps = at("level_steps", [&]() -> pum::LevelStepsAttr {
      if (!spec.setStepPj || !spec.resetStepPj)
        return {};
      return get<pum::LevelStepsAttr>(Number{*spec.setStepPj},
                                      Number{*spec.resetStepPj});
    });
    return get<pum::EnergyAttr>(
        Number{spec.cellReadPj}, Number{spec.dacPj}, Number{spec.sampleHoldPj},
        Number{spec.adcPj}, Number{spec.shiftAddPj}, Number{spec.cellWritePj},
        steps, Number{spec.verifyPj});
  }

  pum::SharedUnitsAttr
  build(const std::optional<model::SharedUnitsSpec> &shared) {
    if (!shared)
      return {};
    return get<pum::SharedUnitsAttr>(StringRef(shared->level), shared->count);
  }

  pum::CircuitsAttr build(const std::optional<model::CircuitsSpec> &circuits) {
    if (!circuits)
      return {};
    const model::CircuitsSpec &spec = *circuits;
    auto tiles = at("tiles", [&] {
      return get<pum::CircuitTilesAttr>(
          spec.tiles.kernelPositions, spec.tiles.kernelArrays,
          spec.tiles.denseArrays, Number{spec.tiles.kernelUm},
          Number{spec.tiles.denseUm});
    });
    auto periphery = at("periphery", [&] {
      const model::CircuitsSpec::Periphery &part = spec.periphery;
      return get<pum::CircuitPeripheryAttr>(
          Number{part.narrowCellReadPj}, Number{part.arrayReadPj},
          Number{part.rowPj}, Number{part.multiplexerPj},
          Number{part.encoderPj}, Number{part.resultPj});
    });
    auto accumulation = at("accumulation", [&] {
      const model::CircuitsSpec::Accumulation &part = spec.accumulation;
      return get<pum::CircuitAccumulationAttr>(
          Number{part.slicesPj}, Number{part.slicesPjPerSlice},
          Number{part.bitsPj}, Number{part.bitsPjPerSlice},
          Number{part.bitsPjPerBit}, Number{part.treePj},
          Number{part.treePjPerArray}, Number{part.denseTreePj});
    });
    auto interconnect = at("interconnect", [&] {
      const model::CircuitsSpec::Interconnect &part = spec.interconnect;
      return get<pum::CircuitInterconnectAttr>(
          Number{part.arrayInPj}, Number{part.arrayOutPj},
          Number{part.kernelTilePj}, Number{part.denseTilePj},
          Number{part.chipPjPerUm});
    });
    auto buffers = at("buffers", [&] {
      const model::CircuitsSpec::Buffers &part = spec.buffers;
      return get<pum::CircuitBuffersAttr>(
          Number{part.arrayInPj}, Number{part.tileInPj},
          Number{part.arrayOutPj}, Number{part.tileOutPj},
          Number{part.chipOutPj});
    });
    auto timing = at("timing", [&] {
      return get<pum::CircuitTimingAttr>(
          Number{spec.timing.windowNs}, Number{spec.timing.bitNs},
          Number{spec.timing.resultNs}, Number{spec.timing.inputNs});
    });
    auto leakage = at("leakage", [&] {
      return get<pum::CircuitLeakageAttr>(Number{spec.leakage.arrayUw},
                                          Number{spec.leakage.arrayUwPerBit},
                                          Number{spec.leakage.slicesUw});
    });
    return get<pum::CircuitsAttr>(spec.mapping == model::CircuitMapping::kernel
                                      ? pum::CircuitMapping::kernel
                                      : pum::CircuitMapping::dense,
                                  Number{spec.ones}, spec.pipelined, tiles,
                                  periphery, accumulation, interconnect,
                                  buffers, timing, leakage);
  }

  pum::InterconnectAttr
  build(const std::optional<model::InterconnectSpec> &interconnect) {
    if (!interconnect)
      return {};
    std::optional<Number> pitch;
    if (interconnect->tilePitchMm)
      pitch = Number{*interconnect->tilePitchMm};
    return get<pum::InterconnectAttr>(
        interconnect->topology == model::Topology::mesh ? pum::Topology::mesh
                                                        : pum::Topology::htree,
        StringRef(interconnect->level), interconnect->rows,
        interconnect->columns, interconnect->branching, pitch,
        Number{interconnect->bandwidthBytesPerNs},
        Number{interconnect->routerNs}, Number{interconnect->wireNsPerMm},
        Number{interconnect->routerPjPerBit},
        Number{interconnect->wirePjPerBitMm}, interconnect->memoryNode,
        interconnect->spreadBuffer);
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
