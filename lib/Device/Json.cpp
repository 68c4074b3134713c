// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Json.cpp - Devices as JSON -------------------------------*- C++ -*-===//
//
// The functions `fields` list the fields of each part of a device once, for the
// visitors of JsonVisitors.h.
//
//===----------------------------------------------------------------------===//
#include "lib/Support/Json.h"
#include "lib/Device/Device.h"
#include "lib/Device/JsonVisitors.h"
#include "lib/Device/Tables.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::device_json;
namespace json = llvm::json;

namespace pumice::device_json {

const Words<model::AdcMode> adcModes = {
    {"lossless", model::AdcMode::lossless},
    {"clip", model::AdcMode::clip},
    {"full_scale", model::AdcMode::fullScale},
    {"calibrated", model::AdcMode::calibrated}};
const Words<model::WeightEncoding> encodings = {
    {"offset", model::WeightEncoding::offset},
    {"offset_flip", model::WeightEncoding::offsetFlip},
    {"differential", model::WeightEncoding::differential}};
const Words<model::CircuitMapping> mappings = {
    {"dense", model::CircuitMapping::dense},
    {"kernel", model::CircuitMapping::kernel}};
const Words<model::Topology> topologies = {{"mesh", model::Topology::mesh},
                                           {"htree", model::Topology::htree}};
const Words<bool> matmuls = {{"digital", false}, {"crossbar", true}};

template <typename Visitor>
void fields(Visitor &v, model::CellLevelSpec &s) {
  v.defaulted("temperature_k", s.temperatureK, 0.0);
  v.required("mean_siemens", s.meanSiemens);
  v.defaulted("spread_siemens", s.spreadSiemens, 0.0);
  v.defaulted("drift_exponent", s.driftExponent, 0.0);
  v.defaulted("drift_exponent_sigma", s.driftExponentSigma, 0.0);
  v.defaulted("read_noise_siemens", s.readNoiseSiemens, 0.0);
}

template <typename Visitor>
void fields(Visitor &v, model::CellTableSpec &s) {
  v.defaulted("file", s.file, std::string());
  v.optionalList("levels", "", s.levels);
}

template <typename Visitor>
void fields(Visitor &v, model::AdcCodesSpec &s) {
  v.series("thresholds", s.thresholds);
  v.series("values", s.values);
}

template <typename Visitor>
void fields(Visitor &v, model::AdcTableSpec &s) {
  v.defaulted("file", s.file, std::string());
  v.optionalList("converters", "", s.converters);
}

template <typename Visitor>
void fields(Visitor &v, model::WriteVerifySpec &s) {
  v.required("pulses", s.pulses);
  v.required("tolerance", s.tolerance);
  v.defaulted("shrink", s.shrink, 1.0);
}

template <typename Visitor>
void fields(Visitor &v, model::AnalogSpec &s) {
  v.defaulted("seed", s.seed, int64_t(0));
  v.defaulted("program_error_absolute", s.programErrorAbsolute, 0.0);
  v.defaulted("program_error_relative", s.programErrorRelative, 0.0);
  v.defaulted("read_noise", s.readNoise, 0.0);
  v.defaulted("on_off_ratio", s.onOffRatio, 0.0);
  v.defaulted("reference_column", s.referenceColumn, false);
  v.defaulted("nonlinearity", s.nonlinearity, 0.0);
  v.defaulted("stuck_on", s.stuckOn, 0.0);
  v.defaulted("stuck_off", s.stuckOff, 0.0);
  v.defaulted("drift_exponent", s.driftExponent, 0.0);
  v.defaulted("drift_exponent_sigma", s.driftExponentSigma, 0.0);
  v.defaulted("drift_time_s", s.driftTimeS, 0.0);
  v.defaulted("wire_resistance_ohm", s.wireResistanceOhm, 0.0);
  v.defaulted("on_resistance_ohm", s.onResistanceOhm, 0.0);
  v.optionalPart("cells", s.cells);
  v.defaulted("temperature_k", s.temperatureK, 0.0);
  v.defaulted("drift_compensation", s.driftCompensation, false);
  v.optionalPart("write_verify", s.writeVerify);
}

template <typename Visitor>
void fields(Visitor &v, model::ArraySpec &s) {
  v.required("rows", s.rows);
  v.required("columns", s.columns);
  v.required("cell_bits", s.cellBits);
  v.required("weight_bits", s.weightBits);
  v.required("input_bits", s.inputBits);
  v.required("dac_bits", s.dacBits);
  v.part("adc", [&](auto &adc) {
    adc.required("bits", s.adcBits);
    adc.word("mode", s.adcMode, adcModes);
    adc.optionalPart("table", s.adcTable);
  });
  v.required("columns_per_adc", s.columnsPerAdc);
  v.word("encoding", s.encoding, encodings);
  v.optional("rows_per_read", s.rowsPerRead);
  v.optionalPart("analog", s.analog);
}

template <typename Visitor>
void fields(Visitor &v, model::ArrayTiming &s) {
  v.required("read_ns", s.readNs);
  v.required("adc_ns", s.adcNs);
  v.required("row_write_ns", s.rowWriteNs);
  v.defaulted("verify_ns", s.verifyNs, 0.0);
}

/// The two level steps of ArrayEnergy, which are present or absent together.
struct LevelSteps {
  double setPj = 0, resetPj = 0;
};
template <typename Visitor>
void fields(Visitor &v, LevelSteps &s) {
  v.required("set_pj", s.setPj);
  v.required("reset_pj", s.resetPj);
}

template <typename Visitor>
void fields(Visitor &v, model::ArrayEnergy &s) {
  v.required("cell_read_pj", s.cellReadPj);
  v.required("dac_pj", s.dacPj);
  v.required("sample_hold_pj", s.sampleHoldPj);
  v.required("adc_pj", s.adcPj);
  v.required("shift_add_pj", s.shiftAddPj);
  v.required("cell_write_pj", s.cellWritePj);
  std::optional<LevelSteps> steps;
  if (s.setStepPj && s.resetStepPj)
    steps = LevelSteps{*s.setStepPj, *s.resetStepPj};
  v.optionalPart("level_steps", steps);
  if (steps) {
    s.setStepPj = steps->setPj;
    s.resetStepPj = steps->resetPj;
  }
  v.defaulted("verify_pj", s.verifyPj, 0.0);
}

template <typename Visitor>
void fields(Visitor &v, model::CircuitsSpec &s) {
  v.word("mapping", s.mapping, mappings);
  v.required("ones", s.ones);
  v.defaulted("pipelined", s.pipelined, false);
  v.part("tiles", [&](auto &part) {
    part.required("kernel_positions", s.tiles.kernelPositions);
    part.required("kernel_arrays", s.tiles.kernelArrays);
    part.required("dense_arrays", s.tiles.denseArrays);
    part.required("kernel_um", s.tiles.kernelUm);
    part.required("dense_um", s.tiles.denseUm);
  });
  v.part("periphery", [&](auto &part) {
    part.required("narrow_cell_read_pj", s.periphery.narrowCellReadPj);
    part.required("array_read_pj", s.periphery.arrayReadPj);
    part.required("row_pj", s.periphery.rowPj);
    part.required("multiplexer_pj", s.periphery.multiplexerPj);
    part.required("encoder_pj", s.periphery.encoderPj);
    part.required("result_pj", s.periphery.resultPj);
  });
  v.part("accumulation", [&](auto &part) {
    part.required("slices_pj", s.accumulation.slicesPj);
    part.required("slices_pj_per_slice", s.accumulation.slicesPjPerSlice);
    part.required("bits_pj", s.accumulation.bitsPj);
    part.required("bits_pj_per_slice", s.accumulation.bitsPjPerSlice);
    part.required("bits_pj_per_bit", s.accumulation.bitsPjPerBit);
    part.required("tree_pj", s.accumulation.treePj);
    part.required("tree_pj_per_array", s.accumulation.treePjPerArray);
    part.required("dense_tree_pj", s.accumulation.denseTreePj);
  });
  v.part("interconnect", [&](auto &part) {
    part.required("array_in_pj", s.interconnect.arrayInPj);
    part.required("array_out_pj", s.interconnect.arrayOutPj);
    part.required("kernel_tile_pj", s.interconnect.kernelTilePj);
    part.required("dense_tile_pj", s.interconnect.denseTilePj);
    part.required("chip_pj_per_um", s.interconnect.chipPjPerUm);
  });
  v.part("buffers", [&](auto &part) {
    part.required("array_in_pj", s.buffers.arrayInPj);
    part.required("tile_in_pj", s.buffers.tileInPj);
    part.required("array_out_pj", s.buffers.arrayOutPj);
    part.required("tile_out_pj", s.buffers.tileOutPj);
    part.required("chip_out_pj", s.buffers.chipOutPj);
  });
  v.part("timing", [&](auto &part) {
    part.required("window_ns", s.timing.windowNs);
    part.required("bit_ns", s.timing.bitNs);
    part.required("result_ns", s.timing.resultNs);
    part.required("input_ns", s.timing.inputNs);
  });
  v.part("leakage", [&](auto &part) {
    part.required("array_uw", s.leakage.arrayUw);
    part.required("array_uw_per_bit", s.leakage.arrayUwPerBit);
    part.required("slices_uw", s.leakage.slicesUw);
  });
}

template <typename Visitor>
void fields(Visitor &v, model::APSpec &s) {
  v.required("rows", s.rows);
  v.required("columns", s.columns);
  v.required("domains", s.domains);
  v.required("search_ns", s.searchNs);
  v.required("search_pj_per_bit", s.searchPjPerBit);
  v.required("write_ns", s.writeNs);
  v.required("write_pj_per_bit", s.writePjPerBit);
  v.required("read_ns", s.readNs);
  v.required("read_pj_per_bit", s.readPjPerBit);
  v.required("shift_ns", s.shiftNs);
  v.required("shift_pj_per_bit", s.shiftPjPerBit);
  v.required("link_pj_per_bit", s.linkPjPerBit);
  v.required("fetch_pj_per_byte", s.fetchPjPerByte);
  v.defaulted("elementwise_bits", s.elementwiseBits, int64_t(0));
  v.defaulted("search_pj_per_row", s.searchPjPerRow, 0.0);
}

template <typename Visitor>
void fields(Visitor &v, model::CamSpec &s) {
  v.required("rows", s.rows);
  v.required("columns", s.columns);
  v.defaulted("ternary", s.ternary, true);
  v.required("max_distance", s.maxDistance);
  v.required("merge_parts", s.mergeParts);
  v.required("best_matches", s.bestMatches);
  v.required("search_ns", s.searchNs);
  v.required("match_line_pj", s.matchLinePj);
  v.required("cell_pj", s.cellPj);
  v.required("sense_pj", s.sensePj);
  v.required("search_line_pj", s.searchLinePj);
  v.required("write_ns", s.writeNs);
  v.required("write_pj_per_bit", s.writePjPerBit);
  v.required("merge_ns", s.mergeNs);
  v.required("merge_pj", s.mergePj);
  v.required("rank_ns", s.rankNs);
  v.required("rank_pj", s.rankPj);
  v.defaulted("distance_noise", s.distanceNoise, 0.0);
  v.defaulted("seed", s.seed, int64_t(0));
}

template <typename Visitor>
void fields(Visitor &v, model::DigitalOpSpec &s) {
  v.required("kind", s.kind);
  v.required("energy_pj", s.energyPj);
  v.required("cycles", s.cycles);
}

template <typename Visitor>
void fields(Visitor &v, model::MemorySpec &s) {
  v.optional("capacity_bytes", s.capacityBytes);
  v.required("ports", s.ports);
  v.required("bandwidth_bytes_per_ns", s.bandwidthBytesPerNs);
  v.required("latency_ns", s.latencyNs);
  v.required("read_pj_per_byte", s.readPjPerByte);
  v.required("write_pj_per_byte", s.writePjPerByte);
}

template <typename Visitor>
void fields(Visitor &v, model::LevelSpec &s) {
  v.required("name", s.name);
  v.optional("holds", s.holds);
}

template <typename Visitor>
void fields(Visitor &v, model::WeightDecoderSpec &s) {
  v.required("weights_per_ns", s.weightsPerNs);
  v.required("pj_per_weight", s.pjPerWeight);
}

template <typename Visitor>
void fields(Visitor &v, model::SharedUnitsSpec &s) {
  v.required("level", s.level);
  v.required("count", s.count);
}

template <typename Visitor>
void fields(Visitor &v, model::ComponentSpec &s) {
  v.required("name", s.name);
  v.defaulted("group", s.group, std::string());
  v.defaulted("level", s.level, std::string());
  v.defaulted("count", s.count, int64_t(1));
  v.defaulted("shared_by", s.sharedBy, int64_t(1));
  v.required("power_mw", s.powerMw);
  v.required("area_um2", s.areaUm2);
  v.defaulted("always_on", s.alwaysOn, false);
}

template <typename Visitor>
void fields(Visitor &v, model::LawSpec &s) {
  v.required("of", s.of);
  v.required("kind", s.kind);
  v.numbers("at", s.at);
  v.defaulted("group", s.group, std::string());
  v.defaulted("level", s.level, std::string());
}

template <typename Visitor>
void fields(Visitor &v, model::InterconnectSpec &s) {
  v.word("topology", s.topology, topologies);
  v.required("level", s.level);
  v.optional("rows", s.rows);
  v.optional("columns", s.columns);
  v.optional("branching", s.branching);
  v.optional("tile_pitch_mm", s.tilePitchMm);
  v.required("bandwidth_bytes_per_ns", s.bandwidthBytesPerNs);
  v.required("router_ns", s.routerNs);
  v.required("wire_ns_per_mm", s.wireNsPerMm);
  v.required("router_pj_per_bit", s.routerPjPerBit);
  v.required("wire_pj_per_bit_mm", s.wirePjPerBitMm);
  v.optional("memory_node", s.memoryNode);
  v.defaulted("spread_buffer", s.spreadBuffer, false);
}

/// Systolic arrays without numbers: exact sums, converted at once.
model::CrossbarSpec systolicArrays() {
  model::CrossbarSpec spec;
  spec.array.adcBits = 32;
  spec.array.columnsPerAdc = 1;
  spec.systolic.emplace();
  return spec;
}

enum class Kind { crossbar, systolic, associative, cam, digital };
const Words<Kind> kinds = {{"crossbar", Kind::crossbar},
                           {"systolic", Kind::systolic},
                           {"associative", Kind::associative},
                           {"cam", Kind::cam},
                           {"digital", Kind::digital}};

template <typename Visitor>
void fields(Visitor &v, model::UnitGroup &s) {
  v.required("name", s.name);
  Kind kind = Kind::digital;
  if (s.crossbar())
    kind = s.crossbar()->systolic ? Kind::systolic : Kind::crossbar;
  else if (s.ap())
    kind = Kind::associative;
  else if (s.cam())
    kind = Kind::cam;
  const Kind before = kind;
  v.word("kind", kind, kinds);
  if (kind != before) {
    if (kind == Kind::crossbar)
      s.unit = model::CrossbarSpec();
    else if (kind == Kind::systolic)
      s.unit = systolicArrays();
    else if (kind == Kind::associative)
      s.unit = model::APSpec();
    else if (kind == Kind::cam)
      s.unit = model::CamSpec();
    else
      s.unit = model::DigitalSpec();
  }
  if (auto *arrays = std::get_if<model::CrossbarSpec>(&s.unit);
      arrays && arrays->systolic) {
    v.required("units", arrays->systolic->units);
    v.required("rows", arrays->array.rows);
    v.required("columns", arrays->array.columns);
    v.required("weight_bits", arrays->array.weightBits);
    v.required("input_bits", arrays->array.inputBits);
    v.required("clock_ghz", arrays->systolic->clockGhz);
    v.required("mac_pj", arrays->systolic->macPj);
    v.required("accumulator_pj_per_byte",
               arrays->systolic->accumulatorPjPerByte);
    // One weight in a cell, all bits of an input at once.
    arrays->array.cellBits = arrays->array.weightBits;
    arrays->array.dacBits = arrays->array.inputBits;
  } else if (auto *crossbar = std::get_if<model::CrossbarSpec>(&s.unit)) {
    v.part("array", [&](auto &part) { fields(part, crossbar->array); });
    v.part("timing", [&](auto &part) { fields(part, crossbar->timing); });
    v.part("energy", [&](auto &part) { fields(part, crossbar->energy); });
    v.list("levels", "name", s.levels);
    v.optional("endurance_writes", s.enduranceWrites);
    v.word("dynamic_matmul", crossbar->takesTemporaryWeights, matmuls,
           std::optional<bool>(false));
    v.defaulted("pulse_unchanged_cells", crossbar->pulsesUnchangedCells, true);
    v.optionalPart("write_drivers", crossbar->writeDrivers);
    v.optionalPart("converters", crossbar->converters);
    v.optionalPart("circuits", crossbar->circuits);
    v.optionalPart("weight_decoder", crossbar->weightDecoder);
  } else if (auto *ap = std::get_if<model::APSpec>(&s.unit)) {
    v.part("ap", [&](auto &part) { fields(part, *ap); });
    v.list("levels", "name", s.levels);
    v.optional("endurance_writes", s.enduranceWrites);
  } else if (auto *cam = std::get_if<model::CamSpec>(&s.unit)) {
    v.part("cam", [&](auto &part) { fields(part, *cam); });
    v.list("levels", "name", s.levels);
    v.optional("endurance_writes", s.enduranceWrites);
  } else {
    auto &digital = std::get<model::DigitalSpec>(s.unit);
    v.required("units", digital.units);
    v.required("lanes", digital.lanes);
    v.required("clock_ghz", digital.clockGhz);
    v.list("ops", "kind", digital.ops);
    v.optional("bits", digital.bits);
  }
}

template <typename Visitor>
void fields(Visitor &v, model::DeviceSpec &s) {
  v.required("name", s.name);
  v.list("groups", "name", s.groups);
  v.part("buffer", [&](auto &part) { fields(part, s.buffer); });
  v.part("dram", [&](auto &part) { fields(part, s.dram); });
  v.list("components", "name", s.components);
  v.optionalList("laws", "of", s.laws);
  v.optionalPart("interconnect", s.interconnect);
}

} // namespace pumice::device_json

