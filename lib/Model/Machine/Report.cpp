// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Report.h"

#include "lib/Model/Machine/Interconnect.h"
#include "lib/Model/Machine/ReportParts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <utility>
#include <vector>

using namespace pumice::model;
namespace json = llvm::json;

static json::Object toJson(const EnergyPj &energy, bool withZeros) {
  json::Object object{{"total", total(energy)}};
  for (size_t i = 0; i < numComponents; ++i)
    if (withZeros || energy[i] != 0)
      object[name(static_cast<Component>(i))] = energy[i];
  return object;
}

/// Calls `add` with the key and the value of each counter but digital ones.
template <typename Add>
static void forEach(const Counters &counters, Add add) {
  add("macs", counters.macs);
  add("windows", counters.windows);
  add("array_reads", counters.arrayReads);
  add("conversions", counters.conversions);
  add("wordline_drives", counters.wordlineDrives);
  add("cell_reads", counters.cellReads);
  add("cells_written", counters.cellsWritten);
  if (counters.cellsKept)
    add("cells_kept", counters.cellsKept);
  add("rows_written", counters.rowsWritten);
  add("ap_passes", counters.apPasses);
  add("ap_tagged_writes", counters.apTaggedWrites);
  add("ap_shifts", counters.apShifts);
  add("cam_searches", counters.camSearches);
  add("cam_rows", counters.camRows);
  add("cam_key_bits", counters.camKeyBits);
  add("buffer_bytes_read", counters.bufferBytesRead);
  add("buffer_bytes_written", counters.bufferBytesWritten);
  add("dram_bytes_read", counters.dramBytesRead);
  add("dram_bytes_written", counters.dramBytesWritten);
  if (counters.linkBytes)
    add("link_bytes", counters.linkBytes);
}

static json::Object toJson(const Counters &counters, bool withZeros) {
  json::Object object;
  forEach(counters, [&](llvm::StringRef key, int64_t value) {
    if (withZeros || value != 0)
      object[key] = value;
  });
  json::Object ops;
  for (size_t i = 0; i < numDigitalOps; ++i)
    if (withZeros || counters.digitalOps[i] != 0)
      ops[name(static_cast<DigitalOp>(i))] = counters.digitalOps[i];
  if (!ops.empty())
    object["digital_ops"] = std::move(ops);
  return object;
}

/// Fields of an object by key.
template <typename T>
using Fields = llvm::SmallVector<std::pair<llvm::StringRef, T>, 20>;

template <typename T>
static void sortByKey(Fields<T> &fields) {
  llvm::sort(fields,
             [](const auto &a, const auto &b) { return a.first < b.first; });
}

/// The energy without components that are 0.
static void write(JsonWriter &to, const EnergyPj &energy) {
  Fields<double> fields{{"total", total(energy)}};
  for (size_t i = 0; i < numComponents; ++i)
    if (energy[i] != 0)
      fields.emplace_back(name(static_cast<Component>(i)), energy[i]);
  sortByKey(fields);
  to.objectBegin();
  for (auto [key, value] : fields)
    to.attribute(key, value);
  to.objectEnd();
}

/// The counters that are not 0.
static void write(JsonWriter &to, const Counters &counters) {
  Fields<int64_t> fields, ops;
  forEach(counters, [&](llvm::StringRef key, int64_t value) {
    if (value != 0)
      fields.emplace_back(key, value);
  });
  for (size_t i = 0; i < numDigitalOps; ++i)
    if (counters.digitalOps[i] != 0)
      ops.emplace_back(name(static_cast<DigitalOp>(i)), counters.digitalOps[i]);
  constexpr llvm::StringLiteral digital = "digital_ops";
  if (!ops.empty())
    fields.emplace_back(digital, 0);
  sortByKey(fields);
  sortByKey(ops);
  to.objectBegin();
  for (auto [key, value] : fields) {
    if (key != digital) {
      to.attribute(key, value);
      continue;
    }
    to.key(digital);
    to.objectBegin();
    for (auto [op, count] : ops)
      to.attribute(op, count);
    to.objectEnd();
  }
  to.objectEnd();
}

