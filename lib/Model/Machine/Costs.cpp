// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Costs.h"

#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Machine/Circuits.h"
#include "lib/Model/Machine/WriteVerify.h"
#include "lib/Support/Saturating.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace pumice;
using namespace pumice::model;

static constexpr const char *componentNames[numComponents] = {
    "cell_read",  "dac",         "sample_hold",  "adc",        "shift_add",
    "cell_write", "buffer_read", "buffer_write", "dram_read",  "dram_write",
    "digital",    "search",      "tag_write",    "shift",      "ap_load",
    "ap_read",    "link",        "fetch",        "periphery",  "interconnect",
    "leakage",    "search_line", "match_line",   "sense",      "merge",
    "rank",       "cam_write",   "mac",          "accumulate", "decode"};
static constexpr const char *memoryNames[] = {"buffer", "dram"};

template <typename Enum, size_t N>
static std::optional<Enum> parse(const char *const (&names)[N],
                                 llvm::StringRef text) {
  for (size_t i = 0; i < N; ++i)
    if (text == names[i])
      return static_cast<Enum>(i);
  return std::nullopt;
}

llvm::StringRef pumice::model::name(Component component) {
  return componentNames[static_cast<size_t>(component)];
}
llvm::StringRef pumice::model::name(Memory memory) {
  return memoryNames[static_cast<size_t>(memory)];
}
std::optional<Memory> pumice::model::parseMemory(llvm::StringRef name) {
  return parse<Memory>(memoryNames, name);
}

double pumice::model::total(const EnergyPj &energy) {
  return std::accumulate(energy.begin(), energy.end(), 0.0);
}

Counters &Counters::operator+=(const Counters &other) {
  saturatingAdd(macs, other.macs);
  saturatingAdd(windows, other.windows);
  saturatingAdd(arrayReads, other.arrayReads);
  saturatingAdd(conversions, other.conversions);
  saturatingAdd(wordlineDrives, other.wordlineDrives);
  saturatingAdd(cellReads, other.cellReads);
  saturatingAdd(cellsWritten, other.cellsWritten);
  saturatingAdd(cellsKept, other.cellsKept);
  saturatingAdd(rowsWritten, other.rowsWritten);
  saturatingAdd(apPasses, other.apPasses);
  saturatingAdd(apTaggedWrites, other.apTaggedWrites);
  saturatingAdd(apShifts, other.apShifts);
  saturatingAdd(camSearches, other.camSearches);
  saturatingAdd(camRows, other.camRows);
  saturatingAdd(camKeyBits, other.camKeyBits);
  for (size_t i = 0; i < numDigitalOps; ++i)
    saturatingAdd(digitalOps[i], other.digitalOps[i]);
  saturatingAdd(bufferBytesRead, other.bufferBytesRead);
  saturatingAdd(bufferBytesWritten, other.bufferBytesWritten);
  saturatingAdd(dramBytesRead, other.dramBytesRead);
  saturatingAdd(dramBytesWritten, other.dramBytesWritten);
  saturatingAdd(linkBytes, other.linkBytes);
  return *this;
}

bool Counters::isSaturated() const {
  for (int64_t count :
       {macs, windows, arrayReads, conversions, wordlineDrives, cellReads,
        cellsWritten, rowsWritten, apPasses, apTaggedWrites, apShifts,
        camSearches, camRows, camKeyBits, bufferBytesRead, bufferBytesWritten,
        dramBytesRead, dramBytesWritten, linkBytes})
    if (count == kSaturated)
      return true;
  return llvm::is_contained(digitalOps, kSaturated);
}

/// All rounding of times happens here.
static int64_t toPs(double ns) {
  const double ps = ns * 1000.0;
  return ps < double(longestPs) ? std::llround(std::max(ps, 0.0)) : longestPs;
}

static double accessNs(const MemorySpec &memory, double bytes) {
  return bytes == 0
             ? 0
             : memory.latencyNs + (memory.bandwidthBytesPerNs > 0
                                       ? bytes / memory.bandwidthBytesPerNs
                                       : 0);
}

static double &energy(Cost &cost, Component component) {
  return cost.energyPj[static_cast<size_t>(component)];
}

/// Holds a resource and makes the instruction last at least as long.
static void hold(Cost &cost, ResourceId resource, int64_t durationPs,
                 ArrayRange units = {0, 1}) {
  cost.latencyPs = std::max(cost.latencyPs, durationPs);
  if (durationPs > 0)
    cost.resources.push_back({resource, durationPs, units});
}

