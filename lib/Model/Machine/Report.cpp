// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

using namespace pumice::model;
namespace json = llvm::json;

static double ns(int64_t ps) { return double(ps) / 1000; }

static json::Object toJson(const EnergyPj &energy, bool withZeros) {
  json::Object object{{"total", total(energy)}};
  for (size_t i = 0; i < numComponents; ++i)
    if (withZeros || energy[i] != 0)
      object[name(static_cast<Component>(i))] = energy[i];
  return object;
}

static json::Object toJson(const Counters &counters, bool withZeros) {
  json::Object object;
  auto add = [&](llvm::StringRef key, int64_t value) {
    if (withZeros || value != 0)
      object[key] = value;
  };
  add("windows", counters.windows);
  add("array_reads", counters.arrayReads);
  add("conversions", counters.conversions);
  add("wordline_drives", counters.wordlineDrives);
  add("cell_reads", counters.cellReads);
  add("cells_written", counters.cellsWritten);
  add("rows_written", counters.rowsWritten);
  add("ap_passes", counters.apPasses);
  add("ap_tagged_writes", counters.apTaggedWrites);
  add("ap_shifts", counters.apShifts);
  json::Object ops;
  for (size_t i = 0; i < numDigitalOps; ++i)
    if (withZeros || counters.digitalOps[i] != 0)
      ops[name(static_cast<DigitalOp>(i))] = counters.digitalOps[i];
  if (!ops.empty())
    object["digital_ops"] = std::move(ops);
  add("buffer_bytes_read", counters.bufferBytesRead);
  add("buffer_bytes_written", counters.bufferBytesWritten);
  add("dram_bytes_read", counters.dramBytesRead);
  add("dram_bytes_written", counters.dramBytesWritten);
  return object;
}

static json::Object toJson(const Lane &lane) {
  return json::Object{{"resource", name(lane.resource)},
                      {"first", lane.first},
                      {"count", lane.count},
                      {"start_ns", ns(lane.startPs)},
                      {"end_ns", ns(lane.endPs)}};
}

static json::Object toJson(const InstructionRecord &record,
                           const Event &event) {
  json::Array lanes, dependencies(event.dependencies);
  for (const Lane &lane : event.lanes)
    lanes.push_back(toJson(lane));
  json::Object object{
      {"id", record.id},
      {"label", record.info.label},
      {"kind", record.info.kind},
      {"unit", record.info.unit},
      {"layer", record.info.layer},
      {"start_ns", ns(record.startPs)},
      {"end_ns", ns(record.endPs)},
      {"energy_pj", toJson(record.energyPj, /*withZeros=*/false)},
      {"counters", toJson(record.counters, /*withZeros=*/false)},
      {"arrays", record.arrays},
      {"depends_on", std::move(dependencies)},
      {"lanes", std::move(lanes)}};
  if (!record.info.reason.empty())
    object["reason"] = record.info.reason;
  if (!record.info.nonlinear.empty())
    object["nonlinear"] = json::Array(record.info.nonlinear);
  return object;
}

/// Appends `item` unless it is there.
static void addOnce(llvm::SmallVectorImpl<std::string> &items,
                    const std::string &item) {
  if (!llvm::is_contained(items, item))
    items.push_back(item);
}

namespace {
/// Instructions of one layer, summed.
struct Layer {
  explicit Layer(const InstructionRecord &first)
      : name(first.info.layer), startPs(first.startPs), endPs(first.endPs) {}

  std::string name; // json keeps references to views
  llvm::SmallVector<std::string, 4> kinds, units, reasons, nonlinear;
  int64_t startPs, endPs;
  std::vector<std::pair<int64_t, int64_t>> spans; ///< from, to
  int64_t instructions = 0;
  int64_t arrays = 0; ///< most that one instruction holds
  EnergyPj energyPj = {};
  Counters counters;
};
} // namespace

/// Length of the union of intervals.
static int64_t coveredPs(std::vector<std::pair<int64_t, int64_t>> spans) {
  llvm::sort(spans);
  int64_t length = 0, reached = std::numeric_limits<int64_t>::min();
  for (auto [from, to] : spans) {
    if (to > reached)
      length += to - std::max(from, reached);
    reached = std::max(reached, to);
  }
  return length;
}