static void write(JsonWriter &to, const InstructionRecord &record,
                  const Timeline &timeline) {
  const Event &event = timeline.events()[record.id];
  to.objectBegin();
  to.attribute("arrays", record.arrays);
  if (record.info.bufferBytes)
    to.attribute("buffer_bytes", record.info.bufferBytes);
  to.key("counters");
  write(to, record.counters);
  to.key("depends_on");
  to.arrayBegin();
  for (EventId dependency : event.dependencies)
    to.number(dependency);
  to.arrayEnd();
  to.attribute("end_ns", ns(record.endPs));
  to.key("energy_pj");
  write(to, record.energyPj);
  to.attribute("id", record.id);
  to.attribute("kind", name(record.info.kind));
  to.attribute("label", llvm::StringRef(record.info.label));
  to.key("lanes");
  to.arrayBegin();
  for (const Lane &lane : event.lanes) {
    to.objectBegin();
    to.attribute("count", lane.count);
    to.attribute("end_ns", ns(lane.endPs));
    to.attribute("first", lane.first);
    to.attribute("resource",
                 llvm::StringRef(timeline.classes()[lane.resource].name));
    to.attribute("start_ns", ns(lane.startPs));
    to.objectEnd();
  }
  to.arrayEnd();
  to.attribute("layer", llvm::StringRef(record.info.layer));
  if (!record.info.nonlinear.empty())
    to.attribute("nonlinear", record.info.nonlinear);
  if (!record.info.reason.empty())
    to.attribute("reason", llvm::StringRef(record.info.reason));
  to.attribute("start_ns", ns(record.startPs));
  to.attribute("unit", name(unitOf(record.info.kind)));
  to.objectEnd();
}

/// Appends `item` if it is new.
static void addOnce(llvm::SmallVectorImpl<std::string> &items,
                    const std::string &item) {
  if (!llvm::is_contained(items, item))
    items.push_back(item);
}

namespace {
/// The sum of the instructions of one layer.
struct Layer {
  explicit Layer(const InstructionRecord &first)
      : name(first.info.layer), startPs(first.startPs), endPs(first.endPs) {}

