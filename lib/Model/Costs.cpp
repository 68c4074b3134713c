// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Costs.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace pumice::model;

static constexpr const char *componentNames[numComponents] = {
    "cell_read", "dac",        "sample_hold", "adc",
    "shift_add", "cell_write", "buffer_read", "buffer_write",
    "dram_read", "dram_write", "digital"};
static constexpr const char *digitalOpNames[numDigitalOps] = {
    "add", "multiply", "divide", "compare", "convert", "special", "move"};
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
llvm::StringRef pumice::model::name(DigitalOp op) {
  return digitalOpNames[static_cast<size_t>(op)];
}
llvm::StringRef pumice::model::name(Resource resource) {
  return resourceNames[static_cast<size_t>(resource)];
}
llvm::StringRef pumice::model::name(Memory memory) {
  return memoryNames[static_cast<size_t>(memory)];
}
std::optional<DigitalOp> pumice::model::parseDigitalOp(llvm::StringRef name) {
  return parse<DigitalOp>(digitalOpNames, name);
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

/// Counts operations and their energy; returns the lane-cycles they take.
static double countDigital(Cost &cost, const DeviceSpec &device,
                           const DigitalOps &ops) {
  double cycles = 0;
  for (size_t i = 0; i < numDigitalOps; ++i) {
    cost.counters.digitalOps[i] += ops[i];
    auto spec = std::find_if(
        device.digital.ops.begin(), device.digital.ops.end(),
        [&](const DigitalOpSpec &op) { return op.kind == digitalOpNames[i]; });
    const bool listed = spec != device.digital.ops.end();
    cycles += double(ops[i]) * (listed ? spec->cycles : 1.0);
    energy(cost, Component::digital) +=
        double(ops[i]) * (listed ? spec->energyPj : 0.0);
  }
  return cycles;
}

Cost pumice::model::mvmCost(const DeviceSpec &device, const MatrixSpec &matrix,
                            const Tiling &tiling, int64_t windows,
                            llvm::ArrayRef<ArrayRange> arrays, int64_t bytesIn,
                            int64_t bytesOut, int64_t replicas) {
  const ArraySpec &array = device.array;
  const ArrayTiming &timing = device.timing;
  const int64_t reads = readsPerWindow(array, matrix);
  Cost cost;

  const double readNs =
      std::max(timing.readNs, double(array.columnsPerAdc) * timing.adcNs);
  const int64_t busiest =
      llvm::divideCeil(windows, std::max<int64_t>(replicas, 1));
  hold(cost, arrays,
       toPs(double(busiest) * double(reads) * readNs *
            double(tiling.groupsPerArray)));
  accessBuffer(cost, device, bytesIn, bytesOut);

  Counters &counters = cost.counters;
  counters.windows = windows * matrix.groups;
  const int64_t vectorReads = counters.windows * reads;
  const int64_t usedColumns = matrix.columns * tiling.slices;
  counters.arrayReads = vectorReads * tiling.rowTiles * tiling.columnTiles;
  counters.conversions = vectorReads * tiling.rowTiles * usedColumns;
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

  DigitalOps corrections = {};
  corrections[static_cast<size_t>(DigitalOp::add)] =
      counters.windows * (matrix.rows + 2 * matrix.columns);
  corrections[static_cast<size_t>(DigitalOp::multiply)] = counters.windows;
  countDigital(cost, device, corrections);
  return cost;
}

Cost pumice::model::programCost(const DeviceSpec &device,
                                const MatrixSpec &matrix, const Tiling &tiling,
                                llvm::ArrayRef<ArrayRange> arrays,
                                int64_t replicas,
                                std::optional<int64_t> changedCells) {
  Cost cost;
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
  return cost;
}

Cost pumice::model::digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                                int64_t bytesIn, int64_t bytesOut) {
  Cost cost;
  const double cycles = countDigital(cost, device, ops);
  const double perNs = double(device.digital.lanes) * device.digital.clockGhz;
  hold(cost, Resource::digitalUnit, perNs > 0 ? toPs(cycles / perNs) : 0);
  accessBuffer(cost, device, bytesIn, bytesOut);
  return cost;
}

Cost pumice::model::transferCost(const DeviceSpec &device, int64_t bytes,
                                 Memory from, Memory to) {
  Cost cost;
  const int64_t bufferRead = from == Memory::buffer ? bytes : 0;
  const int64_t bufferWritten = to == Memory::buffer ? bytes : 0;
  if (bufferRead || bufferWritten)
    accessBuffer(cost, device, bufferRead, bufferWritten);
  const int64_t dramRead = from == Memory::dram ? bytes : 0;
  const int64_t dramWritten = to == Memory::dram ? bytes : 0;
  cost.counters.dramBytesRead = dramRead;
  cost.counters.dramBytesWritten = dramWritten;
  energy(cost, Component::dramRead) = device.dram.readPjPerByte * dramRead;
  energy(cost, Component::dramWrite) = device.dram.writePjPerByte * dramWritten;
  hold(cost, Resource::dramPort,
       toPs(accessNs(device.dram, double(dramRead) + dramWritten)));
  return cost;
}
