// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Check.cpp - Problems that no schedule exists for -------------------===//
#include "lib/Scheduling/Problem.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cmath>

using namespace pumice::scheduling;
using llvm::Error;
using llvm::Twine;

namespace {

constexpr int64_t mostOfAnything = int64_t(1) << 50;
constexpr int64_t mostTiles = int64_t(1) << 24;
constexpr int64_t mostParts = 4096;
constexpr int64_t mostRows = int64_t(1) << 20;
constexpr int64_t mostRowWritePs = int64_t(1) << 40;

Error fail(const Twine &text) { return llvm::createStringError(text.str()); }

std::string quoted(const Unit &unit) { return "unit '" + unit.name + "'"; }

/// One bounded quantity.
struct Quantity {
  const char *name;
  int64_t value;
  int64_t least = 0, most = mostOfAnything;
};

Error checkQuantities(const Twine &owner,
                      std::initializer_list<Quantity> quantities) {
  for (const Quantity &q : quantities) {
    if (q.value < q.least)
      return fail(owner + ": expected " + q.name + " of at least " +
                  Twine(q.least) + ", got " + Twine(q.value));
    if (q.value > q.most)
      return fail(owner + ": expected " + q.name + " of at most " +
                  Twine(q.most) + ", got " + Twine(q.value));
  }
  return Error::success();
}

Error checkReals(
    const Twine &owner,
    std::initializer_list<std::pair<const char *, double>> quantities) {
  for (const auto &[name, value] : quantities)
    if (!std::isfinite(value) || value < 0)
      return fail(owner + ": expected a finite " + name +
                  " of at least 0, got " + Twine(std::to_string(value)));
  return Error::success();
}

Error checkMachine(const Machine &machine) {
  if (Error error = checkQuantities(
          "machine", {{"dram_channels", machine.dramChannels, 1, mostParts},
                      {"dram_bytes_per_us", machine.dramBytesPerUs, 1},
                      {"digital_units", machine.digitalUnits, 0, mostParts}}))
    return error;
  if (Error error =
          checkReals("machine", {{"dram_pj_per_byte", machine.dramPjPerByte},
                                 {"static_mw", machine.staticMw}}))
    return error;
  llvm::StringMap<int> seen;
  int64_t arrays = 0;
  for (const Group &group : machine.groups) {
    const std::string owner = "group '" + group.name + "'";
    if (!seen.try_emplace(group.name).second)
      return fail("expected groups of distinct names, got '" + group.name +
                  "' twice");
    if (group.kind == Kind::Digital)
      return fail(owner + ": expected a kind that has arrays, got digital");
    if (Error error = checkQuantities(
            owner,
            {{"elements", group.elements, 1, mostTiles},
             {"arrays_per_element", group.arraysPerElement, 1, mostTiles},
             {"writers_per_element", group.writersPerElement},
             {"rows", group.rows, 1, mostRows},
             {"row_write_ps", group.rowWritePs, 0, mostRowWritePs},
             {"decoder_weights_per_us", group.decoderWeightsPerUs}}))
      return error;
    if (Error error = checkReals(
            owner, {{"static_mw_per_array", group.staticMwPerArray}}))
      return error;
    // At most 2^48: both factors are bounded.
    arrays += group.arrays();
    if (arrays > mostTiles)
      return fail(owner + ": expected at most " + Twine(mostTiles) +
                  " arrays of all groups, got more");
  }
  if (machine.banks.size() > static_cast<size_t>(mostParts))
    return fail("machine: expected at most " + Twine(mostParts) +
                " banks, got " + Twine(machine.banks.size()));
  for (size_t b = 0; b < machine.banks.size(); ++b) {
    const std::string owner = "bank " + std::to_string(b);
    if (Error error =
            checkQuantities(owner, {{"bytes", machine.banks[b].bytes, 1}}))
      return error;
    if (Error error =
            checkReals(owner, {{"static_mw", machine.banks[b].staticMw}}))
      return error;
  }
  return Error::success();
}

Error checkUnit(const Machine &machine, const std::vector<Unit> &units,
                const Unit &unit) {
  const std::string owner = quoted(unit);
  const int64_t arraysOfUnit = unit.usesArrays() ? 1 : 0;
  if (Error error = checkQuantities(
          owner, {{"row_tiles", unit.rowTiles, arraysOfUnit, mostTiles},
                  {"col_tiles", unit.columnTiles, arraysOfUnit, mostTiles},
                  {"windows", unit.windows, 1},
                  {"mvm_ps", unit.mvmPs},
                  {"digital_ps", unit.digitalPs},
                  {"bytes", unit.bytes},
                  {"decoded_weights", unit.decodedWeights},
                  {"input_bytes", unit.inputBytes},
                  {"output_bytes", unit.outputBytes},
                  {"window_bytes", unit.windowBytes},
                  {"partial_bytes", unit.partialBytes},
                  {"lead_ppm", unit.leadPpm, 0, wholeTensor},
                  {"max_copies", unit.maxCopies, 1}}))
    return error;
  if (Error error = checkReals(owner, {{"write_pj", unit.writePj},
                                       {"compute_pj", unit.computePj},
                                       {"digital_pj", unit.digitalPj}}))
    return error;
  std::vector<int> dependencies = unit.dependencies;
  std::sort(dependencies.begin(), dependencies.end());
  const auto twice =
      std::adjacent_find(dependencies.begin(), dependencies.end());
  if (twice != dependencies.end())
    return fail(owner + ": expected each dependency once, got '" +
                units[*twice].name + "' twice");
  // At most 2^48: both factors are bounded.
  if (unit.tiles() > mostTiles)
    return fail(owner + ": expected at most " + Twine(mostTiles) +
                " tiles, got " + Twine(unit.tiles()));
  if (!unit.usesArrays()) {
    if (unit.tiles() || unit.bytes || unit.mvmPs || unit.decodedWeights)
      return fail(owner + ": expected no tiles, bytes, decoded_weights and "
                          "mvm_ps of a digital unit of work");
    if (unit.isPinned)
      return fail(owner + ": expected a unit on arrays to be pinned, got "
                          "one of kind digital");
    if (!machine.digitalUnits)
      return fail(owner + " needs a digital unit, got none");
    return Error::success();
  }
  if (unit.decodedWeights && !unit.bytes)
    return fail(owner + ": expected bytes from which a decoder makes " +
                Twine(unit.decodedWeights) + " weights, got none");
  if (unit.groups.empty())
    return fail(owner + " needs " + Twine(unit.tiles()) +
                " arrays, got a machine without arrays of kind " +
                nameOf(unit.kind));
  for (int g : unit.groups)
    if (machine.groups[g].kind != unit.kind)
      return fail(owner + " of kind " + nameOf(unit.kind) +
                  " cannot run on group '" + machine.groups[g].name +
                  "' of kind " + nameOf(machine.groups[g].kind));
  if (unit.digitalPs && !machine.digitalUnits)
    return fail(owner + " needs a digital unit, got none");
  return Error::success();
}

/// Names a cycle among units that no topological order holds.
Error describeCycle(const Problem &problem, const std::vector<int> &order) {
  std::vector<bool> isOrdered(problem.units.size());
  for (int u : order)
    isOrdered[u] = true;
  int u = 0;
  while (isOrdered[u])
    ++u;
  // Every such unit depends on another one: walk until one comes again.
  std::vector<int> place(problem.units.size(), -1), walk;
  while (place[u] < 0) {
    place[u] = static_cast<int>(walk.size());
    walk.push_back(u);
    for (int d : problem.units[u].dependencies)
      if (!isOrdered[d]) {
        u = d;
        break;
      }
  }
  std::string names = "'" + problem.units[u].name + "'";
  const size_t length = walk.size() - place[u];
  for (size_t i = place[u] + 1; i < walk.size() && i < size_t(place[u]) + 5;
       ++i)
    names += " <- '" + problem.units[walk[i]].name + "'";
  return fail("expected dependencies without cycles, got " + Twine(length) +
              " units that depend on each other: " + names +
              (length > 5 ? " <- ..." : ""));
}

Error checkArrays(const Problem &problem) {
  std::vector<int64_t> left;
  for (const Group &group : problem.machine.groups)
    left.push_back(group.arrays());
  for (const Unit &unit : problem.units) {
    if (!unit.isPinned)
      continue;
    const int g = unit.groups.front();
    if (unit.tiles() > left[g])
      return fail(quoted(unit) + " is pinned and needs " + Twine(unit.tiles()) +
                  " arrays of group '" + problem.machine.groups[g].name +
                  "', got " + Twine(left[g]));
    left[g] -= unit.tiles();
  }
  for (const Unit &unit : problem.units) {
    if (!unit.usesArrays() || unit.isPinned)
      continue;
    const bool fits = std::any_of(unit.groups.begin(), unit.groups.end(),
                                  [&](int g) { return left[g] > 0; });
    if (!fits)
      return fail(quoted(unit) +
                  " needs 1 array for its smallest split, got "
                  "0: pinned units take all of group '" +
                  problem.machine.groups[unit.groups.front()].name + "'");
  }
  return Error::success();
}

Error checkBuffers(const Problem &problem) {
  const int64_t bytes = problem.machine.bufferBytes();
  for (const Unit &unit : problem.units) {
    if (unit.windowBytes > bytes)
      return fail(quoted(unit) + " needs " + Twine(unit.windowBytes) +
                  " bytes of buffer for one window, got " + Twine(bytes));
    if (!problem.needsRowParts(unit))
      continue;
    const int64_t needed = unit.windowBytes + unit.partialBytesOfColumn();
    if (needed > bytes)
      return fail(quoted(unit) + " needs " + Twine(needed) +
                  " bytes of buffer for one window and the partial sums of one "
                  "column of its smallest split, got " +
                  Twine(bytes));
  }
  return Error::success();
}

/// A schedule that does one thing at a time, each tile in a part of its own,
/// must end before 2^62 ps.
Error checkTotals(const Problem &problem) {
  constexpr __int128 most = __int128(1) << 62;
  const Machine &machine = problem.machine;
  const auto transfer = [&](__int128 bytes) {
    return bytes * 1'000'000 / machine.dramBytesPerUs + 1;
  };
  const std::vector<std::vector<int>> successors = problem.successors();
  __int128 time = 0, tiles = 0, bytes = 0;
  for (size_t u = 0; u < problem.units.size(); ++u) {
    const Unit &unit = problem.units[u];
    __int128 write = 0, decoding = 0;
    for (int g : unit.groups)
      if (const int64_t rate = machine.groups[g].decoderWeightsPerUs)
        decoding = std::max(
            decoding, __int128(unit.decodedWeights) * 1'000'000 / rate + 1);
    for (int g : unit.groups)
      write = std::max(write, __int128(machine.groups[g].writePs()) *
                                  machine.groups[g].arraysPerElement);
    time += write * unit.tiles();
    time += __int128(unit.windows) * unit.mvmPs *
            std::max<int64_t>(1, unit.tiles());
    time += 2 * __int128(unit.digitalPs) + transfer(unit.bytes) + decoding +
            2 * unit.tiles();
    __int128 reads = unit.outputBytes;
    for (int s : successors[u])
      reads += __int128(unit.outputBytes) *
               std::max<int64_t>(1, problem.units[s].tiles());
    reads += __int128(unit.inputBytes) * std::max<int64_t>(1, unit.tiles());
    time += 2 * transfer(reads);
    tiles += unit.tiles();
    bytes += __int128(unit.outputBytes) + unit.inputBytes + unit.bytes;
    if (time > most || bytes > most)
      return fail(quoted(unit) + ": expected all work, one by one, to take "
                                 "less than 2^62 ps and 2^62 bytes, got more");
    if (tiles > mostTiles)
      return fail(quoted(unit) + ": expected at most " + Twine(mostTiles) +
                  " tiles of all units, got more");
  }
  return Error::success();
}

} // namespace

Error Problem::check() const {
  if (units.empty())
    return fail("expected at least one unit, got none");
  if (Error error = checkMachine(machine))
    return error;
  llvm::StringMap<int> seen;
  for (const Unit &unit : units) {
    if (!seen.try_emplace(unit.name).second)
      return fail("expected units of distinct names, got '" + unit.name +
                  "' twice");
    if (Error error = checkUnit(machine, units, unit))
      return error;
  }
  const std::vector<int> order = topologicalOrder();
  if (order.size() != units.size())
    return describeCycle(*this, order);
  for (const auto step : {checkArrays, checkBuffers, checkTotals})
    if (Error error = step(*this))
      return error;
  return Error::success();
}