static void hold(Cost &cost, ResourceId resource,
                 llvm::ArrayRef<ArrayRange> units, int64_t durationPs) {
  for (const ArrayRange &range : units)
    hold(cost, resource, durationPs, range);
  cost.latencyPs = std::max(cost.latencyPs, durationPs);
}

/// The number of arrays in each instance of a level of `unitsPer` arrays.
static std::map<int64_t, int64_t> byInstance(llvm::ArrayRef<ArrayRange> arrays,
                                             int64_t unitsPer) {
  std::map<int64_t, int64_t> counts;
  for (const ArrayRange &range : arrays)
    for (int64_t at = range.first, end = range.first + range.count; at < end;) {
      const int64_t next = std::min(end, (at / unitsPer + 1) * unitsPer);
      counts[at / unitsPer] += next - at;
      at = next;
    }
  return counts;
}

/// Number of turns in which the arrays of the fullest instance use the shared
/// units, each array `wanted` of them.
static int64_t turnsOf(const UnitGroup &group,
                       const std::optional<SharedUnitsSpec> &shared,
                       llvm::ArrayRef<ArrayRange> arrays, int64_t wanted = 1) {
  int64_t turns = 1;
  if (shared)
    for (auto [instance, count] :
         byInstance(arrays, group.unitsPer(shared->level).value_or(1)))
      turns = std::max<int64_t>(
          turns, llvm::divideCeil(count * wanted, shared->count));
  return turns;
}

static void holdShared(Cost &cost, const UnitGroup &group,
                       const std::optional<SharedUnitsSpec> &shared,
                       std::optional<ResourceId> resource,
                       llvm::ArrayRef<ArrayRange> arrays, int64_t wanted,
                       int64_t durationPs) {
  if (shared && resource)
    for (auto [instance, count] :
         byInstance(arrays, group.unitsPer(shared->level).value_or(1)))
      hold(cost, *resource, durationPs,
           {instance, std::min(count * wanted, shared->count)});
}

static void accessBuffer(Cost &cost, const DeviceSpec &device,
                         int64_t bytesRead, int64_t bytesWritten) {
  saturatingAdd(cost.counters.bufferBytesRead, bytesRead);
  saturatingAdd(cost.counters.bufferBytesWritten, bytesWritten);
  energy(cost, Component::bufferRead) +=
      device.buffer.readPjPerByte * bytesRead;
  energy(cost, Component::bufferWrite) +=
      device.buffer.writePjPerByte * bytesWritten;
  hold(cost, device.buffer.portResource,
       toPs(accessNs(device.buffer, double(bytesRead) + bytesWritten)));
}

static void accessDram(Cost &cost, const DeviceSpec &device, int64_t bytesRead,
                       int64_t bytesWritten, double leastNs = 0) {
  saturatingAdd(cost.counters.dramBytesRead, bytesRead);
  saturatingAdd(cost.counters.dramBytesWritten, bytesWritten);
  energy(cost, Component::dramRead) += device.dram.readPjPerByte * bytesRead;
  energy(cost, Component::dramWrite) +=
      device.dram.writePjPerByte * bytesWritten;
  hold(cost, device.dram.portResource,
       toPs(std::max(leastNs,
                     accessNs(device.dram, double(bytesRead) + bytesWritten))));
}

