// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Costs.h"

#include "lib/Model/Crossbar/Encoding.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace pumice::model;

static constexpr const char *componentNames[numComponents] = {
    "cell_read",  "dac",         "sample_hold",  "adc",       "shift_add",
    "cell_write", "buffer_read", "buffer_write", "dram_read", "dram_write",
    "digital",    "search",      "tag_write",    "shift",     "ap_load",
    "ap_read",    "link",        "fetch"};
static constexpr const char *resourceNames[numResources] = {
    "array", "buffer_port", "dram_port", "digital_unit"};
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
llvm::StringRef pumice::model::name(Resource resource) {
  return resourceNames[static_cast<size_t>(resource)];
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
  windows += other.windows;
  arrayReads += other.arrayReads;
  conversions += other.conversions;
  wordlineDrives += other.wordlineDrives;
  cellReads += other.cellReads;
  cellsWritten += other.cellsWritten;
  rowsWritten += other.rowsWritten;
  apPasses += other.apPasses;
  apTaggedWrites += other.apTaggedWrites;
  apShifts += other.apShifts;
  for (size_t i = 0; i < numDigitalOps; ++i)
    digitalOps[i] += other.digitalOps[i];
  bufferBytesRead += other.bufferBytesRead;
  bufferBytesWritten += other.bufferBytesWritten;
  dramBytesRead += other.dramBytesRead;
  dramBytesWritten += other.dramBytesWritten;
  return *this;
}

/// The one place where times are rounded.
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

/// Adds a resource and makes the instruction at least as long.
static void hold(Cost &cost, Resource resource, int64_t durationPs,
                 ArrayRange arrays = {}) {
  cost.latencyPs = std::max(cost.latencyPs, durationPs);
  if (durationPs > 0)
    cost.resources.push_back({resource, durationPs, arrays});
}

static void hold(Cost &cost, llvm::ArrayRef<ArrayRange> arrays,
                 int64_t durationPs) {
  for (const ArrayRange &range : arrays)
    hold(cost, Resource::array, durationPs, range);
  cost.latencyPs = std::max(cost.latencyPs, durationPs);
}

static void accessBuffer(Cost &cost, const DeviceSpec &device,
                         int64_t bytesRead, int64_t bytesWritten) {
  cost.counters.bufferBytesRead += bytesRead;
  cost.counters.bufferBytesWritten += bytesWritten;
  energy(cost, Component::bufferRead) +=
      device.buffer.readPjPerByte * bytesRead;
  energy(cost, Component::bufferWrite) +=
      device.buffer.writePjPerByte * bytesWritten;
  hold(cost, Resource::bufferPort,
       toPs(accessNs(device.buffer, double(bytesRead) + bytesWritten)));
}

static void accessDram(Cost &cost, const DeviceSpec &device, int64_t bytesRead,
                       int64_t bytesWritten) {
  cost.counters.dramBytesRead += bytesRead;
  cost.counters.dramBytesWritten += bytesWritten;
  energy(cost, Component::dramRead) += device.dram.readPjPerByte * bytesRead;
  energy(cost, Component::dramWrite) +=
      device.dram.writePjPerByte * bytesWritten;
  hold(cost, Resource::dramPort,
       toPs(accessNs(device.dram, double(bytesRead) + bytesWritten)));
}