  llvm::StringRef name;
  llvm::SmallVector<std::string, 4> kinds, units, reasons, nonlinear;
  int64_t startPs, endPs;
  std::vector<std::pair<int64_t, int64_t>> spans; ///< start, end
  int64_t instructions = 0;
  int64_t arrays = 0; ///< largest number that one instruction holds
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

static void writeLayers(JsonWriter &to, const Machine &machine) {
  std::vector<Layer> layers;
  llvm::StringMap<size_t> indices;
  for (const InstructionRecord &record : machine.instructions()) {
    if (record.info.layer.empty())
      continue;
    auto [it, isNew] = indices.try_emplace(record.info.layer, layers.size());
    if (isNew)
      layers.emplace_back(record);
    Layer &layer = layers[it->second];
    addOnce(layer.kinds, name(record.info.kind).str());
    addOnce(layer.units, name(unitOf(record.info.kind)).str());
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
  to.arrayBegin();
  for (const Layer &layer : layers) {
    to.objectBegin();
    to.attribute("arrays", layer.arrays);
    to.attribute("busy_ns", ns(coveredPs(layer.spans)));
    to.key("counters");
    write(to, layer.counters);
    to.attribute("end_ns", ns(layer.endPs));
    to.key("energy_pj");
    write(to, layer.energyPj);
    to.attribute("instructions", layer.instructions);
    to.attribute("kinds", layer.kinds);
    to.attribute("name", llvm::StringRef(layer.name));
    to.attribute("nonlinear", layer.nonlinear);
    to.attribute("reasons", layer.reasons);
    to.attribute("start_ns", ns(layer.startPs));
    to.attribute("units", layer.units);
    to.objectEnd();
  }
  to.arrayEnd();
}

/// How long the unit of a class that is held longest is held. Of a pool, the
/// units of an instance share its work.
static int64_t longestHeldPs(const Timeline &timeline, ResourceId resource) {
  const ResourceClass &units = timeline.classes()[resource];
  std::map<int64_t, double> changes; // of the sum, by the number of a unit
  for (const Event &event : timeline.events())
    for (const Lane &lane : event.lanes) {
      if (lane.resource != resource)
        continue;
      const auto heldPs = double(lane.endPs - lane.startPs);
      if (units.isLocated) {
        changes[lane.first] += heldPs;
        changes[lane.first + lane.count] -= heldPs;
        continue;
      }
      const int64_t instance =
          lane.first / std::max<int64_t>(units.perInstance, 1);
      const double share = heldPs * double(lane.count) /
                           double(std::max<int64_t>(units.perInstance, 1));
      changes[instance] += share;
      changes[instance + 1] -= share;
    }
  double sum = 0, most = 0;
  for (auto [unit, change] : changes)
    most = std::max(most, sum += change);
  return std::llround(most);
}

/// The time between the starts of inferences that follow each other as closely
/// as resources allow.
static int64_t intervalPs(const Timeline &timeline) {
  int64_t longest = 0;
  for (size_t i = 0; i < timeline.classes().size(); ++i)
    longest = std::max(longest, longestHeldPs(timeline, i));
  return longest;
}

static json::Object kindsToJson(const Machine &machine) {
  std::map<llvm::StringRef, std::vector<std::pair<int64_t, int64_t>>> spans;
  for (const InstructionRecord &record : machine.instructions())
    spans[name(record.info.kind)].emplace_back(record.startPs, record.endPs);
  json::Object kinds;
  for (auto &[kind, times] : spans)
    kinds[kind] = ns(coveredPs(std::move(times)));
  return kinds;
}

json::Value pumice::model::areaToJson(const AreaAndPower &sum) {
  return sum.isStated ? json::Value(sum.areaUm2 / 1e6) : json::Value(nullptr);
}

json::Value pumice::model::powerToJson(const AreaAndPower &sum) {
  return sum.isStated ? json::Value(sum.powerMw) : json::Value(nullptr);
}

json::Array pumice::model::toJson(const RollUp &sum) {
  json::Array levels;
  for (const LevelSum &level : sum.levels)
    levels.push_back(json::Object{{"group", level.group},
                                  {"level", level.level},
                                  {"count", level.count},
                                  {"area_mm2", areaToJson(level.each)},
                                  {"power_mw", powerToJson(level.each)}});
  return levels;
}

json::Value pumice::model::toJson(const Cost &cost, const DeviceSpec &device) {
  json::Array resources, writes;
  for (const ResourceUse &use : cost.resources)
    resources.push_back(
        json::Object{{"resource", device.resources[use.resource].name},
                     {"first", use.units.first},
                     {"count", use.units.count},
                     {"busy_ns", ns(use.durationPs)}});
  for (const ArrayWrites &written : cost.writes) {
    json::Array blocks;
    for (const CellBlock &block : written.blocks)
      blocks.push_back(json::Object{{"row", block.row},
                                    {"column", block.column},
                                    {"rows", block.rows},
                                    {"columns", block.columns},
                                    {"writes", block.writes}});
    writes.push_back(json::Object{{"group", device.groups[written.group].name},
                                  {"first", written.arrays.first},
                                  {"count", written.arrays.count},
                                  {"blocks", std::move(blocks)},
                                  {"written", written.written}});
  }
  return json::Object{
      {"latency_ns", ns(cost.latencyPs)},
      {"resources", std::move(resources)},
      {"energy_pj", ::toJson(cost.energyPj, /*withZeros=*/false)},
      {"counters", ::toJson(cost.counters, /*withZeros=*/false)},
      {"writes", std::move(writes)}};
}

/// How long instructions waited, by what they waited for: a resource, or the
/// weights of a layer whose inputs were there.
static json::Object waitingToJson(const Machine &machine) {
  const Timeline &timeline = machine.timeline();
  std::vector<int64_t> byResource(timeline.classes().size());
  int64_t weights = 0;
  for (const InstructionRecord &record : machine.instructions()) {
    const Event &event = timeline.events()[record.id];
    if (event.waitedFor)
      byResource[*event.waitedFor] += event.startPs - event.readyPs;
    if (record.info.kind != InstructionKind::mvm)
      continue;
    int64_t written = 0, computed = 0;
    for (EventId dependency : event.dependencies) {
      int64_t &last = machine.instructions()[dependency].info.kind ==
                              InstructionKind::program
                          ? written
                          : computed;
      last = std::max(last, timeline.events()[dependency].endPs);
    }
    weights += std::max<int64_t>(0, written - computed);
  }
  json::Object waiting{{"weights", ns(weights)}};
  for (auto [resource, ps] : llvm::enumerate(byResource))
    if (ps)
      waiting[timeline.classes()[resource].name] = ns(ps);
  return waiting;
}

/// The links of an interconnect that were used: how long, and how long
/// instructions waited for them.
static json::Array linksToJson(const Machine &machine,
                               const InterconnectSpec &interconnect) {
  const Timeline &timeline = machine.timeline();
  std::map<int64_t, std::pair<int64_t, int64_t>> links; // busy, waiting
  for (const Event &event : timeline.events()) {
    for (const Lane &lane : event.lanes)
      if (lane.resource == interconnect.linkResource)
        links[lane.first].first += lane.endPs - lane.startPs;
    if (event.waitedFor == interconnect.linkResource)
      links[event.waitedForUnit].second += event.startPs - event.readyPs;
  }
  const auto makespan = double(timeline.makespanPs());
  const Interconnect names(interconnect);
  json::Array array;
  for (auto [link, times] : links)
    array.push_back(json::Object{
        {"link", link},
        {"name", names.nameOf(link)},
        {"busy_ns", ns(times.first)},
        {"share", makespan > 0 ? double(times.first) / makespan : 0},
        {"waiting_ns", ns(times.second)}});
  return array;
}

static void write(JsonWriter &to, const Machine &machine, const Machine *setup,
                  const Machine *steady, json::Object report) {
  const Timeline &timeline = machine.timeline();

  json::Object energy = toJson(machine.dynamicEnergyPj(), /*withZeros=*/true);
  energy["dynamic"] = total(machine.dynamicEnergyPj());
  energy["static"] = machine.staticEnergyPj();
  energy["total"] = machine.totalEnergyPj();

  json::Object utilisation;
  for (size_t i = 0; i < timeline.classes().size(); ++i)
    utilisation[timeline.classes()[i].name] =
        json::Object{{"count", timeline.count(i)},
                     {"busy_ns", timeline.busyPs(i) / 1000},
                     {"share", timeline.utilisation(i)}};

  const RollUp sum = machine.areaAndPower();
  report["device"] = machine.device().name;
  report["latency_ns"] = ns(timeline.makespanPs());
  report["energy_pj"] = std::move(energy);
  report["area_mm2"] = areaToJson(sum.device);
  report["power_mw"] = powerToJson(sum.device);
  report["levels"] = toJson(sum);
  report["interval_ns"] = ns(intervalPs(timeline));
  report["kinds_ns"] = kindsToJson(machine);
  report["utilisation"] = std::move(utilisation);
  report["waiting_ns"] = waitingToJson(machine);
  report["counters"] = toJson(machine.counters(), /*withZeros=*/true);
  if (machine.device().interconnect)
    report["links"] = linksToJson(machine, *machine.device().interconnect);
  json::Value ofCells = nullptr;
  if (setup)
    ofCells = lifetimeToJson(*setup, steady ? *steady : machine);

  // What is large is written without values in between.
  Fields<std::function<void()>> fields;
  for (const auto &field : report)
    fields.emplace_back(field.first, [&to, &field] { to.value(field.second); });
  fields.emplace_back("instructions", [&] {
    to.arrayBegin();
    for (const InstructionRecord &record : machine.instructions())
      write(to, record, timeline);
    to.arrayEnd();
  });
  fields.emplace_back("layers", [&] { writeLayers(to, machine); });
  fields.emplace_back("wear", [&] { writeWear(to, machine, ofCells); });
  if (setup)
    fields.emplace_back("setup",
                        [&] { write(to, *setup, nullptr, nullptr, {}); });
  if (steady)
    fields.emplace_back("steady_state",
                        [&] { write(to, *steady, nullptr, nullptr, {}); });
  sortByKey(fields);
  to.objectBegin();
  for (const auto &[key, writeField] : fields) {
    to.key(key);
    writeField();
  }
  to.objectEnd();
}

std::string pumice::model::toText(const Machine &machine, const Machine *setup,
                                  const Machine *steady, json::Object more) {
  std::string text;
  JsonWriter writer(text);
  write(writer, machine, setup, steady, std::move(more));
  return text;
}