/// Adds operations and their energy; returns their lane-cycles.
static double countDigital(Cost &cost, const UnitGroup *group,
                           const DigitalOps &ops) {
  double cycles = 0;
  llvm::ArrayRef<DigitalOpSpec> prices;
  if (group)
    prices = group->digital()->ops;
  for (size_t i = 0; i < numDigitalOps; ++i) {
    saturatingAdd(cost.counters.digitalOps[i], ops[i]);
    const DigitalOpSpec *spec =
        llvm::find_if(prices, [&](const DigitalOpSpec &op) {
          return op.kind == name(static_cast<DigitalOp>(i));
        });
    const bool listed = spec != prices.end();
    cycles += double(ops[i]) * (listed ? spec->cycles : 1.0);
    energy(cost, Component::digital) +=
        double(ops[i]) * (listed ? spec->energyPj : 0.0);
  }
  return cycles;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// Number of conversions that one read of group `within` of an array takes in
/// sequence: the largest number of its columns on one converter.
static int64_t conversionsInTurn(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 int64_t within) {
  // Arrays of one matrix differ in width: the widest determines the time.
  const int64_t weights = std::min(matrix.columns, tiling.weightsPerRow);
  const int64_t begin = within * matrix.columns * tiling.slices;
  const int64_t end = begin + weights * tiling.slices;
  const int64_t shared = array.columnsPerAdc;
  const int64_t firstEnd = (begin / shared + 1) * shared;
  if (end <= firstEnd)
    return end - begin;
  const int64_t lastBegin = (end - 1) / shared * shared;
  return std::max({firstEnd - begin, end - lastBegin,
                   lastBegin > firstEnd ? shared : int64_t(0)});
}

/// Number of reads per input digit, summed over the row tiles.
static int64_t segmentsOfMatrix(const ArraySpec &array,
                                const MatrixSpec &matrix) {
  const int64_t perRead = rowsPerRead(array);
  return matrix.rows / array.rows * llvm::divideCeil(array.rows, perRead) +
         llvm::divideCeil(matrix.rows % array.rows, perRead);
}

/// Whether sums of ADC output codes are rescaled, because a step of the
/// converter is not one level.
static bool rescales(const ArraySpec &array, const MatrixSpec &matrix) {
  const Converter converter = converterOf(array, matrix);
  return converter.numerator != converter.denominator;
}

DigitalOps pumice::model::corrections(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling,
                                      int64_t weightZeroPoint) {
  // Add a constant per result, and for some encodings a multiple of the sum of
  // the inputs (per row tile for offset_flip).
  int64_t adds = matrix.columns, multiplies = 0;
  switch (array.encoding) {
  case WeightEncoding::offset:
    adds += matrix.rows + matrix.columns;
    multiplies += 1;
    break;
  case WeightEncoding::offsetFlip:
    adds += matrix.rows + matrix.columns * tiling.rowTiles;
    multiplies += matrix.columns * tiling.rowTiles;
    break;
  case WeightEncoding::differential:
    if (weightZeroPoint != 0) {
      adds += matrix.rows + matrix.columns;
      multiplies += 1;
    }
    break;
  }
  if (rescales(array, matrix))
    multiplies += matrix.columns;
  DigitalOps ops;
  ops[DigitalOp::add] = adds;
  ops[DigitalOp::multiply] = multiplies;
  return ops;
}

static Cost systolicCost(const DeviceSpec &device, const UnitGroup &group,
                         const MatrixSpec &matrix, const Tiling &tiling,
                         int64_t windows, llvm::ArrayRef<ArrayRange> arrays,
                         int64_t bytesIn, int64_t bytesOut) {
  const ArraySpec &array = group.crossbar()->array;
  const SystolicSpec &systolic = *group.crossbar()->systolic;
  const int64_t perArray = std::max<int64_t>(tiling.groupsPerArray, 1);
  const int64_t rows = std::min(array.rows, matrix.rows * perArray);
  const int64_t columns = std::min(array.columns, matrix.columns * perArray);
  Cost cost;
  if (windows > 0 && tiling.arrays > 0) {
    const double cycles =
        double(array.rows) +
        double(tiling.arrays - 1) * double(std::max(windows, array.rows)) +
        double(windows) + double(rows + columns - 1);
    hold(cost, *group.systolicResource,
         systolic.clockGhz > 0 ? toPs(cycles / systolic.clockGhz) : 0);
    accessDram(cost, device,
               saturatingProduct({matrix.groups, matrix.rows, matrix.columns,
                                  (matrix.weightBits + 7) / 8}),
               0);
    // The arrays wait for weights that come late.
    for (ResourceUse &use : cost.resources)
      if (use.resource == *group.systolicResource)
        use.durationPs = cost.latencyPs;
    hold(cost, group.unitResource, arrays, cost.latencyPs);
  }
  accessBuffer(cost, device, saturatingProduct({bytesIn, tiling.columnTiles}),
               bytesOut);
  Counters &counters = cost.counters;
  counters.windows = saturatingProduct({windows, matrix.groups});
  counters.arrayReads = saturatingProduct({windows, tiling.arrays});
  counters.cellReads =
      saturatingProduct({counters.windows, matrix.rows, matrix.columns});
  constexpr int64_t bytesOfSum = 4;
  energy(cost, Component::mac) = systolic.macPj * double(counters.cellReads);
  energy(cost, Component::accumulate) =
      systolic.accumulatorPjPerByte *
      double(saturatingProduct(
          {2 * bytesOfSum, counters.windows, matrix.columns, tiling.rowTiles}));
  return cost;
}

Cost pumice::model::mvmCost(const DeviceSpec &device, const UnitGroup &group,
                            const MatrixSpec &matrix, const Tiling &tiling,
                            int64_t windows, llvm::ArrayRef<ArrayRange> arrays,
                            int64_t bytesIn, int64_t bytesOut, int64_t replicas,
                            int64_t weightZeroPoint,
                            const MVMContext &context) {
  const CrossbarSpec &crossbar = *group.crossbar();
  if (crossbar.systolic)
    return systolicCost(device, group, matrix, tiling, windows, arrays, bytesIn,
                        bytesOut);
  const ArraySpec &array = crossbar.array;
  const ArrayTiming &timing = crossbar.timing;
  const int64_t reads = readsPerWindow(array, matrix);
  const int64_t busiest =
      llvm::divideCeil(windows, std::max<int64_t>(replicas, 1));
  Cost cost;
  auto countCorrections = [&] {
    DigitalOps ops = corrections(array, matrix, tiling, weightZeroPoint);
    for (int64_t &count : ops)
      count = saturatingProduct({count, cost.counters.windows});
    countDigital(cost, device.firstDigital(), ops);
  };

  if (crossbar.circuits) {
    const double ns = circuitNs(crossbar, matrix, busiest);
    hold(cost, group.unitResource, arrays, toPs(ns));
    accessBuffer(cost, device, bytesIn, bytesOut);
    addCircuits(cost, crossbar, matrix, tiling, windows, ns, context);
    countCorrections();
    return cost;
  }

  // Groups that share an array are read one after the other.
  const int64_t converters =
      llvm::divideCeil(array.columns, array.columnsPerAdc);
  const double turns =
      double(turnsOf(group, crossbar.converters, arrays, converters));
  double readNs = 0;
  for (int64_t within = 0; within < tiling.groupsPerArray; ++within)
    readNs +=
        std::max(timing.readNs,
                 double(conversionsInTurn(array, matrix, tiling, within)) *
                     timing.adcNs * turns);
  const int64_t readingPs =
      toPs(double(busiest) * double(reads) *
           double(segmentsPerTile(array, matrix)) * readNs);
  hold(cost, group.unitResource, arrays, readingPs);
  holdShared(cost, group, crossbar.converters, group.converterResource, arrays,
             converters, readingPs);
  accessBuffer(cost, device, bytesIn, bytesOut);

  Counters &counters = cost.counters;
  counters.windows = saturatingProduct({windows, matrix.groups});
  counters.macs =
      saturatingProduct({counters.windows, matrix.rows, matrix.columns});
  const int64_t vectorReads = saturatingProduct({counters.windows, reads});
  const int64_t segments = segmentsOfMatrix(array, matrix);
  const int64_t usedColumns =
      saturatingProduct({matrix.columns, tiling.slices});
  counters.arrayReads =
      saturatingProduct({vectorReads, segments, tiling.columnTiles});
  counters.conversions =
      saturatingProduct({vectorReads, segments, usedColumns});
  counters.wordlineDrives =
      saturatingProduct({vectorReads, matrix.rows, tiling.columnTiles});
  counters.cellReads =
      saturatingProduct({vectorReads, matrix.rows, usedColumns});

  const ArrayEnergy &events = crossbar.energy;
  energy(cost, Component::cellRead) =
      events.cellReadPj * double(counters.cellReads);
  energy(cost, Component::dac) = events.dacPj * double(counters.wordlineDrives);
  energy(cost, Component::sampleHold) =
      events.sampleHoldPj * double(counters.conversions);
  energy(cost, Component::adc) = events.adcPj * double(counters.conversions);
  energy(cost, Component::shiftAdd) =
      events.shiftAddPj * double(counters.conversions);

  countCorrections();
  return cost;
}

Cost pumice::model::pipelineCost(const DeviceSpec &device, Cost first,
                                 const Cost &second, int64_t windows,
                                 const DigitalOps &ops) {
  const int64_t longer = std::max(first.latencyPs, second.latencyPs);
  const int64_t shorter = std::min(first.latencyPs, second.latencyPs);
  int64_t latencyPs =
      longer + llvm::divideCeil(shorter, std::max<int64_t>(windows, 1));
  // Converters that both stages want serve one after the other.
  llvm::SmallVector<ResourceUse, 4> uses = first.resources;
  for (const ResourceUse &use : second.resources) {
    auto known = llvm::find_if(uses, [&](const ResourceUse &other) {
      return other.resource == use.resource &&
             other.units.first == use.units.first;
    });
    if (known == uses.end()) {
      uses.push_back(use);
      continue;
    }
    known->units.count = std::max(known->units.count, use.units.count);
    latencyPs = first.latencyPs + second.latencyPs;
  }
  for (ResourceUse &use : uses)
    if (use.resource != device.buffer.portResource)
      use.durationPs = latencyPs;
  Cost cost = std::move(first);
  cost.resources = std::move(uses);
  cost.latencyPs = latencyPs;
  cost.counters += second.counters;
  for (size_t i = 0; i < numComponents; ++i)
    cost.energyPj[i] += second.energyPj[i];
  countDigital(cost, device.firstDigital(), ops);
  return cost;
}

/// The cells that one copy of a matrix occupies in the arrays of its grid: runs
/// of arrays with the same cells, numbered from 0.
static std::vector<ArrayWrites> cellsOf(const ArraySpec &array,
                                        const MatrixSpec &matrix,
                                        const Tiling &tiling) {
  std::vector<ArrayWrites> runs;
  auto append = [&](int64_t count, llvm::ArrayRef<CellBlock> blocks) {
    if (count == 0)
      return;
    if (!runs.empty() &&
        llvm::ArrayRef<CellBlock>(runs.back().blocks) == blocks)
      runs.back().arrays.count += count;
    else
      runs.push_back(
          {0,
           {runs.empty() ? 0
                         : runs.back().arrays.first + runs.back().arrays.count,
            count},
           llvm::SmallVector<CellBlock, 1>(blocks),
           std::nullopt});
  };
  if (tiling.groupsPerArray > 1) {
    std::vector<CellBlock> diagonal;
    diagonal.reserve(tiling.groupsPerArray);
    for (int64_t i = 0; i < tiling.groupsPerArray; ++i)
      diagonal.push_back({i * matrix.rows, i * matrix.columns * tiling.slices,
                          matrix.rows, matrix.columns * tiling.slices});
    const llvm::ArrayRef<CellBlock> blocks = diagonal;
    const int64_t rest = matrix.groups % tiling.groupsPerArray;
    append(matrix.groups / tiling.groupsPerArray, blocks);
    append(rest ? 1 : 0, blocks.take_front(rest));
    return runs;
  }
  const int64_t lastColumns =
      (matrix.columns - (tiling.columnTiles - 1) * tiling.weightsPerRow) *
      tiling.slices;
  for (int64_t tile = 0; tile < matrix.groups * tiling.rowTiles; ++tile) {
    const int64_t row = tile % tiling.rowTiles * array.rows;
    const int64_t rows = std::min(array.rows, matrix.rows - row);
    append(tiling.columnTiles - 1,
           CellBlock{0, 0, rows, tiling.weightsPerRow * tiling.slices});
    append(1, CellBlock{0, 0, rows, lastColumns});
  }
  return runs;
}

/// The same for some tiles, in their order.
static std::vector<ArrayWrites> cellsOfTiles(const ArraySpec &array,
                                             const MatrixSpec &matrix,
                                             const Tiling &tiling,
                                             TileRange tiles) {
  const std::vector<ArrayWrites> all = cellsOf(array, matrix, tiling);
  std::vector<ArrayWrites> runs;
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t number = arrayOfTile(tiling, tiles.first + i);
    const ArrayWrites &run =
        *std::prev(llvm::upper_bound(all, number, [](int64_t a, const auto &b) {
          return a < b.arrays.first;
        }));
    if (!runs.empty() && runs.back().blocks == run.blocks)
      ++runs.back().arrays.count;
    else
      runs.push_back({0, {i, 1}, run.blocks, std::nullopt});
  }
  return runs;
}

