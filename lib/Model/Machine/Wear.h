// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Wear.h - How often cells were written --------------------*- C++ -*-===//
//
// Counts per cell without an entry per cell: ranges of arrays with the same
// history share it, and a history is a list of rectangles of cells. Counts are
// exact, or the most that a cell can have got, with exact sums.
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

/// Writes of the cells of a set of arrays, those included that were not
/// written: cells by number of writes.
struct WearSummary {
  std::map<int64_t, int64_t> cellsByWrites;
  double written = 0; ///< writes of all cells

  int64_t max() const;
  double mean() const; ///< over all cells of the arrays
  int64_t cells() const;
  int64_t cellsWritten() const; ///< at least once
  WearSummary &operator+=(const WearSummary &other);
};

/// Neighbouring arrays that the same layers were written to.
struct WearRange {
  ArrayRange arrays;
  std::vector<std::string> layers; ///< in order of their first write
  WearSummary summary;
};

class Wear {
public:
  /// Of arrays with `rows` times `columns` cells.
  Wear(int64_t rows, int64_t columns) : rows(rows), columns(columns) {}
  Wear(const Wear &) = delete;
  Wear &operator=(const Wear &) = delete;

  /// Writes the cells in `blocks` of each array of `arrays`.
  void add(const ArrayWrites &writes, llvm::StringRef layer);

  int64_t arraysWritten() const;
  /// Whether counts of cells are the most that these can have got.
  bool isBound() const { return hasBounds; }
  std::vector<WearRange> ranges() const;

  /// Runs that every cell survives, when it is written as in `setup` once and
  /// as in `run` by each run; none: without limit, as runs write nothing.
  static std::optional<int64_t> survivedRuns(const Wear &setup, const Wear &run,
                                             int64_t enduranceWrites);

private:
  /// Number of times that each stamp was applied, by index of the stamp.
  using History = std::map<size_t, int64_t>;
  /// What one write does to one array, and for which layer.
  struct Stamp {
    std::string layer;
    std::vector<CellBlock> blocks;
    double written;
    bool operator<(const Stamp &other) const {
      return std::tie(layer, blocks, written) <
             std::tie(other.layer, other.blocks, other.written);
    }
  };
  /// Writes in the one and the other history, and the cells with that many.
  using CellsByWrites = std::map<std::pair<int64_t, int64_t>, int64_t>;

  /// Of one array.
  WearSummary summaryOf(const History &history) const;
  /// Cells of one array. `other` is counted in the second place.
  static CellsByWrites count(const Wear &wear, const History &history,
                             const Wear *other, const History *otherHistory);

  int64_t rows, columns;
  bool hasBounds = false;
  std::vector<const Stamp *> stamps; ///< keys of `indices`
  std::map<Stamp, size_t> indices;
  /// Histories of arrays from the key on, up to the next key.
  std::map<int64_t, History> histories = {{0, {}}};
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_WEAR_H
