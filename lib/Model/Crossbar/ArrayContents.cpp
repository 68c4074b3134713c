// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/ArrayContents.h"

#include "lib/Model/Crossbar/Cells.h"
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Crossbar/Transitions.h"
#include "lib/Support/Parallel.h"

#include <algorithm>

using namespace pumice::model;

ArrayContents::Cells &ArrayContents::cellsOf(int64_t number) {
  Cells &cells = contents[number];
  cells.levels.resize(array.rows * array.columns);
  return cells;
}

llvm::MutableArrayRef<uint8_t> ArrayContents::levelsOf(int64_t number) {
  Cells &cells = cellsOf(number);
  cells.unknown.clear();
  return cells.levels;
}

void ArrayContents::forget(llvm::ArrayRef<ArrayRange> arrays) {
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i) {
      Cells &cells = cellsOf(range.first + i);
      cells.unknown.assign(cells.levels.size(), 1);
    }
}

namespace {
/// Cells [row, row + rows) of adjacent columns of an array, and the weights
/// that they hold.
struct Part {
  int64_t group, firstRow, firstColumn, columns; ///< of weights
  int64_t row, rows, firstCell;                  ///< of cells
};
} // namespace

/// The parts of array `number` of a tiling.
static std::vector<Part> partsOf(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 int64_t number) {
  auto part = [&](int64_t group, int64_t tile, int64_t column,
                  int64_t columns) {
    const CellPlace place =
        placeOf(array, matrix, tiling, group, tile, column, /*slice=*/0);
    const int64_t firstRow = tile * array.rows;
    return Part{group,       firstRow,
                column,      columns,
                place.row,   std::min(array.rows, matrix.rows - firstRow),
                place.column};
  };
  std::vector<Part> parts;
  if (tiling.groupsPerArray > 1) {
    const int64_t first = number * tiling.groupsPerArray;
    const int64_t last = std::min(first + tiling.groupsPerArray, matrix.groups);
    for (int64_t group = first; group < last; ++group)
      parts.push_back(part(group, 0, 0, matrix.columns));
    return parts;
  }
  const int64_t column = number % tiling.columnTiles * tiling.weightsPerRow;
  const int64_t block = number / tiling.columnTiles;
  parts.push_back(
      part(block / tiling.rowTiles, block % tiling.rowTiles, column,
           std::min(tiling.weightsPerRow, matrix.columns - column)));
  return parts;
}

/// The levels of the cells of a part, by column.
static std::vector<uint8_t>
encode(const ArraySpec &array, const MatrixSpec &matrix, const Tiling &tiling,
       const WeightReader &weights, const Part &part) {
  std::vector<uint8_t> levels(part.columns * tiling.slices * part.rows);
  std::vector<int32_t> column(part.rows);
  llvm::MutableArrayRef<uint8_t> left = levels;
  for (int64_t n = 0; n < part.columns; ++n) {
    weights.read(part.group, part.firstColumn + n, part.firstRow, column);
    for (int64_t slice = 0; slice < tiling.slices; ++slice) {
      columnLevels(array, matrix, column, slice, left);
      left = left.drop_front(part.rows);
    }
  }
  return levels;
}

ChangedCells
ArrayContents::write(const MatrixSpec &matrix, const Tiling &tiling,
                     const WeightReader &weights,
                     llvm::ArrayRef<ArrayRange> arrays, int64_t replicas,
                     std::optional<TileRange> tiles, unsigned threads) {
  // Array i of the copies, one after the other.
  std::vector<Cells *> cellsByArray;
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i)
      cellsByArray.push_back(&cellsOf(range.first + i));
  const auto count = static_cast<int64_t>(cellsByArray.size());
  const int64_t perCopy = tiles ? tiles->count : tiling.arrays;
  const int64_t numLevels = int64_t(1) << array.cellBits;
  ChangedCells changed;
  changed.levels = numLevels;
  changed.byLevels.resize(numLevels * numLevels);
  changed.byArray.resize(count);

  /// What the copies of one array change.
  struct Found {
    Transitions known;
    int64_t unknown = 0;
  };
  std::vector<Found> found(perCopy, Found{Transitions(numLevels)});
  auto write = [&](Cells &cells, const Part &part,
                   llvm::ArrayRef<uint8_t> levels, Found &found) {
    const int64_t begin = part.firstCell * array.rows + part.row;
    int64_t written = 0;
    if (cells.unknown.empty() && part.rows == array.rows)
      return found.known.write(cells.levels.data() + begin, levels.data(),
                               static_cast<int64_t>(levels.size()));
    for (int64_t at = begin; !levels.empty(); at += array.rows) {
      uint8_t *held = cells.levels.data() + at;
      if (cells.unknown.empty())
        written += found.known.write(held, levels.data(), part.rows);
      else
        for (int64_t k = 0; k < part.rows; ++k)
          if (cells.unknown[at + k]) {
            cells.unknown[at + k] = 0;
            held[k] = levels[k];
            ++found.unknown;
            ++written;
          } else {
            written += found.known.write(held[k], levels[k]);
          }
      levels = levels.drop_front(part.rows);
    }
    return written;
  };
  // Arrays do not share anything.
  parallelFor(threads, perCopy, [&](int64_t i) {
    const int64_t number = tiles ? arrayOfTile(tiling, tiles->first + i) : i;
    for (const Part &part : partsOf(array, matrix, tiling, number)) {
      const std::vector<uint8_t> levels =
          encode(array, matrix, tiling, weights, part);
      for (int64_t at = i, copy = 0; copy < replicas && at < count;
           at += perCopy, ++copy)
        changed.byArray[at] += write(*cellsByArray[at], part, levels, found[i]);
    }
  });
  for (const Found &one : found) {
    changed.unknown += one.unknown;
    for (size_t pair = 0; pair < changed.byLevels.size(); ++pair)
      changed.byLevels[pair] += one.known.counts()[pair];
  }
  return changed;
}
