// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/ArrayContents.h"

#include "lib/Model/Crossbar/Cells.h"
#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>

using namespace pumice::model;

int64_t ArrayContents::write(const MatrixSpec &matrix, const Tiling &tiling,
                             const WeightReader &weights,
                             llvm::ArrayRef<ArrayRange> arrays,
                             int64_t replicas) {
  // Array i of the copies, one after the other.
  std::vector<uint8_t *> cellsOf;
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i) {
      std::vector<uint8_t> &cells = levels[range.first + i];
      cells.resize(array.rows * array.columns);
      cellsOf.push_back(cells.data());
    }
  int64_t changed = 0;
  std::vector<int32_t> column(std::min(array.rows, matrix.rows));
  std::vector<uint8_t> written(column.size());
  for (int64_t group = 0; group < matrix.groups; ++group)
    for (int64_t tile = 0; tile < tiling.rowTiles; ++tile) {
      const int64_t first = tile * array.rows;
      const int64_t rows = std::min(array.rows, matrix.rows - first);
      auto weightsOfTile = llvm::MutableArrayRef(column).take_front(rows);
      for (int64_t n = 0; n < matrix.columns; ++n) {
        weights.read(group, n, first, weightsOfTile);
        for (int64_t slice = 0; slice < tiling.slices; ++slice) {
          columnLevels(array, matrix, weightsOfTile, slice, written);
          const CellPlace place =
              placeOf(array, matrix, tiling, group, tile, n, slice);
          for (int64_t copy = 0; copy < replicas; ++copy) {
            const size_t number = copy * tiling.arrays + place.array;
            if (number >= cellsOf.size())
              break;
            uint8_t *held =
                cellsOf[number] + place.column * array.rows + place.row;
            for (int64_t k = 0; k < rows; ++k)
              changed += held[k] != written[k];
            std::copy_n(written.begin(), rows, held);
          }
        }
      }
    }
  return changed;
}
