// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Costs.h - Time, energy and events of one instruction -----*- C++ -*-===//
//
// Pure functions of the device and of shapes. Running and estimating use the
// same ones, so they cannot disagree.
//
// Times are computed in double nanoseconds and rounded once, to the nearest
// picosecond (halves away from zero), per duration. A bandwidth or clock of 0
// stands for "does not limit". Energies are in picojoules.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_COSTS_H
#define PUMICE_LIB_MODEL_MACHINE_COSTS_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/DeviceSpec.h"
#include "lib/Support/DigitalOps.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

namespace pumice::model {

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

/// The clock's range, about 46 days. Longer durations are cut to it; a
/// timeline that reaches it fails.
constexpr int64_t longestPs = 4'000'000'000'000'000'000;

/// Where energy goes.
enum class Component {
  cellRead,
  dac,
  sampleHold,
  adc,
  shiftAdd,
  cellWrite,
  bufferRead,
  bufferWrite,
  dramRead,
  dramWrite,
  digital,
  // Associative processors.
  search,
  tagWrite,
  shift,
  apLoad, ///< inputs and first values of accumulators
  apRead,
  link,
  fetch, ///< of programs
};
constexpr size_t numComponents = 18;
/// "cell_read", "dac", ...
llvm::StringRef name(Component component);

using EnergyPj = std::array<double, numComponents>;
double total(const EnergyPj &energy);

using DigitalOp = pumice::DigitalOpKind;
using pumice::DigitalOps;
using pumice::numDigitalOps;

enum class Memory { buffer, dram };
llvm::StringRef name(Memory memory);
std::optional<Memory> parseMemory(llvm::StringRef name);

/// Events of one or of many instructions.
struct Counters {
  int64_t windows = 0;        ///< input vectors times groups
  int64_t arrayReads = 0;     ///< reads of one array
  int64_t conversions = 0;    ///< analog to digital
  int64_t wordlineDrives = 0; ///< one wordline of one array, one read
  int64_t cellReads = 0;      ///< cells on driven wordlines, converted columns
  int64_t cellsWritten = 0;
  int64_t rowsWritten = 0;    ///< wordlines of one array
  int64_t apPasses = 0;       ///< a search and a write of one processor
  int64_t apTaggedWrites = 0; ///< bits that passes wrote
  int64_t apShifts = 0;       ///< one racetrack, one domain
  DigitalOps digitalOps = {};
  int64_t bufferBytesRead = 0;
  int64_t bufferBytesWritten = 0;
  int64_t dramBytesRead = 0;
  int64_t dramBytesWritten = 0;

  Counters &operator+=(const Counters &other);
};

//===----------------------------------------------------------------------===//
// Resources
//===----------------------------------------------------------------------===//

/// Classes of exclusive resources. Arrays are held by index; of the others, of
/// which there are several of a kind, an instruction holds any one.
enum class Resource { array, bufferPort, dramPort, digitalUnit };
constexpr size_t numResources = 4;
llvm::StringRef name(Resource resource);

/// Arrays [first, first + count).
struct ArrayRange {
  int64_t first = 0;
  int64_t count = 0;
};

/// A resource held from the start of the instruction. `arrays` is for
/// Resource::array only. One cost holds at most one of each other class.
struct ResourceUse {
  Resource resource;
  int64_t durationPs = 0;
  ArrayRange arrays;
};

/// Cells [row, row + rows) x [column, column + columns) of an array, and how
/// often each of them is written.
struct CellBlock {
  int64_t row = 0, column = 0;
  int64_t rows = 0, columns = 0;
  int64_t writes = 1;
  bool operator<(const CellBlock &other) const {
    return std::tie(row, column, rows, columns, writes) <
           std::tie(other.row, other.column, other.rows, other.columns,
                    other.writes);
  }
  bool operator==(const CellBlock &other) const {
    return !(*this < other) && !(other < *this);
  }
};

/// Cells that are programmed, the same in every array of a range.
struct ArrayWrites {
  ArrayRange arrays;
  llvm::SmallVector<CellBlock, 1> blocks;
  /// Writes of all cells of one array, if those of `blocks` are the most that a
  /// cell can get; none: as `blocks` say.
  std::optional<double> written;
};

struct Cost {
  llvm::SmallVector<ResourceUse, 4> resources;
  int64_t latencyPs = 0; ///< from the start until results may be used
  EnergyPj energyPj = {};
  Counters counters;
  std::vector<ArrayWrites> writes;
};

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// Applies a programmed matrix to `windows` input vectors (per group; all
/// groups see as many), with `replicas` copies of the matrix that share them.
/// A window takes, per group packed on an array,
///   readsPerWindow * segmentsPerTile * max(readNs, n * adcNs),
/// where n is the largest number of columns in use that share a converter:
/// converter i has the columns [i * columnsPerAdc, (i + 1) * columnsPerAdc).
/// `arrays` (tiling.arrays * replicas of them in total) are held for the
/// windows of the busiest replica; a buffer port for moving `bytesIn` and
/// `bytesOut`. Both go on together. What is corrected digitally is counted as
/// digital operations (`corrections`), and hidden behind the reads.
Cost mvmCost(const DeviceSpec &device, const MatrixSpec &matrix,
             const Tiling &tiling, int64_t windows,
             llvm::ArrayRef<ArrayRange> arrays, int64_t bytesIn,
             int64_t bytesOut, int64_t replicas = 1,
             int64_t weightZeroPoint = 0);

/// Digital operations that make the exact sums of one window and group from
/// conversions (docs/devices.md, "Costs").
DigitalOps corrections(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, int64_t weightZeroPoint);

/// Writes a matrix to `replicas` times tiling.arrays arrays: rows of one array
/// one after another, arrays in parallel, while its `bytes` come from a memory,
/// once for all replicas. `changedCells`: cells that are pulsed over all
/// replicas, if not all.
Cost programCost(const DeviceSpec &device, const MatrixSpec &matrix,
                 const Tiling &tiling, llvm::ArrayRef<ArrayRange> arrays,
                 int64_t bytes, Memory from, int64_t replicas = 1,
                 std::optional<int64_t> changedCells = std::nullopt);

/// Runs scalar operations on one digital unit, with its operands in the buffer.
/// Kinds that the device does not list cost nothing and take one lane-cycle.
Cost digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                 int64_t bytesIn, int64_t bytesOut);

/// Moves bytes in and out of the buffer.
Cost bufferCost(const DeviceSpec &device, int64_t bytesRead,
                int64_t bytesWritten);

/// Adds arrays that are held for `ns` to a cost.
void holdArrays(Cost &cost, ArrayRange arrays, double ns);

/// Moves bytes. Within one memory they pass its port twice.
Cost transferCost(const DeviceSpec &device, int64_t bytes, Memory from,
                  Memory to);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_COSTS_H