json::Value pumice::toJson(const model::DeviceSpec &spec) {
  json::Object object;
  Writer writer{object};
  model::DeviceSpec copy = spec; // visitors take mutable references
  fields(writer, copy);
  return object;
}

FailureOr<model::DeviceSpec> pumice::deviceFromJson(StringRef text,
                                                    Location loc) {
  llvm::Expected<json::Value> value = pumice::parseJson(text);
  if (!value)
    return emitError(loc) << "device: " << llvm::toString(value.takeError());
  const json::Object *object = value->getAsObject();
  if (!object)
    return emitError(loc) << "device: expected fields, got "
                          << llvm::formatv("{0}", *value).str();
  model::DeviceSpec spec;
  std::string problem;
  Reader reader{*object, "", problem, {}};
  fields(reader, spec);
  reader.finish();
  if (!problem.empty())
    return emitError(loc) << "device '" << spec.name << "': " << problem;
  if (failed(
          readTables(spec, /*folder=*/"", "device '" + spec.name + "': ", loc)))
    return failure();
  spec.buffer.name = "buffer";
  spec.dram.name = "dram";
  model::declareResources(spec);
  return spec;
}

json::Array pumice::deviceKeys() {
  json::Array all;
  for (auto [name, unit] :
       {std::pair<StringRef, decltype(model::UnitGroup::unit)>(
            "crossbar", model::CrossbarSpec()),
        {"associative", model::APSpec()},
        {"digital", model::DigitalSpec()}}) {
    model::UnitGroup group;
    group.unit = unit;
    Keys keys{all, name.str() + ": "};
    fields(keys, group);
  }
  model::DeviceSpec device;
  Keys keys{all, "device: "};
  fields(keys, device);
  return all;
}