int64_t pumice::model::weightsOfTiles(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling, TileRange tiles) {
  int64_t cells = 0;
  for (const ArrayWrites &run : cellsOfTiles(array, matrix, tiling, tiles))
    for (const CellBlock &block : run.blocks)
      cells += run.arrays.count * block.rows * block.columns;
  return cells / tiling.slices;
}

/// The writes of `replicas` copies, placed one after the other on `arrays`.
static std::vector<ArrayWrites> writesTo(size_t group,
                                         llvm::ArrayRef<ArrayRange> arrays,
                                         llvm::ArrayRef<ArrayWrites> cells,
                                         int64_t replicas) {
  std::vector<ArrayWrites> writes;
  size_t range = 0;
  int64_t used = 0; // arrays of the current range
  for (int64_t copy = 0; copy < replicas; ++copy)
    for (const ArrayWrites &run : cells)
      for (int64_t left = run.arrays.count; left > 0;) {
        if (range == arrays.size())
          return writes;
        const int64_t count = std::min(left, arrays[range].count - used);
        if (count > 0)
          writes.push_back({group,
                            {arrays[range].first + used, count},
                            run.blocks,
                            std::nullopt});
        left -= count;
        used += count;
        if (used >= arrays[range].count) {
          ++range;
          used = 0;
        }
      }
  return writes;
}

