// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Costs.h"
#include "lib/Model/Cam/Search.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <map>

using namespace pumice::model;

/// The most units of the ranges in one instance of the lowest level.
static int64_t mostInInstance(const UnitGroup &group,
                              llvm::ArrayRef<ArrayRange> ranges) {
  if (group.levels.empty() || !group.levels.front().holds)
    return totalUnits(ranges);
  const int64_t size = *group.levels.front().holds;
  std::map<int64_t, int64_t> counts;
  for (const ArrayRange &range : ranges)
    for (int64_t at = range.first, end = range.first + range.count; at < end;) {
      const int64_t next = std::min(end, (at / size + 1) * size);
      counts[at / size] += next - at;
      at = next;
    }
  int64_t most = 0;
  for (auto [instance, count] : counts)
    most = std::max(most, count);
  return most;
}

int64_t pumice::model::cyclesOf(const UnitGroup &group,
                                llvm::ArrayRef<ArrayRange> arrays,
                                const SearchSpec &spec,
                                const SearchMapping &mapping) {
  const int64_t turns = mapping.serial ? mostInInstance(group, arrays) : 1;
  return std::max<int64_t>(1, turns) * mapping.stacked;
}

Cost pumice::model::searchCost(const DeviceSpec &device, const UnitGroup &group,
                               llvm::ArrayRef<ArrayRange> arrays,
                               const SearchSpec &spec,
                               const SearchMapping &mapping, int64_t bytesIn,
                               int64_t bytesOut,
                               std::optional<int64_t> keyBits) {
  const CamSpec &cam = *group.cam();
  Cost cost = bufferCost(device, bytesIn, bytesOut);
  auto energy = [&](Component component) -> double & {
    return cost.energyPj[static_cast<size_t>(component)];
  };
  const double queries = double(spec.queries), rows = double(spec.rows);
  const double driven = double(keyBits.value_or(spec.queries * spec.bits)) *
                        double(mapping.rowBlocks);
  const double lines = queries * rows * double(mapping.parts);
  cost.counters.camSearches = spec.queries * mapping.rowBlocks * mapping.parts;
  cost.counters.camRows = int64_t(lines);
  cost.counters.camKeyBits = int64_t(driven);
  energy(Component::searchLine) = driven * cam.searchLinePj;
  energy(Component::matchLine) =
      lines * cam.matchLinePj + queries * rows * double(spec.bits) * cam.cellPj;
  energy(Component::sense) = lines * cam.sensePj;
  energy(Component::merge) =
      queries * rows * double(mapping.parts - 1) * cam.mergePj;
  const int64_t mergeLevels = llvm::Log2_64_Ceil(mapping.parts);
  double interval =
      double(cyclesOf(group, arrays, spec, mapping)) * cam.searchNs;
  double tail = double(mergeLevels) * cam.mergeNs;
  if (spec.kind == SearchKind::best && spec.rows > 0) {
    // A tree finds the nearest word, and the path to it again for the next one.
    const int64_t levels = llvm::Log2_64_Ceil(std::max<int64_t>(spec.rows, 1));
    energy(Component::rank) =
        queries *
        double(spec.rows - 1 +
               (spec.count - 1) * std::max<int64_t>(levels, 1)) *
        cam.rankPj;
    tail += double(levels) * cam.rankNs;
    interval = std::max(interval, double(spec.count) * cam.rankNs);
  }
  const double ns = spec.queries > 0 ? queries * interval + tail : 0;
  holdUnits(cost, group, arrays, ns);
  return cost;
}

Cost pumice::model::storeCost(const DeviceSpec &device, const UnitGroup &group,
                              llvm::ArrayRef<ArrayRange> arrays,
                              const SearchSpec &spec,
                              const SearchMapping &mapping) {
  const CamSpec &cam = *group.cam();
  const int64_t cells = spec.rows * spec.bits;
  const int64_t bytes = llvm::divideCeil(cells * (cam.ternary ? 2 : 1), 8);
  Cost cost = dramCost(device, bytes, 0);
  cost.energyPj[static_cast<size_t>(Component::camWrite)] =
      double(cells) * cam.writePjPerBit;
  cost.counters.cellsWritten = cells;
  cost.counters.rowsWritten = spec.rows * mapping.parts;
  const int64_t last = spec.rows - (mapping.rowBlocks - 1) * cam.rows;
  int64_t most = mapping.stacked * last;
  if (mapping.rowBlocks > 1)
    most = std::max(most, cam.rows);
  holdUnits(cost, group, arrays, double(most) * cam.writeNs);

  // Part p of block b is in array b * parts + p, of the last block in array b *
  // parts + p / stacked, behind the parts before it.
  std::vector<int64_t> units;
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i)
      units.push_back(range.first + i);
  auto add = [&](int64_t array, int64_t row, int64_t rows, int64_t part) {
    const int64_t columns =
        std::min(mapping.partBits, spec.bits - part * mapping.partBits);
    if (array >= int64_t(units.size()) || rows < 1 || columns < 1)
      return;
    ArrayWrites writes{group.index, {units[array], 1}, {}, std::nullopt};
    writes.blocks.push_back({row, 0, rows, columns, 1});
    cost.writes.push_back(std::move(writes));
  };
  for (int64_t block = 0; block < mapping.rowBlocks; ++block)
    for (int64_t part = 0; part < mapping.parts; ++part) {
      const bool isLast = block + 1 == mapping.rowBlocks;
      const int64_t stacked = isLast ? mapping.stacked : 1;
      add(block * mapping.parts + part / stacked, part % stacked * last,
          isLast ? last : cam.rows, part);
    }
  return cost;
}
