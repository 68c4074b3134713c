// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Wear.h - Writes of cells ---------------------------------*- C++ -*-===//
//
// Counts writes per cell without an entry per cell: ranges of arrays with the
// same history share it, and a history is a list of rectangles of cells. Counts
// per cell are exact or upper bounds; sums are always exact.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_WEAR_H
#define PUMICE_LIB_MODEL_MACHINE_WEAR_H

#include "lib/Model/Machine/Costs.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace pumice::model {

/// Writes of the cells of a set of arrays.
struct WearSummary {
  /// Number of cells by number of writes, including 0.
  std::map<int64_t, int64_t> cellsByWrites;
  double written = 0; ///< writes of all cells together

  int64_t max() const;
  double mean() const; ///< over all cells of the arrays
  int64_t cells() const;
  int64_t cellsWritten() const; ///< written at least once
  WearSummary &operator+=(const WearSummary &other);
};

/// Adjacent arrays that hold the same layers.
struct WearRange {
  ArrayRange arrays;
  std::vector<std::string> layers; ///< in order of their first write
  WearSummary summary;
};

class Wear {
public:
  /// For arrays of `rows` times `columns` cells.
  Wear(int64_t rows, int64_t columns) : rows(rows), columns(columns) {}
  Wear(const Wear &) = delete;
  Wear &operator=(const Wear &) = delete;

  /// Adds writes of `layer`.
  void add(const ArrayWrites &writes, llvm::StringRef layer);

  int64_t arraysWritten() const;
  /// Whether counts per cell are upper bounds.
  bool isBound() const { return hasBounds; }
  std::vector<WearRange> ranges() const;

  /// The number of runs that every cell survives if `setup` happens once and
  /// `run` repeatedly; nullopt (unlimited) if runs write nothing.
  static std::optional<int64_t> survivedRuns(const Wear &setup, const Wear &run,
                                             int64_t enduranceWrites);

private:
  /// Number of applications of each stamp, by index of the stamp.
  using History = std::map<size_t, int64_t>;
  /// The writes of one instruction to one array, and its layer.
  struct Stamp {
    std::string layer;
    std::vector<CellBlock> blocks;
    double written;
    bool operator<(const Stamp &other) const {
      return std::tie(layer, blocks, written) <
             std::tie(other.layer, other.blocks, other.written);
    }
  };
  /// Number of cells by their writes in a history and in another one.
  using CellsByWrites = std::map<std::pair<int64_t, int64_t>, int64_t>;

  /// The summary of one array.
  WearSummary summaryOf(const History &history) const;
  /// Counts the cells of one array; `other` gives the second number of writes.
  static CellsByWrites count(const Wear &wear, const History &history,
                             const Wear *other, const History *otherHistory);

  int64_t rows, columns;
  bool hasBounds = false;
  std::vector<const Stamp *> stamps; ///< keys of `indices`
  std::map<Stamp, size_t> indices;
  /// The history of the arrays from each key up to the next one.
  std::map<int64_t, History> histories = {{0, {}}};
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_WEAR_H
