// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/ReportParts.h"

#include <optional>
#include <utility>
#include <vector>

using namespace pumice::model;
namespace json = llvm::json;

void pumice::model::writeWear(JsonWriter &to, const Machine &machine,
                              const json::Value &lifetime) {
  WearSummary all;
  std::vector<std::pair<llvm::StringRef, const WearRange *>> ranges; // by group
  int64_t arraysWritten = 0;
  bool isBound = false;
  for (const UnitGroup &group : machine.device().groups) {
    const Wear &wear = machine.wear(group.index);
    arraysWritten += wear.arraysWritten();
    isBound |= wear.isBound();
    for (const WearRange &range : wear.ranges()) {
      all += range.summary;
      ranges.emplace_back(group.name, &range);
    }
  }
  to.objectBegin();
  to.attribute("arrays_written", arraysWritten);
  to.attribute("cells_written", all.cellsWritten());
  to.key("histogram");
  to.arrayBegin();
  for (auto [writes, cells] : all.cellsByWrites) {
    to.objectBegin();
    to.attribute("cells", cells);
    to.attribute("writes", writes);
    to.objectEnd();
  }
  to.arrayEnd();
  if (lifetime.kind() != json::Value::Null) {
    to.key("lifetime");
    to.value(lifetime);
  }
  to.key("max_is_bound");
  to.value(isBound);
  to.attribute("max_writes_per_cell", all.max());
  to.attribute("mean_writes_per_cell", all.mean());
  to.key("ranges");
  to.arrayBegin();
  for (const auto &[group, range] : ranges) {
    to.objectBegin();
    to.attribute("count", range->arrays.count);
    to.attribute("first", range->arrays.first);
    to.attribute("group", group);
    to.attribute("layers", range->layers);
    to.attribute("max_writes_per_cell", range->summary.max());
    to.attribute("mean_writes_per_cell", range->summary.mean());
    to.objectEnd();
  }
  to.arrayEnd();
  to.objectEnd();
}

json::Object pumice::model::lifetimeToJson(const Machine &setup,
                                           const Machine &machine) {
  std::optional<int64_t> runs, endurance;
  bool isWritten = false, isKnown = true;
  for (const UnitGroup &group : machine.device().groups) {
    const Wear &wear = machine.wear(group.index);
    if (wear.arraysWritten() == 0) {
      if (!isWritten && !endurance)
        endurance = group.enduranceWrites;
      continue;
    }
    if (!group.enduranceWrites) {
      isWritten = true;
      isKnown = false;
      continue;
    }
    const std::optional<int64_t> survived = Wear::survivedRuns(
        setup.wear(group.index), wear, *group.enduranceWrites);
    if (!isWritten || (survived && (!runs || *survived < *runs))) {
      runs = survived;
      endurance = group.enduranceWrites;
    }
    isWritten = true;
  }
  if (!isWritten)
    return json::Object{{"limit", "none"}, {"endurance_writes", endurance}};
  if (!isKnown)
    return json::Object{{"limit", "unknown"}, {"endurance_writes", nullptr}};
  constexpr double nsPerYear = 365.25 * 24 * 3600 * 1e9;
  return json::Object{{"limit", "endurance"},
                      {"endurance_writes", endurance},
                      {"runs", runs},
                      {"years_back_to_back",
                       double(runs.value_or(0)) *
                           ns(machine.timeline().makespanPs()) / nsPerYear}};
}
