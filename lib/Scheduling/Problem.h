// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Problem.h - Units of work and a machine to run them ------*- C++ -*-===//
//
// A problem is a directed acyclic graph of units of work, usually layers of a
// network, and a machine. Weights of units on arrays are cut into tiles, one
// for each array of a copy. A tile comes from DRAM and is written row by row
// into an array before the unit computes there. docs/scheduling.md defines all
// quantities.
//
// Times are integer picoseconds. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SCHEDULING_PROBLEM_H
#define PUMICE_LIB_SCHEDULING_PROBLEM_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pumice::scheduling {

using Picoseconds = int64_t;

/// What a unit runs on. All but `Digital` hold weights in arrays.
enum class Kind { Crossbar, AP, Systolic, Digital };

llvm::StringRef nameOf(Kind kind);
std::optional<Kind> kindOf(llvm::StringRef name);

/// The share of a tensor that is all of it.
constexpr int64_t wholeTensor = 1'000'000;

/// A unit of work.
struct Unit {
  std::string name;
  Kind kind = Kind::Crossbar;
  std::vector<int> dependencies; ///< units whose results it reads
  std::vector<int> groups;       ///< groups that may run it; not empty
  /// One copy needs rowTiles * columnTiles arrays. Tile t lies in row
  /// t % rowTiles and column t / rowTiles.
  int64_t rowTiles = 0, columnTiles = 0;
  int64_t windows = 1;       ///< products of all tiles with one input vector
  Picoseconds mvmPs = 0;     ///< time of a window on one copy
  Picoseconds digitalPs = 0; ///< digital work on all results
  int64_t bytes = 0;         ///< weights of one copy in DRAM
  /// Weights of one copy that a decoder makes of the bytes; 0: they come as
  /// they are.
  int64_t decodedWeights = 0;
  int64_t inputBytes = 0;   ///< inputs that no other unit makes
  int64_t outputBytes = 0;  ///< results
  int64_t windowBytes = 0;  ///< inputs and results of one window
  int64_t partialBytes = 0; ///< partial sums of all results
  int64_t maxCopies = 1;
  /// Share of each result it reads that the first window needs, in 10^-6. The
  /// windows after that need as much more as there are of them.
  int64_t leadPpm = wholeTensor;
  bool isPinned = false; ///< keeps its arrays after it has computed
  double writePj = 0;    ///< writing one copy
  double computePj = 0;  ///< all windows
  double digitalPj = 0;  ///< the digital work

  int64_t tiles() const { return rowTiles * columnTiles; }
  bool usesArrays() const { return kind != Kind::Digital; }
  /// Bytes in DRAM of tiles [first, first + count).
  int64_t bytesOf(int64_t first, int64_t count) const {
    return shareOf(bytes, first, count);
  }
  /// Weights that a decoder makes of them.
  int64_t decodedOf(int64_t first, int64_t count) const {
    return shareOf(decodedWeights, first, count);
  }
  /// Windows of the copy that has most of them.
  int64_t windowsPerCopy(int64_t copies) const {
    return (windows + copies - 1) / copies;
  }
  /// The fewest copies that have no more windows each.
  int64_t fewestCopies(int64_t copies) const {
    const int64_t most = windowsPerCopy(copies);
    return (windows + most - 1) / most;
  }
  /// The next number of copies, up or down, that changes the time; the same
  /// number where there is none.
  int64_t nextCopies(int64_t copies, bool isUp) const {
    const int64_t most = windowsPerCopy(copies) + (isUp ? -1 : 1);
    if (most < 1)
      return copies;
    const int64_t next = (windows + most - 1) / most;
    return isUp || next < copies ? next : copies - 1;
  }
  /// Time on arrays with that many copies.
  Picoseconds computePs(int64_t copies) const {
    return windowsPerCopy(copies) * mvmPs;
  }
  /// The time by which a stream of `duration` stays behind what it follows:
  /// that of one window.
  Picoseconds lag(Picoseconds duration) const {
    return (duration + windows - 1) / windows;
  }
  /// Whether it may compute while what it reads is being made.
  bool streams() const { return leadPpm < wholeTensor; }
  int64_t partialBytesOfColumn() const {
    return columnTiles ? (partialBytes + columnTiles - 1) / columnTiles : 0;
  }

private:
  int64_t shareOf(int64_t all, int64_t first, int64_t count) const;
};

/// Processing elements of one kind. Arrays are numbered through all groups.
struct Group {
  std::string name;
  Kind kind = Kind::Crossbar;
  int64_t elements = 1;
  int64_t arraysPerElement = 1;
  int64_t writersPerElement = 0; ///< arrays written at once; 0: all
  int64_t rows = 1;
  Picoseconds rowWritePs = 0;
  /// Between each DRAM channel and the arrays; 0: a decoder never limits.
  int64_t decoderWeightsPerUs = 0;
  double staticMwPerArray = 0;

  int64_t arrays() const { return elements * arraysPerElement; }
  /// Time to write one array, or several at once.
  Picoseconds writePs() const { return rows * rowWritePs; }
  Picoseconds decodePs(int64_t weights) const;
  /// Arrays that may be written at once.
  int64_t writers() const {
    return writersPerElement ? elements * writersPerElement : arrays();
  }
};

/// A bank of the buffer that holds activations. It is powered while it holds
/// something.
struct Bank {
  int64_t bytes = 0;
  double staticMw = 0;
};

struct Machine {
  std::vector<Group> groups;
  int64_t dramChannels = 1;
  int64_t dramBytesPerUs = 0; ///< of one channel
  double dramPjPerByte = 0;
  std::vector<Bank> banks;
  int64_t digitalUnits = 0;
  double staticMw = 0; ///< all that is always on

  /// Time of a transfer on one channel.
  Picoseconds transferPs(int64_t bytes) const;
  /// Time for which tiles of a unit take a channel on their way to a group: as
  /// long as DRAM or the decoder needs, whichever is slower.
  Picoseconds arrivalPs(const Unit &unit, int group, int64_t first,
                        int64_t count) const {
    return std::max(transferPs(unit.bytesOf(first, count)),
                    groups[group].decodePs(unit.decodedOf(first, count)));
  }
  /// The same for any `count` tiles, at least, whatever the group.
  Picoseconds leastArrivalPs(const Unit &unit, int64_t count) const;
  int64_t bufferBytes() const;
  /// Number of the first array of a group.
  int64_t firstArray(int group) const;
};

struct Problem {
  std::string name;
  Machine machine;
  std::vector<Unit> units;

  /// Refuses what no schedule exists for, and sizes whose sums overflow. The
  /// error names the unit, what it needs and what there is.
  llvm::Error check() const;

  /// Units, those without dependencies first; units of a cycle are missing.
  std::vector<int> topologicalOrder() const;
  std::vector<std::vector<int>> successors() const;
  /// Arrays of a group that pinned units leave free, with one copy of each.
  int64_t unpinnedArrays(int group) const;
  /// Bytes of the buffer kept for windows and partial sums of the one unit that
  /// comes first, so that it can always run.
  int64_t reservedBytes() const;
  /// Whether a column of the unit's tiles is larger than what pinned units
  /// leave of each group.
  bool needsRowParts(const Unit &unit) const;
};

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_PROBLEM_H
