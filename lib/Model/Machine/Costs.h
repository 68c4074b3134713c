// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Costs.h - Time, energy and events of one instruction -----*- C++ -*-===//
//
// Pure functions of the device and of shapes. Runs and estimates use the same
// functions, so they agree.
//
// Times are computed in double nanoseconds and rounded once, to the nearest
// picosecond (halves away from zero), per duration. A bandwidth or clock of 0
// means unlimited. Energies are in picojoules.
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

/// The range of the clock, about 46 days. Longer durations are clamped to it; a
/// timeline that reaches it fails.
constexpr int64_t longestPs = 4'000'000'000'000'000'000;

/// What consumes energy.
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
  apLoad, ///< loading inputs and initial values of accumulators
  apRead,
  link,
  fetch, ///< reading microprograms
  // Circuits around crossbar arrays.
  periphery,    ///< row switches, multiplexers, registers of results
  interconnect, ///< buses and trees of wires
  leakage,
  // Content-addressable memories.
  searchLine,
  matchLine, ///< precharging match lines, and the cells on them
  sense,
  merge, ///< adding the distances of parts of words
  rank,  ///< finding the smallest distances
  camWrite,
  // Systolic arrays.
  mac,
  accumulate, ///< writing and reading partial sums
  // Compressed weights.
  decode,
};
constexpr size_t numComponents = 30;
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

/// Numbers of events, of one instruction or a sum of several.
struct Counters {
  int64_t macs = 0;           ///< multiply-accumulates of layers
  int64_t windows = 0;        ///< input vectors times groups
  int64_t arrayReads = 0;     ///< reads of one array
  int64_t conversions = 0;    ///< analog to digital
  int64_t wordlineDrives = 0; ///< one wordline of one array, one read
  int64_t cellReads = 0;      ///< cells on driven wordlines, converted columns
  int64_t cellsWritten = 0;
  int64_t cellsKept = 0; ///< in written rows, not pulsed: they had their level
  int64_t rowsWritten = 0;    ///< wordlines of one array
  int64_t apPasses = 0;       ///< passes (search and write) of one processor
  int64_t apTaggedWrites = 0; ///< bits written by passes
  int64_t apShifts = 0;       ///< shifts of one racetrack by one domain
  int64_t camSearches = 0;    ///< searches of one array
  int64_t camRows = 0;        ///< match lines that searches precharge
  int64_t camKeyBits = 0;     ///< search lines that searches drive
  DigitalOps digitalOps = {};
  int64_t bufferBytesRead = 0;
  int64_t bufferBytesWritten = 0;
  int64_t dramBytesRead = 0;
  int64_t dramBytesWritten = 0;
  int64_t linkBytes = 0; ///< bytes on one link of the interconnect

  Counters &operator+=(const Counters &other);
  /// Whether a count is too large for its type.
  bool isSaturated() const;
};

//===----------------------------------------------------------------------===//
// Resources
//===----------------------------------------------------------------------===//

/// Units [first, first + count) of a group: arrays or processors.
struct ArrayRange {
  int64_t first = 0;
  int64_t count = 0;
};

/// A resource that an instruction holds from its start. For a located class,
/// `units` are the units it holds. For a pool, it holds any `units.count` units
/// of instance `units.first`; a cost names each instance of a pool at most
/// once.
struct ResourceUse {
  ResourceId resource = 0;
  int64_t durationPs = 0;
  ArrayRange units = {0, 1};
};

/// Cells [row, row + rows) x [column, column + columns) of an array, and the
/// number of writes of each.
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

/// Writes of cells, the same in every unit of a range.
struct ArrayWrites {
  size_t group = 0; ///< index in DeviceSpec::groups
  ArrayRange arrays;
  llvm::SmallVector<CellBlock, 1> blocks;
  /// The exact number of writes to all cells of one unit, if the writes in
  /// `blocks` are upper bounds; nullopt if `blocks` are exact.
  std::optional<double> written;
};

struct Cost {
  llvm::SmallVector<ResourceUse, 4> resources;
  int64_t latencyPs = 0; ///< from the start until results are available
  EnergyPj energyPj = {};
  Counters counters;
  std::vector<ArrayWrites> writes;
};

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// What circuits around arrays depend on besides the matrix of a layer.
struct MVMContext {
  int64_t kernelHeight = 1, kernelWidth = 1; ///< of a convolution
  int64_t chipTiles = 0;                     ///< of all layers
  double intervalNs = 0; ///< time of the slowest layer, for pipelines
};