static json::Array layersToJson(const Machine &machine) {
  std::vector<Layer> layers;
  llvm::StringMap<size_t> indices;
  for (const InstructionRecord &record : machine.instructions()) {
    if (record.info.layer.empty())
      continue;
    auto [it, isNew] = indices.try_emplace(record.info.layer, layers.size());
    if (isNew)
      layers.emplace_back(record);
    Layer &layer = layers[it->second];
    addOnce(layer.kinds, record.info.kind);
    addOnce(layer.units, record.info.unit);
    if (!record.info.reason.empty())
      addOnce(layer.reasons, record.info.reason);
    for (const std::string &kind : record.info.nonlinear)
      addOnce(layer.nonlinear, kind);
    layer.startPs = std::min(layer.startPs, record.startPs);
    layer.endPs = std::max(layer.endPs, record.endPs);
    layer.spans.emplace_back(record.startPs, record.endPs);
    ++layer.instructions;
    layer.arrays = std::max(layer.arrays, record.arrays);
    for (size_t i = 0; i < numComponents; ++i)
      layer.energyPj[i] += record.energyPj[i];
    layer.counters += record.counters;
  }
  json::Array array;
  for (const Layer &layer : layers)
    array.push_back(
        json::Object{{"name", layer.name},
                     {"kinds", json::Array(layer.kinds)},
                     {"units", json::Array(layer.units)},
                     {"reasons", json::Array(layer.reasons)},
                     {"nonlinear", json::Array(layer.nonlinear)},
                     {"start_ns", ns(layer.startPs)},
                     {"end_ns", ns(layer.endPs)},
                     {"busy_ns", ns(coveredPs(layer.spans))},
                     {"instructions", layer.instructions},
                     {"energy_pj", toJson(layer.energyPj, /*withZeros=*/false)},
                     {"counters", toJson(layer.counters, /*withZeros=*/false)},
                     {"arrays", layer.arrays}});
  return array;
}

static json::Object toJson(const Wear &wear) {
  WearSummary all;
  json::Array ranges;
  for (const WearRange &range : wear.ranges()) {
    all += range.summary;
    ranges.push_back(
        json::Object{{"first", range.arrays.first},
                     {"count", range.arrays.count},
                     {"layers", json::Array(range.layers)},
                     {"max_writes_per_cell", range.summary.max()},
                     {"mean_writes_per_cell", range.summary.mean()}});
  }
  json::Array histogram;
  for (auto [writes, cells] : all.cellsByWrites)
    histogram.push_back(json::Object{{"writes", writes}, {"cells", cells}});
  return json::Object{{"max_writes_per_cell", all.max()},
                      {"mean_writes_per_cell", all.mean()},
                      {"cells_written", all.cellsWritten()},
                      {"arrays_written", wear.arraysWritten()},
                      {"max_is_bound", wear.isBound()},
                      {"histogram", std::move(histogram)},
                      {"ranges", std::move(ranges)}};
}

/// How long the cells of `machine` last when runs follow each other without a
/// pause.
static json::Object lifetime(const Machine &setup, const Machine &machine) {
  const std::optional<int64_t> endurance = machine.device().enduranceWrites;
  if (machine.wear().arraysWritten() == 0)
    return json::Object{{"limit", "none"}, {"endurance_writes", endurance}};
  if (!endurance)
    return json::Object{{"limit", "unknown"}, {"endurance_writes", endurance}};
  const std::optional<int64_t> runs =
      Wear::survivedRuns(setup.wear(), machine.wear(), *endurance);
  constexpr double nsPerYear = 365.25 * 24 * 3600 * 1e9;
  return json::Object{{"limit", "endurance"},
                      {"endurance_writes", endurance},
                      {"runs", runs},
                      {"years_back_to_back",
                       double(runs.value_or(0)) *
                           ns(machine.timeline().makespanPs()) / nsPerYear}};
}

json::Value pumice::model::toJson(const Machine &machine,
                                  const Machine *setup) {
  const Timeline &timeline = machine.timeline();

  json::Object energy = ::toJson(machine.dynamicEnergyPj(), /*withZeros=*/true);
  energy["dynamic"] = total(machine.dynamicEnergyPj());
  energy["static"] = machine.staticEnergyPj();
  energy["total"] = machine.totalEnergyPj();

  json::Array instructions;
  for (const InstructionRecord &record : machine.instructions())
    instructions.push_back(::toJson(record, timeline.events()[record.id]));

  json::Object utilisation;
  for (size_t i = 0; i < numResources; ++i) {
    const auto resource = static_cast<Resource>(i);
    utilisation[name(resource)] =
        json::Object{{"count", timeline.count(resource)},
                     {"busy_ns", timeline.busyPs(resource) / 1000},
                     {"share", timeline.utilisation(resource)}};
  }

  const RollUp levels = machine.areaAndPower();
  auto perLevel = [&](auto get) {
    return json::Object{{"ima", get(levels.ima)},
                        {"tile", get(levels.tile)},
                        {"chip", get(levels.chip)}};
  };
  json::Object wear = ::toJson(machine.wear());
  if (setup)
    wear["lifetime"] = lifetime(*setup, machine);
  json::Object report{
      {"device", machine.device().name},
      {"latency_ns", ns(timeline.makespanPs())},
      {"energy_pj", std::move(energy)},
      {"area_mm2",
       perLevel([](const AreaAndPower &level) { return level.areaUm2 / 1e6; })},
      {"power_mw",
       perLevel([](const AreaAndPower &level) { return level.powerMw; })},
      {"tiles", levels.tiles},
      {"layers", layersToJson(machine)},
      {"instructions", std::move(instructions)},
      {"utilisation", std::move(utilisation)},
      {"counters", ::toJson(machine.counters(), /*withZeros=*/true)},
      {"wear", std::move(wear)}};
  if (setup)
    report["setup"] = toJson(*setup);
  return report;
}