/// Counts operations and their energy; returns the lane-cycles they take.
static double countDigital(Cost &cost, const DeviceSpec &device,
                           const DigitalOps &ops) {
  double cycles = 0;
  for (size_t i = 0; i < numDigitalOps; ++i) {
    cost.counters.digitalOps[i] += ops[i];
    auto spec = std::find_if(
        device.digital.ops.begin(), device.digital.ops.end(),
        [&](const DigitalOpSpec &op) { return op.kind == name(static_cast<DigitalOp>(i)); });
    const bool listed = spec != device.digital.ops.end();
    cycles += double(ops[i]) * (listed ? spec->cycles : 1.0);
    energy(cost, Component::digital) +=
        double(ops[i]) * (listed ? spec->energyPj : 0.0);
  }
  return cycles;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// Conversions that one read of group `within` of an array takes one after the
/// other: the most of its columns that one converter has.
static int64_t conversionsInTurn(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 int64_t within) {
  // Arrays of one matrix differ in width: the widest sets the pace.
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

/// Steps in which rows are driven, summed over the row tiles.
static int64_t segmentsOfMatrix(const ArraySpec &array,
                                const MatrixSpec &matrix) {
  const int64_t perRead = rowsPerRead(array);
  return matrix.rows / array.rows * llvm::divideCeil(array.rows, perRead) +
         llvm::divideCeil(matrix.rows % array.rows, perRead);
}

/// Whether sums of codes are rescaled, as a code stands for more than a level.
static bool rescales(const ArraySpec &array, const MatrixSpec &matrix) {
  const Converter converter = converterOf(array, matrix);
  return converter.numerator != converter.denominator;
}

DigitalOps pumice::model::corrections(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling,
                                      int64_t weightZeroPoint) {
  int64_t adds = matrix.columns, multiplies = 0; // a constant per result
  // Terms in the sum of the inputs, or of the inputs of each tile.
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

Cost pumice::model::mvmCost(const DeviceSpec &device, const MatrixSpec &matrix,
                            const Tiling &tiling, int64_t windows,
                            llvm::ArrayRef<ArrayRange> arrays, int64_t bytesIn,
                            int64_t bytesOut, int64_t replicas,
                            int64_t weightZeroPoint) {
  const ArraySpec &array = device.array;
  const ArrayTiming &timing = device.timing;
  const int64_t reads = readsPerWindow(array, matrix);
  Cost cost;

  // Groups that share an array are read one after the other.
  double readNs = 0;
  for (int64_t within = 0; within < tiling.groupsPerArray; ++within)
    readNs +=
        std::max(timing.readNs,
                 double(conversionsInTurn(array, matrix, tiling, within)) *
                     timing.adcNs);
  const int64_t busiest =
      llvm::divideCeil(windows, std::max<int64_t>(replicas, 1));
  hold(cost, arrays,
       toPs(double(busiest) * double(reads) *
            double(segmentsPerTile(array, matrix)) * readNs));
  accessBuffer(cost, device, bytesIn, bytesOut);

  Counters &counters = cost.counters;
  counters.windows = windows * matrix.groups;
  const int64_t vectorReads = counters.windows * reads;
  const int64_t segments = segmentsOfMatrix(array, matrix);
  const int64_t usedColumns = matrix.columns * tiling.slices;
  counters.arrayReads = vectorReads * segments * tiling.columnTiles;
  counters.conversions = vectorReads * segments * usedColumns;
  counters.wordlineDrives = vectorReads * matrix.rows * tiling.columnTiles;
  counters.cellReads = vectorReads * matrix.rows * usedColumns;

  const ArrayEnergy &events = device.energy;
  energy(cost, Component::cellRead) =
      events.cellReadPj * double(counters.cellReads);
  energy(cost, Component::dac) = events.dacPj * double(counters.wordlineDrives);
  energy(cost, Component::sampleHold) =
      events.sampleHoldPj * double(counters.conversions);
  energy(cost, Component::adc) = events.adcPj * double(counters.conversions);
  energy(cost, Component::shiftAdd) =
      events.shiftAddPj * double(counters.conversions);

  DigitalOps ops = corrections(array, matrix, tiling, weightZeroPoint);
  for (int64_t &count : ops)
    count *= counters.windows;
  countDigital(cost, device, ops);
  return cost;
}

/// Cells of one copy of a matrix by array of its grid: runs of arrays with the
/// same cells, the numbers of arrays counted from 0.
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
          {{runs.empty() ? 0
                         : runs.back().arrays.first + runs.back().arrays.count,
            count},
           llvm::SmallVector<CellBlock, 1>(blocks),
           std::nullopt});
  };
  if (tiling.groupsPerArray > 1) {
    std::vector<CellBlock> diagonal;
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

/// The same for `replicas` copies, one after the other on `arrays`.
static std::vector<ArrayWrites> writesTo(llvm::ArrayRef<ArrayRange> arrays,
                                         llvm::ArrayRef<ArrayWrites> cells,
                                         int64_t replicas) {
  std::vector<ArrayWrites> writes;
  size_t range = 0;
  int64_t used = 0; // arrays of that range
  for (int64_t copy = 0; copy < replicas; ++copy)
    for (const ArrayWrites &run : cells)
      for (int64_t left = run.arrays.count; left > 0;) {
        if (range == arrays.size())
          return writes;
        const int64_t count = std::min(left, arrays[range].count - used);
        if (count > 0)
          writes.push_back(
              {{arrays[range].first + used, count}, run.blocks, std::nullopt});
        left -= count;
        used += count;
        if (used >= arrays[range].count) {
          ++range;
          used = 0;
        }
      }
  return writes;
}

Cost pumice::model::programCost(const DeviceSpec &device,
                                const MatrixSpec &matrix, const Tiling &tiling,
                                llvm::ArrayRef<ArrayRange> arrays,
                                int64_t bytes, Memory from, int64_t replicas,
                                std::optional<int64_t> changedCells) {
  Cost cost;
  if (from == Memory::dram)
    accessDram(cost, device, bytes, 0);
  else
    accessBuffer(cost, device, bytes, 0);
  const int64_t fullestArray =
      std::min(matrix.rows, device.array.rows) * tiling.groupsPerArray;
  hold(cost, arrays, toPs(double(fullestArray) * device.timing.rowWriteNs));
  Counters &counters = cost.counters;
  const int64_t cells =
      replicas * matrix.groups * matrix.rows * matrix.columns * tiling.slices;
  counters.cellsWritten = changedCells.value_or(cells);
  counters.rowsWritten =
      replicas * matrix.groups * matrix.rows * tiling.columnTiles;
  energy(cost, Component::cellWrite) =
      device.energy.cellWritePj * double(counters.cellsWritten);
  cost.writes =
      writesTo(arrays, cellsOf(device.array, matrix, tiling), replicas);
  return cost;
}

//===----------------------------------------------------------------------===//
// Other units
//===----------------------------------------------------------------------===//

Cost pumice::model::digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                                int64_t bytesIn, int64_t bytesOut) {
  Cost cost;
  const double cycles = countDigital(cost, device, ops);
  const double perNs = double(device.digital.lanes) * device.digital.clockGhz;
  hold(cost, Resource::digitalUnit, perNs > 0 ? toPs(cycles / perNs) : 0);
  accessBuffer(cost, device, bytesIn, bytesOut);
  return cost;
}

Cost pumice::model::bufferCost(const DeviceSpec &device, int64_t bytesRead,
                               int64_t bytesWritten) {
  Cost cost;
  accessBuffer(cost, device, bytesRead, bytesWritten);
  return cost;
}

void pumice::model::holdArrays(Cost &cost, ArrayRange arrays, double ns) {
  hold(cost, Resource::array, toPs(ns), arrays);
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
