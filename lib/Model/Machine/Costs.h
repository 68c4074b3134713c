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
  int64_t cellsKept = 0; ///< in written rows, not pulsed: they had their level
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

/// Units [first, first + count) of a group: arrays or processors.
struct ArrayRange {
  int64_t first = 0;
  int64_t count = 0;
};

/// A resource held from the start of the instruction. Of a located class,
/// `units` are those that are held. Of a pool, any `units.count` units of its
/// instance `units.first`, each pool's instance at most once in a cost.
struct ResourceUse {
  ResourceId resource = 0;
  int64_t durationPs = 0;
  ArrayRange units = {0, 1};
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

/// Cells that are programmed, the same in every unit of a range.
struct ArrayWrites {
  size_t group = 0; ///< in DeviceSpec::groups
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
/// digital operations (`corrections`), and hidden behind the reads. `group` has
/// crossbars. Where arrays share converters, conversions take as many turns as
/// the arrays of the fullest instance need.
Cost mvmCost(const DeviceSpec &device, const UnitGroup &group,
             const MatrixSpec &matrix, const Tiling &tiling, int64_t windows,
             llvm::ArrayRef<ArrayRange> arrays, int64_t bytesIn,
             int64_t bytesOut, int64_t replicas = 1,
             int64_t weightZeroPoint = 0);

/// Digital operations that make the exact sums of one window and group from
/// conversions (docs/devices.md, "Costs").
DigitalOps corrections(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, int64_t weightZeroPoint);

/// What programming does to the cells that it writes.
struct ChangedCells {
  int64_t levels = 0; ///< that a cell has
  /// Cells by old and new level: [old * levels + new].
  std::vector<int64_t> byLevels;
  /// Cells whose old level is not known; they are taken to change.
  int64_t unknown = 0;
  /// Cells that change, by array in the order of the placement.
  std::vector<int64_t> byArray;

  /// Cells that change their level.
  int64_t cells() const;
  /// Levels that cells go up or down by, summed over cells of known level.
  int64_t levelsUp() const;
  int64_t levelsDown() const;
};

/// Writes a matrix to `replicas` times tiling.arrays arrays: rows of one array
/// one after another, arrays in parallel (or, with write drivers, as many of an
/// instance as it has drivers), while its `bytes` come from a memory, once for
/// all replicas. `changed`: of cells that do not all get a pulse, or whose
/// pulses cost what their step does; without it all cells are pulsed, at
/// cellWritePj. `pulsesAll`: unchanged cells get a pulse too. With `tiles`,
/// only these are written, each copy to as many arrays, in their order.
Cost programCost(const DeviceSpec &device, const UnitGroup &group,
                 const MatrixSpec &matrix, const Tiling &tiling,
                 llvm::ArrayRef<ArrayRange> arrays, int64_t bytes, Memory from,
                 int64_t replicas = 1, const ChangedCells *changed = nullptr,
                 bool pulsesAll = true,
                 std::optional<TileRange> tiles = std::nullopt);

/// Weights that the cells of some tiles of a matrix hold.
int64_t weightsOfTiles(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, TileRange tiles);

/// Runs scalar operations on one digital unit, with its operands in the buffer.
/// Kinds that the device does not list cost nothing and take one lane-cycle.
Cost digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                 int64_t bytesIn, int64_t bytesOut);

/// Moves bytes in and out of the buffer.
Cost bufferCost(const DeviceSpec &device, int64_t bytesRead,
                int64_t bytesWritten);

/// Adds units of a group that are held for `ns` to a cost.
void holdUnits(Cost &cost, const UnitGroup &group, ArrayRange units, double ns);
/// The same for several ranges.
void holdUnits(Cost &cost, const UnitGroup &group,
               llvm::ArrayRef<ArrayRange> units, double ns);

/// Moves bytes. Within one memory they pass its port twice.
Cost transferCost(const DeviceSpec &device, int64_t bytes, Memory from,
                  Memory to);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_COSTS_H