/// The cost of applying a programmed matrix to `windows` input vectors per
/// group, divided among `replicas` copies of the matrix. A window takes, for
/// each group packed on an array,
///   readsPerWindow * segmentsPerTile * max(readNs, n * adcNs),
/// where n is the largest number of columns in use that share a converter:
/// converter i has the columns [i * columnsPerAdc, (i + 1) * columnsPerAdc).
/// The instruction holds `arrays` (tiling.arrays * replicas in total) for the
/// windows of the busiest replica and, at the same time, a buffer port for
/// `bytesIn` and `bytesOut`. Digital corrections count as digital operations
/// (`corrections`); reads hide their latency. `group` is a group of crossbars.
/// If arrays share converters, conversions take as many turns as the arrays of
/// the fullest instance need.
/// If the device describes the circuits around the arrays, they decide time and
/// energies instead (Circuits.h); the buffer port is held as without them.
///
/// On a systolic array, tiles follow one another. The first one is shifted in,
/// later ones while the one before computes, each for at least as many cycles
/// as there are rows; the last window drains:
///   rows + (tiles - 1) * max(windows, rows) + windows + drain - 1
/// cycles, where drain is the rows and columns in use. Weights come from DRAM
/// meanwhile. Inputs are read once for each column of tiles.
Cost mvmCost(const DeviceSpec &device, const UnitGroup &group,
             const MatrixSpec &matrix, const Tiling &tiling, int64_t windows,
             llvm::ArrayRef<ArrayRange> arrays, int64_t bytesIn,
             int64_t bytesOut, int64_t replicas = 1,
             int64_t weightZeroPoint = 0, const MVMContext &context = {});

/// Two stages that work on consecutive windows at the same time: `windows`
/// times the longer stage, and once the shorter one. `ops` are done by the
/// periphery of the arrays: they take energy, but their time is hidden behind
/// the conversions. A resource that both stages hold is held for both.
Cost pipelineCost(const DeviceSpec &device, Cost first, const Cost &second,
                  int64_t windows, const DigitalOps &ops);

/// Digital operations that turn conversions into the exact sums of one window
/// and group (docs/devices.md, "Costs").
DigitalOps corrections(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, int64_t weightZeroPoint);

/// How programming changes the levels of cells.
struct ChangedCells {
  int64_t levels = 0; ///< number of levels of a cell
  /// Number of cells by old and new level: [old * levels + new].
  std::vector<int64_t> byLevels;
  /// Cells whose old level is unknown; they count as changed.
  int64_t unknown = 0;
  /// Cells that change, per array in the order of the placement.
  std::vector<int64_t> byArray;

  /// Number of cells that change.
  int64_t cells() const;
  /// The number of levels by which cells rise or fall, summed over cells whose
  /// old level is known.
  int64_t levelsUp() const;
  int64_t levelsDown() const;
};

/// The cost of writing a matrix to `replicas` times tiling.arrays arrays. Rows
/// of one array are written one after another; arrays are written in parallel,
/// or with write drivers, as many per instance as it has drivers. The `bytes`
/// are read from a memory once for all replicas. Without `changed`, all cells
/// are pulsed at cellWritePj. With `changed`, unchanged cells are pulsed only
/// if `pulsesAll`, and pulses cost level steps if the device lists them. With
/// `tiles`, only these are written, each copy to as many arrays, in order. So
/// many weights are `decoded` on the way from DRAM.
Cost programCost(const DeviceSpec &device, const UnitGroup &group,
                 const MatrixSpec &matrix, const Tiling &tiling,
                 llvm::ArrayRef<ArrayRange> arrays, int64_t bytes, Memory from,
                 int64_t replicas = 1, const ChangedCells *changed = nullptr,
                 bool pulsesAll = true,
                 std::optional<TileRange> tiles = std::nullopt,
                 int64_t decoded = 0);

/// Weights that the cells of some tiles of a matrix hold.
int64_t weightsOfTiles(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, TileRange tiles);

/// Adds operations of the periphery of arrays, which take energy but whose time
/// is hidden behind the conversions.
void addPeriphery(Cost &cost, const DeviceSpec &device, const DigitalOps &ops);

/// The cost of scalar operations on one digital unit of a group (by default the
/// first one) with operands in the buffer. Kinds that the device does not list
/// cost no energy and take one lane-cycle.
Cost digitalCost(const DeviceSpec &device, const DigitalOps &ops,
                 int64_t bytesIn, int64_t bytesOut,
                 const UnitGroup *group = nullptr);

/// The cost of reading and writing the buffer.
Cost bufferCost(const DeviceSpec &device, int64_t bytesRead,
                int64_t bytesWritten);

/// The cost of reading and writing the DRAM.
Cost dramCost(const DeviceSpec &device, int64_t bytesRead,
              int64_t bytesWritten);

/// Makes a cost hold a resource for `ns`, and last at least as long.
void holdResource(Cost &cost, ResourceId resource, ArrayRange units, double ns);

/// Lets results of a cost be available `ns` later.
void delay(Cost &cost, double ns);

/// Makes a cost hold units of a group for `ns`.
void holdUnits(Cost &cost, const UnitGroup &group, ArrayRange units, double ns);
/// The same for several ranges.
void holdUnits(Cost &cost, const UnitGroup &group,
               llvm::ArrayRef<ArrayRange> units, double ns);

/// The cost of moving bytes. Within one memory, they pass its port twice.
Cost transferCost(const DeviceSpec &device, int64_t bytes, Memory from,
                  Memory to);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_COSTS_H
