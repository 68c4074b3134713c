// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Problem.h"

#include <algorithm>
#include <array>

using namespace pumice::scheduling;

static constexpr std::array<llvm::StringRef, 4> kindNames = {
    "crossbar", "ap", "systolic", "digital"};

llvm::StringRef pumice::scheduling::nameOf(Kind kind) {
  return kindNames[static_cast<size_t>(kind)];
}

std::optional<Kind> pumice::scheduling::kindOf(llvm::StringRef name) {
  for (size_t i = 0; i < kindNames.size(); ++i)
    if (kindNames[i] == name)
      return static_cast<Kind>(i);
  return std::nullopt;
}

int64_t Unit::shareOf(int64_t all, int64_t first, int64_t count) const {
  const auto before = [&](int64_t tile) {
    return static_cast<int64_t>(static_cast<__int128>(all) * tile / tiles());
  };
  return before(first + count) - before(first);
}

/// Time of so many things at a rate, in whole picoseconds.
static Picoseconds timeAt(int64_t perUs, int64_t count) {
  const __int128 scaled = static_cast<__int128>(count) * 1'000'000;
  return static_cast<Picoseconds>((scaled + perUs - 1) / perUs);
}

Picoseconds Group::decodePs(int64_t weights) const {
  return weights && decoderWeightsPerUs ? timeAt(decoderWeightsPerUs, weights)
                                        : 0;
}

Picoseconds Machine::transferPs(int64_t bytes) const {
  return bytes ? timeAt(dramBytesPerUs, bytes) : 0;
}

Picoseconds Machine::leastArrivalPs(const Unit &unit, int64_t count) const {
  const auto share = [&](int64_t all) {
    return static_cast<int64_t>(static_cast<__int128>(all) * count /
                                unit.tiles());
  };
  std::optional<Picoseconds> decoding;
  for (int g : unit.groups) {
    const Picoseconds own = groups[g].decodePs(share(unit.decodedWeights));
    decoding = std::min(decoding.value_or(own), own);
  }
  return std::max(transferPs(share(unit.bytes)), decoding.value_or(0));
}

int64_t Machine::bufferBytes() const {
  int64_t bytes = 0;
  for (const Bank &bank : banks)
    bytes += bank.bytes;
  return bytes;
}

int64_t Machine::firstArray(int group) const {
  int64_t first = 0;
  for (int g = 0; g < group; ++g)
    first += groups[g].arrays();
  return first;
}

std::vector<std::vector<int>> Problem::successors() const {
  std::vector<std::vector<int>> result(units.size());
  for (size_t u = 0; u < units.size(); ++u)
    for (int d : units[u].dependencies)
      result[d].push_back(static_cast<int>(u));
  return result;
}

std::vector<int> Problem::topologicalOrder() const {
  const std::vector<std::vector<int>> next = successors();
  std::vector<int> open(units.size()), order;
  for (size_t u = 0; u < units.size(); ++u) {
    open[u] = static_cast<int>(units[u].dependencies.size());
    if (!open[u])
      order.push_back(static_cast<int>(u));
  }
  for (size_t i = 0; i < order.size(); ++i)
    for (int s : next[order[i]])
      if (!--open[s])
        order.push_back(s);
  return order;
}

int64_t Problem::unpinnedArrays(int group) const {
  int64_t arrays = machine.groups[group].arrays();
  for (const Unit &unit : units)
    if (unit.isPinned && unit.usesArrays() && unit.groups.front() == group)
      arrays -= unit.tiles();
  return arrays;
}

bool Problem::needsRowParts(const Unit &unit) const {
  return unit.usesArrays() && !unit.isPinned &&
         std::all_of(unit.groups.begin(), unit.groups.end(),
                     [&](int g) { return unit.rowTiles > unpinnedArrays(g); });
}

int64_t Problem::reservedBytes() const {
  int64_t most = 0;
  for (const Unit &unit : units)
    most = std::max(most, unit.windowBytes + (needsRowParts(unit)
                                                  ? unit.partialBytesOfColumn()
                                                  : 0));
  return most;
}
