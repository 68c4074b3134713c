// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/CellStore.h"

#include "lib/Model/Crossbar/CellLaw.h"
#include "lib/Model/Crossbar/Cells.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace pumice::model;

/// Sums of this size and below are formed in 32 bits.
static constexpr int64_t mostNarrowSum = int64_t(1) << 30;

CellStore::CellStore(const ArraySpec &array, const MatrixSpec &matrix,
                     const Tiling &tiling, const WeightReader &weights,
                     bool narrow, bool tabled)
    : allSegments(segmentsOf(array, matrix)),
      nibbleTables(array.cellBits, array.dacBits, allSegments.front().rows),
      digitMax((int64_t(1) << array.dacBits) - 1), rowTiles(tiling.rowTiles),
      groupColumns(matrix.columns * tiling.slices) {
  if (array.encoding == WeightEncoding::offsetFlip)
    inverted.resize(matrix.groups * rowTiles * groupColumns);
  const bool real = hasRealCells(array);
  if (real)
    stepsPerLevel = int64_t(1) << conductanceBits;
  if (narrow && !real && tabled && nibbleTables.fit() &&
      fill(array, matrix, tiling, weights, Form::codes))
    return;
  if (narrow && fill(array, matrix, tiling, weights, Form::words))
    return;
  fill(array, matrix, tiling, weights, Form::wide);
}

/// Stores all cells. Returns false if one or a sum does not fit.
bool CellStore::fill(const ArraySpec &array, const MatrixSpec &matrix,
                     const Tiling &tiling, const WeightReader &weights,
                     Form form) {
  storedForm = form;
  least = most = groupCells = 0;
  segmentCells.clear();
  for (const Segment &segment : allSegments) {
    segmentCells.push_back(groupCells);
    groupCells += cellsOf(segment) * groupColumns;
  }
  const int64_t count = groupCells * matrix.groups;
  codeCells = std::vector<uint8_t>(form == Form::codes ? count : 0);
  wordCells = std::vector<int16_t>(form == Form::words ? count : 0);
  wideCells = std::vector<int32_t>(form == Form::wide ? count : 0);

  const bool real = hasRealCells(array), noisy = hasCellNoise(array);
  cellVariances = std::vector<float>(noisy ? count : 0);
  std::vector<float> variances(array.rows);
  std::vector<int32_t> column(array.rows), cells(array.rows);
  std::vector<uint8_t> levels(array.rows);
  ArrayCells onArray;
  int64_t numberOfArray = -1;
  for (int64_t g = 0; g < matrix.groups; ++g)
    for (size_t segment = 0; segment < allSegments.size();) {
      const int64_t tile = allSegments[segment].tile;
      const int64_t begin = tile * array.rows;
      const int64_t rows = std::min(array.rows, matrix.rows - begin);
      size_t next = segment;
      while (next < allSegments.size() && allSegments[next].tile == tile)
        ++next;
      for (int64_t c = 0; c < groupColumns; ++c) {
        const int64_t n = c / tiling.slices, slice = c % tiling.slices;
        auto weightsOfTile = llvm::MutableArrayRef(column).take_front(rows);
        if (slice == 0)
          weights.read(g, n, begin, weightsOfTile);
        const bool invert =
            columnLevels(array, matrix, weightsOfTile, slice, levels);
        if (invert)
          inverted[(g * rowTiles + tile) * groupColumns + c] = true;
        if (real) {
          const CellPlace place =
              placeOf(array, matrix, tiling, g, tile, n, slice);
          if (place.array != numberOfArray) {
            onArray = arrayCells(array, matrix, tiling, weights, place.array);
            numberOfArray = place.array;
          }
          for (int64_t k = 0; k < rows; ++k) {
            const int64_t cell = (place.row + k) * array.columns + place.column;
            cells[k] = onArray.conductances[cell];
            if (noisy)
              variances[k] = onArray.variances[cell];
          }
        } else {
          llvm::copy(llvm::ArrayRef(levels).take_front(rows), cells.begin());
        }
        for (size_t s = segment; s < next; ++s) {
          const size_t first = allSegments[s].first - begin;
          if (!put(g, s, c,
                   llvm::ArrayRef(cells).slice(first, allSegments[s].rows)))
            return false;
          if (noisy)
            llvm::copy(
                llvm::ArrayRef(variances).slice(first, allSegments[s].rows),
                cellVariances.begin() + at(g, s, c));
        }
      }
      segment = next;
    }
  return true;
}

bool CellStore::put(int64_t group, int64_t segment, int64_t column,
                    llvm::ArrayRef<int32_t> cells) {
  int64_t low = 0, high = 0;
  bool fits16 = true;
  for (int64_t cell : cells) {
    (cell < 0 ? low : high) += cell * digitMax;
    fits16 &= cell == static_cast<int16_t>(cell);
  }
  least = std::min(least, low);
  most = std::max(most, high);
  const int64_t to = at(group, segment, column);
  if (storedForm == Form::wide) {
    llvm::copy(cells, wideCells.begin() + to);
    return true;
  }
  if (!fits16 || low < -mostNarrowSum || high > mostNarrowSum)
    return false;
  if (storedForm == Form::words)
    llvm::copy(cells, wordCells.begin() + to);
  else
    nibbleTables.store(cells, codeCells.data() + to);
  return true;
}