std::string pumice::didYouMean(StringRef word, ArrayRef<StringRef> known) {
  StringRef best;
  unsigned least = std::max<unsigned>(2, word.size() / 3) + 1;
  for (StringRef name : known) {
    const unsigned distance = word.edit_distance(name, true, least);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  // A word that is short for one other, such as adc for adc_pj.
  if (best.empty()) {
    const std::string start = (word + "_").str();
    if (llvm::count_if(known, [&](StringRef name) {
          return name.starts_with(start);
        }) == 1)
      best = *llvm::find_if(
          known, [&](StringRef name) { return name.starts_with(start); });
  }
  return best.empty() ? "" : (" (did you mean '" + best + "'?)").str();
}

json::Value pumice::deviceFields() {
  json::Object object;
  auto add = [&](StringRef part, auto &&spec) {
    Names names;
    fields(names, spec);
    object[part] = std::move(names.names);
  };
  add("device", model::DeviceSpec());
  for (auto [name, unit] :
       {std::pair<StringRef, decltype(model::UnitGroup::unit)>(
            "crossbar", model::CrossbarSpec()),
        {"systolic", systolicArrays()},
        {"associative", model::APSpec()},
        {"cam", model::CamSpec()},
        {"digital", model::DigitalSpec()}}) {
    model::UnitGroup group;
    group.unit = unit;
    add(name, group);
  }
  return object;
}