int64_t ChangedCells::cells() const {
  int64_t sum = unknown;
  for (int64_t from = 0; from < levels; ++from)
    for (int64_t to = 0; to < levels; ++to)
      if (from != to)
        sum += byLevels[from * levels + to];
  return sum;
}

int64_t ChangedCells::levelsUp() const {
  int64_t sum = 0;
  for (int64_t from = 0; from < levels; ++from)
    for (int64_t to = from + 1; to < levels; ++to)
      sum += (to - from) * byLevels[from * levels + to];
  return sum;
}

int64_t ChangedCells::levelsDown() const {
  int64_t sum = 0;
  for (int64_t from = 0; from < levels; ++from)
    for (int64_t to = 0; to < from; ++to)
      sum += (from - to) * byLevels[from * levels + to];
  return sum;
}

/// Replaces the writes of all cells by those of the changed cells, per array.
static std::vector<ArrayWrites> onlyChanged(llvm::ArrayRef<ArrayWrites> writes,
                                            llvm::ArrayRef<int64_t> byArray) {
  std::vector<ArrayWrites> result;
  result.reserve(byArray.size());
  size_t number = 0;
  for (const ArrayWrites &all : writes) {
    int64_t cells = 0;
    for (const CellBlock &block : all.blocks)
      cells += block.rows * block.columns;
    for (int64_t i = 0; i < all.arrays.count; ++i, ++number) {
      const int64_t changed = number < byArray.size() ? byArray[number] : cells;
      if (changed == 0)
        continue;
      ArrayWrites one = all;
      one.arrays = {all.arrays.first + i, 1};
      if (changed < cells)
        one.written = double(changed);
      result.push_back(std::move(one));
    }
  }
  return result;
}

