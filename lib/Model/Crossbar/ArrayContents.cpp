// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/ArrayContents.h"

#include "lib/Model/Crossbar/Cells.h"
#include "lib/Model/Crossbar/Encoding.h"

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

ChangedCells ArrayContents::write(const MatrixSpec &matrix,
                                  const Tiling &tiling,
                                  const WeightReader &weights,
                                  llvm::ArrayRef<ArrayRange> arrays,
                                  int64_t replicas,
                                  std::optional<TileRange> tiles) {
  // Array i of the copies, one after the other.
  std::vector<Cells *> cellsByArray;
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i)
      cellsByArray.push_back(&cellsOf(range.first + i));
  // Where each array of a copy is written; -1: it is not.
  std::vector<int64_t> placeOfArray;
  if (tiles) {
    placeOfArray.assign(tiling.arrays, -1);
    for (int64_t i = 0; i < tiles->count; ++i)
      placeOfArray[arrayOfTile(tiling, tiles->first + i)] = i;
  }
  const int64_t perCopy = tiles ? tiles->count : tiling.arrays;
  ChangedCells changed;
  changed.levels = int64_t(1) << array.cellBits;
  changed.byLevels.resize(changed.levels * changed.levels);
  changed.byArray.resize(cellsByArray.size());
  std::vector<int32_t> column(std::min(array.rows, matrix.rows));
  std::vector<uint8_t> written(column.size());
  auto replace = [&](Cells &cells, int64_t first, int64_t rows) {
    uint8_t *held = cells.levels.data() + first;
    int64_t count = 0;
    for (int64_t k = 0; k < rows; ++k) {
      if (!cells.unknown.empty() && cells.unknown[first + k]) {
        cells.unknown[first + k] = 0;
        ++changed.unknown;
        ++count;
      } else {
        ++changed.byLevels[held[k] * changed.levels + written[k]];
        count += held[k] != written[k];
      }
      held[k] = written[k];
    }
    return count;
  };
  for (int64_t group = 0; group < matrix.groups; ++group)
    for (int64_t tile = 0; tile < tiling.rowTiles; ++tile) {
      const int64_t first = tile * array.rows;
      const int64_t rows = std::min(array.rows, matrix.rows - first);
      auto weightsOfTile = llvm::MutableArrayRef(column).take_front(rows);
      for (int64_t n = 0; n < matrix.columns; ++n) {
        if (tiles &&
            placeOfArray[placeOf(array, matrix, tiling, group, tile, n, 0)
                             .array] < 0)
          continue;
        weights.read(group, n, first, weightsOfTile);
        for (int64_t slice = 0; slice < tiling.slices; ++slice) {
          columnLevels(array, matrix, weightsOfTile, slice, written);
          const CellPlace place =
              placeOf(array, matrix, tiling, group, tile, n, slice);
          const int64_t within =
              tiles ? placeOfArray[place.array] : place.array;
          for (int64_t copy = 0; copy < replicas; ++copy) {
            const size_t number = copy * perCopy + within;
            if (number >= cellsByArray.size())
              break;
            changed.byArray[number] +=
                replace(*cellsByArray[number],
                        place.column * array.rows + place.row, rows);
          }
        }
      }
    }
  return changed;
}
