// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/EffectiveWeights.h"

#include "lib/Model/Crossbar/Cells.h"
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace pumice::model;

void pumice::model::effectiveWeights(const ArraySpec &array,
                                     const MatrixSpec &matrix,
                                     const Tiling &tiling,
                                     const WeightReader &weights,
                                     unsigned threads,
                                     llvm::MutableArrayRef<float> out) {
  constexpr double step = 1.0 / (1 << conductanceBits);
  const double offset = double(encodingOffset(array, matrix));
  const int64_t tilesPerGroup = tiling.rowTiles * tiling.columnTiles;
  // Each array holds other weights than the rest: iterations share nothing.
  parallelFor(threads, tiling.arrays, [&](int64_t number) {
    const int64_t rowTile = number % tilesPerGroup / tiling.columnTiles;
    const int64_t firstRow = rowTile * array.rows;
    const int64_t firstColumn =
        number % tiling.columnTiles * tiling.weightsPerRow;
    const int64_t lastColumn =
        std::min(firstColumn + tiling.weightsPerRow, matrix.columns);
    const int64_t firstGroup = number / tilesPerGroup * tiling.groupsPerArray;
    const int64_t lastGroup =
        std::min(firstGroup + tiling.groupsPerArray, matrix.groups);
    const std::vector<int32_t> cells =
        cellConductances(array, matrix, tiling, weights, number);
    std::vector<int32_t> column(std::min(array.rows, matrix.rows - firstRow));
    std::vector<uint8_t> levels(column.size());
    std::vector<double> sums(column.size());
    for (int64_t group = firstGroup; group < lastGroup; ++group)
      for (int64_t n = firstColumn; n < lastColumn; ++n) {
        weights.read(group, n, firstRow, column);
        std::fill(sums.begin(), sums.end(), -offset);
        for (int64_t slice = 0; slice < tiling.slices; ++slice) {
          const bool inverted =
              columnLevels(array, matrix, column, slice, levels);
          const CellPlace place =
              placeOf(array, matrix, tiling, group, rowTile, n, slice);
          const double factor =
              (isNegativePart(array, matrix, slice) ? -1.0 : 1.0) *
              double(int64_t(1) << sliceShift(array, matrix, slice));
          for (size_t k = 0; k < sums.size(); ++k) {
            const double level =
                step *
                cells[(place.row + int64_t(k)) * array.columns + place.column];
            sums[k] += factor *
                       (inverted ? double(highestLevel(array)) - level : level);
          }
        }
        float *to =
            out.data() + (group * matrix.columns + n) * matrix.rows + firstRow;
        std::copy(sums.begin(), sums.end(), to);
      }
  });
}

double pumice::model::conversionGain(const ArraySpec &array,
                                     const MatrixSpec &matrix,
                                     const Tiling &tiling) {
  double ofDigits = 0, ofSlices = 0;
  for (const InputDigit &digit : inputDigits(array, matrix))
    ofDigits += double(digit.weight()) * double(digit.weight());
  for (int64_t slice = 0; slice < tiling.slices; ++slice)
    ofSlices += std::ldexp(1.0, 2 * sliceShift(array, matrix, slice));
  return std::sqrt(ofDigits * ofSlices *
                   double(segmentsOf(array, matrix).size()));
}
