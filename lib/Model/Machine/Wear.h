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

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
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

  /// Adds writes of `layer`, one after the other.
  void add(llvm::ArrayRef<ArrayWrites> writes, llvm::StringRef layer);

  int64_t arraysWritten() const { return summary().arraysWritten; }
  /// Whether counts per cell are upper bounds.
  bool isBound() const { return hasBounds; }
  /// Computed once for all writes so far.
  const std::vector<WearRange> &ranges() const { return summary().ranges; }
  /// Frees what only further writes need; there may be none afterwards.
  void freeze();

  /// The number of runs that every cell survives if `setup` happens once and
  /// `run` repeatedly; nullopt (unlimited) if runs write nothing.
  static std::optional<int64_t> survivedRuns(const Wear &setup, const Wear &run,
                                             int64_t enduranceWrites);

private:
  /// The cells that an instruction writes in an array, and its layer.
  struct Shape {
    size_t layer; ///< index in `layers`
    std::vector<CellBlock> blocks;
    bool operator<(const Shape &other) const {
      return std::tie(layer, blocks) < std::tie(other.layer, other.blocks);
    }
  };
  /// The writes of one instruction to one array.
  struct Stamp {
    size_t shape; ///< index in `shapes`
    double written;
  };
  /// Number of applications of each stamp, by index of the stamp, ascending.
  using History = llvm::SmallVector<std::pair<size_t, int64_t>, 2>;
  /// The same by shape: what counts of cells depend on.
  using ShapeHistory = std::vector<std::pair<size_t, int64_t>>;
  /// Number of cells by their writes in a history and in another one.
  using CellsByWrites = std::map<std::pair<int64_t, int64_t>, int64_t>;
  /// Ranges of arrays with one history, from each key up to the next one.
  using Histories = std::map<int64_t, History>;

  /// What is derived from all writes.
  struct Summary {
    /// Distinct histories, and the one of the arrays from each number up to the
    /// next.
    std::vector<ShapeHistory> histories;
    std::vector<std::pair<int64_t, size_t>> historyFrom;
    std::vector<WearRange> ranges;
    int64_t arraysWritten = 0;
  };

  const Summary &summary() const;
  size_t stampOf(const ArrayWrites &writes, size_t layer);
  ShapeHistory shapesOf(const History &history) const;
  /// Counts the cells of one array; `other` gives the second number of writes.
  static CellsByWrites count(const Wear &wear, const ShapeHistory &history,
                             const Wear *other,
                             const ShapeHistory *otherHistory);

  int64_t rows, columns;
  bool hasBounds = false;
  std::vector<std::string> layers;
  llvm::StringMap<size_t> layerIndices;
  std::vector<const Shape *> shapes; ///< keys of `shapeIndices`
  std::map<Shape, size_t> shapeIndices;
  std::vector<Stamp> stamps;
  /// By shape and the bits of `written`.
  llvm::DenseMap<std::pair<size_t, uint64_t>, size_t> stampIndices;
  Histories histories = {{0, {}}};
  /// The last range that was written: often the one before the next.
  Histories::iterator last = histories.begin();
  mutable std::optional<Summary> summarized; ///< none after further writes
  bool isFrozen = false;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_WEAR_H
