// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Schedule.h - What a machine does when --------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_SCHEDULE_H
#define PUMICE_LIB_SCHEDULING_SCHEDULE_H

#include "lib/Scheduling/Problem.h"

namespace pumice::scheduling {

/// What lies in arrays when a schedule starts.
enum class Start {
  Cold,  ///< nothing of use
  Steady ///< the residents, and the same again at the end
};

/// Tiles [firstTile, firstTile + tiles) of a unit, which compute together. A
/// unit that is too large has several parts.
struct Part {
  int unit = 0;
  int64_t firstTile = 0, tiles = 0;
  int64_t copies = 1;
};

/// Tiles of a copy of a part in consecutive arrays from the start. If transfers
/// bring the part for the next run, the arrays are free when it has computed;
/// else it stays there.
struct Resident {
  int part = 0;
  int64_t copy = 0;
  int64_t firstTile = 0, tiles = 0; ///< counted within the unit
  int64_t firstArray = 0;
};

/// Tiles on their way from DRAM. All copies may be written from one transfer;
/// their arrays are held from its start.
struct Transfer {
  int part = 0;
  int64_t firstTile = 0, tiles = 0;
  int64_t channel = 0;
  Picoseconds start = 0, end = 0;
  bool isAhead = false; ///< for the next run
};

/// Tiles of one copy written at once into consecutive arrays.
struct Write {
  int transfer = 0;
  int64_t copy = 0;
  int64_t firstTile = 0, tiles = 0;
  int64_t firstArray = 0;
  Picoseconds start = 0, end = 0;
};

/// All copies of a part compute.
struct Compute {
  int part = 0;
  Picoseconds start = 0, end = 0;
};

/// Digital work of a unit: all of it, or what follows its products.
struct Digital {
  int unit = 0;
  int64_t digitalUnit = 0;
  Picoseconds start = 0, end = 0;
};

/// Activations that do not stay in the buffer: a unit's results on their way to
/// DRAM (`reader` is none), or on their way from it to a part (for digital
/// units: to the unit) that reads them. `unit == reader's unit` stands for the
/// inputs that no unit makes.
struct Spill {
  int unit = 0;
  int reader = -1;     ///< unit
  int readerPart = -1; ///< none for digital units
  int64_t channel = 0;
  Picoseconds start = 0, end = 0;
};

enum class Tensor { Input, Output, Window, Partial };

/// Bytes that a bank holds for a unit; parts of a tensor may lie in several.
struct Held {
  int unit = 0;
  Tensor tensor = Tensor::Output;
  int64_t column = 0; ///< of partial sums
  int64_t bank = 0;
  int64_t bytes = 0;
  Picoseconds start = 0, end = 0;
};

struct Schedule {
  std::string algorithm;
  Start start = Start::Cold;
  /// Time of one run; of a pipeline, time from an input to its results.
  Picoseconds end = 0;
  /// Of a pipeline: time between two inputs. All intervals repeat with it.
  std::optional<Picoseconds> period;
  /// Of a pipeline: units start before what they read is done, and digital
  /// units serve several of them in turn (S1 to S3 of docs/scheduling.md).
  bool isStream = false;
  /// Whether banks are powered only while they hold something.
  bool gatesBanks = true;
  std::vector<Part> parts;
  std::vector<Resident> residents;
  std::vector<Transfer> transfers;
  std::vector<Write> writes;
  std::vector<Compute> computes;
  std::vector<Digital> digitals;
  std::vector<Spill> spills;
  std::vector<Held> held;

  /// Checks every constraint of docs/scheduling.md, each by one function of
  /// Verify.cpp. The error names the constraint and what breaks it.
  llvm::Error verify(const Problem &problem) const;

  /// S1 to S3, for a stream whose numbers and intervals are valid.
  llvm::Error verifyStream(const Problem &problem) const;

  /// Tiles of each unit that stay in their arrays, of one copy.
  std::vector<int64_t> keptTiles(const Problem &problem) const;
  /// The problem for bounds: units that stay are pinned, others lose the
  /// columns that do.
  Problem withKept(const Problem &problem) const;

  /// Tiles written, all copies counted.
  int64_t tilesWritten() const;
  /// Writes of the array that is written most.
  int64_t mostWrites() const;
};

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_SCHEDULE_H
