// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Kept.cpp - What stays in arrays between runs -----------------------===//
#include "lib/Scheduling/Schedule.h"

using namespace pumice::scheduling;

std::vector<int64_t> Schedule::keptTiles(const Problem &problem) const {
  // Numbers of a schedule from a file are not checked yet.
  const int count = static_cast<int>(parts.size());
  std::vector<bool> stays(parts.size());
  for (const Resident &resident : residents)
    if (resident.part >= 0 && resident.part < count)
      stays[resident.part] = true;
  for (const Transfer &transfer : transfers)
    if (transfer.part >= 0 && transfer.part < count)
      stays[transfer.part] = false;
  std::vector<int64_t> kept(problem.units.size());
  for (int p = 0; p < count; ++p)
    if (stays[p])
      kept[parts[p].unit] += parts[p].tiles;
  return kept;
}

Problem Schedule::withKept(const Problem &problem) const {
  Problem result = problem;
  const std::vector<int64_t> kept = keptTiles(problem);
  for (size_t u = 0; u < kept.size(); ++u) {
    Unit &unit = result.units[u];
    if (!kept[u] || unit.isPinned)
      continue;
    // A column of which a part stays counts as a whole: bounds may be lower.
    const int64_t columns = std::min(
        unit.columnTiles, (kept[u] + unit.rowTiles - 1) / unit.rowTiles);
    if (columns == unit.columnTiles) {
      unit.isPinned = true;
      continue;
    }
    const int64_t first = columns * unit.rowTiles, rest = unit.tiles() - first;
    const int64_t bytes = unit.bytesOf(first, rest);
    const int64_t decoded = unit.decodedOf(first, rest);
    unit.writePj *= double(rest) / double(unit.tiles());
    unit.columnTiles -= columns;
    unit.bytes = bytes;
    unit.decodedWeights = bytes ? decoded : 0;
  }
  return result;
}