Cost pumice::model::programCost(
    const DeviceSpec &device, const UnitGroup &group, const MatrixSpec &matrix,
    const Tiling &tiling, llvm::ArrayRef<ArrayRange> arrays, int64_t bytes,
    Memory from, int64_t replicas, const ChangedCells *changed, bool pulsesAll,
    std::optional<TileRange> tiles, int64_t decoded) {
  const CrossbarSpec &crossbar = *group.crossbar();
  Cost cost;
  // Weights come when a layer computes.
  if (crossbar.systolic)
    return cost;
  if (from == Memory::dram) {
    const WeightDecoderSpec decoder =
        crossbar.weightDecoder.value_or(WeightDecoderSpec());
    accessDram(cost, device, bytes, 0,
               decoder.weightsPerNs > 0 ? double(decoded) / decoder.weightsPerNs
                                        : 0);
    energy(cost, Component::decode) = decoder.pjPerWeight * double(decoded);
  } else {
    accessBuffer(cost, device, bytes, 0);
  }
  const int64_t fullestArray =
      std::min(matrix.rows, crossbar.array.rows) * tiling.groupsPerArray;
  const int64_t writingPs =
      toPs(double(fullestArray) * rowWriteNs(crossbar) *
           double(turnsOf(group, crossbar.writeDrivers, arrays)));
  hold(cost, group.unitResource, arrays, writingPs);
  holdShared(cost, group, crossbar.writeDrivers, group.writeDriverResource,
             arrays, 1, writingPs);
  Counters &counters = cost.counters;
  int64_t cells = saturatingProduct(
      {replicas, matrix.groups, matrix.rows, matrix.columns, tiling.slices});
  int64_t rows = saturatingProduct(
      {replicas, matrix.groups, matrix.rows, tiling.columnTiles});
  std::vector<ArrayWrites> runs =
      tiles ? cellsOfTiles(crossbar.array, matrix, tiling, *tiles)
            : cellsOf(crossbar.array, matrix, tiling);
  if (tiles) {
    cells = rows = 0;
    for (const ArrayWrites &run : runs)
      for (const CellBlock &block : run.blocks) {
        saturatingAdd(
            rows, saturatingProduct({replicas, run.arrays.count, block.rows}));
        saturatingAdd(cells, saturatingProduct({replicas, run.arrays.count,
                                                block.rows, block.columns}));
      }
  }
  counters.cellsWritten = changed && !pulsesAll ? changed->cells() : cells;
  counters.cellsKept = cells - counters.cellsWritten;
  counters.rowsWritten = rows;
  const ArrayEnergy &prices = crossbar.energy;
  double &writing = energy(cost, Component::cellWrite);
  if (changed && prices.setStepPj && prices.resetStepPj)
    writing = *prices.setStepPj * double(changed->levelsUp()) +
              *prices.resetStepPj * double(changed->levelsDown()) +
              prices.cellWritePj * double(counters.cellsWritten -
                                          changed->cells() + changed->unknown);
  else
    writing = prices.cellWritePj * double(counters.cellsWritten);
  cost.writes = writesTo(group.index, arrays, runs, replicas);
  if (changed && !pulsesAll)
    cost.writes = onlyChanged(cost.writes, changed->byArray);
  addVerifiedPulses(cost, crossbar, changed, pulsesAll);
  return cost;
}

//===----------------------------------------------------------------------===//
// Other units
//===----------------------------------------------------------------------===//

void pumice::model::addPeriphery(Cost &cost, const DeviceSpec &device,
                                 const DigitalOps &ops) {
  countDigital(cost, device.firstDigital(), ops);
}

Cost pumice::model::digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                                int64_t bytesIn, int64_t bytesOut,
                                const UnitGroup *group) {
  if (!group)
    group = device.firstDigital();
  Cost cost;
  const double cycles = countDigital(cost, group, ops);
  if (group) {
    const DigitalSpec &digital = *group->digital();
    const double perNs = double(digital.lanes) * digital.clockGhz;
    hold(cost, group->unitResource, perNs > 0 ? toPs(cycles / perNs) : 0);
  }
  accessBuffer(cost, device, bytesIn, bytesOut);
  return cost;
}

Cost pumice::model::bufferCost(const DeviceSpec &device, int64_t bytesRead,
                               int64_t bytesWritten) {
  Cost cost;
  accessBuffer(cost, device, bytesRead, bytesWritten);
  return cost;
}

void pumice::model::holdResource(Cost &cost, ResourceId resource,
                                 ArrayRange units, double ns) {
  hold(cost, resource, toPs(ns), units);
}

void pumice::model::delay(Cost &cost, double ns) {
  cost.latencyPs = std::min(cost.latencyPs + toPs(ns), longestPs);
}

void pumice::model::holdUnits(Cost &cost, const UnitGroup &group,
                              ArrayRange units, double ns) {
  hold(cost, group.unitResource, toPs(ns), units);
}

void pumice::model::holdUnits(Cost &cost, const UnitGroup &group,
                              llvm::ArrayRef<ArrayRange> units, double ns) {
  hold(cost, group.unitResource, units, toPs(ns));
}

Cost pumice::model::dramCost(const DeviceSpec &device, int64_t bytesRead,
                             int64_t bytesWritten) {
  Cost cost;
  accessDram(cost, device, bytesRead, bytesWritten);
  return cost;
}

Cost pumice::model::transferCost(const DeviceSpec &device, int64_t bytes,
                                 Memory from, Memory to) {
  Cost cost;
  const int64_t bufferRead = from == Memory::buffer ? bytes : 0;
  const int64_t bufferWritten = to == Memory::buffer ? bytes : 0;
  if (bufferRead || bufferWritten)
    accessBuffer(cost, device, bufferRead, bufferWritten);
  accessDram(cost, device, from == Memory::dram ? bytes : 0,
             to == Memory::dram ? bytes : 0);
  return cost;
}
