// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CellStore.h - Cell conductances in packed form -----------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_CELLSTORE_H
#define PUMICE_LIB_MODEL_CROSSBAR_CELLSTORE_H

#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Crossbar/kernels/NibbleTables.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// The conductances of all cells of a matrix, by column of a segment. Physical
/// column c of a group holds slice c % slices of output c / slices.
class CellStore {
public:
  /// The form in which cells are stored; the smallest sufficient form is used.
  /// An 8-bit weight on 2-bit cells is 4 cells, with differential encoding 8:
  /// codes take 1 or 2 bytes per weight, words 8 or 16 (0.2 or 0.4 GB for the
  /// 25.5 million weights of a ResNet-50), wide cells 16 or 32.
  enum class Form {
    codes, ///< of NibbleTables; cellBits / 8 bytes per cell
    words, ///< 2 bytes per cell
    wide,  ///< 4 bytes per cell
  };

  /// `narrow`: everything except sums is known to fit in 32 bits, so that
  /// `wide` may be avoided. `tabled`: the caller can use the form `codes`.
  CellStore(const ArraySpec &array, const MatrixSpec &matrix,
            const Tiling &tiling, const WeightReader &weights, bool narrow,
            bool tabled);

  Form form() const { return storedForm; }
  /// Conductance steps per level.
  int64_t unit() const { return stepsPerLevel; }
  /// Range of the sums of reads, in conductance steps.
  int64_t leastSum() const { return least; }
  int64_t mostSum() const { return most; }

  llvm::ArrayRef<Segment> segments() const { return allSegments; }
  const NibbleTables &tables() const { return nibbleTables; }
  int64_t columns() const { return groupColumns; }

  /// The cells of a column on a segment.
  const uint8_t *codes(int64_t group, int64_t segment, int64_t column) const {
    return codeCells.data() + at(group, segment, column);
  }
  const int16_t *words(int64_t group, int64_t segment, int64_t column) const {
    return wordCells.data() + at(group, segment, column);
  }
  const int32_t *wide(int64_t group, int64_t segment, int64_t column) const {
    return wideCells.data() + at(group, segment, column);
  }

  /// Variances of the noise of the cells of a column, in squared conductance
  /// steps; null without such noise.
  const float *variances(int64_t group, int64_t segment, int64_t column) const {
    return cellVariances.empty()
               ? nullptr
               : cellVariances.data() + at(group, segment, column);
  }

  /// Whether the columns of any tile are inverted.
  bool anyInverted() const { return !inverted.empty(); }
  bool isInverted(int64_t group, int64_t tile, int64_t column) const {
    return anyInverted() &&
           inverted[(group * rowTiles + tile) * groupColumns + column];
  }

private:
  bool fill(const ArraySpec &array, const MatrixSpec &matrix,
            const Tiling &tiling, const WeightReader &weights, Form form);
  bool put(int64_t group, int64_t segment, int64_t column,
           llvm::ArrayRef<int32_t> cells);
  int64_t cellsOf(const Segment &segment) const {
    return storedForm == Form::codes ? nibbleTables.codesOf(segment.rows)
                                     : segment.rows;
  }
  int64_t at(int64_t group, int64_t segment, int64_t column) const {
    return group * groupCells + segmentCells[segment] +
           column * cellsOf(allSegments[segment]);
  }

  std::vector<Segment> allSegments;
  NibbleTables nibbleTables;
  Form storedForm;
  int64_t stepsPerLevel = 1;
  int64_t digitMax;
  int64_t rowTiles, groupColumns;
  int64_t least = 0, most = 0;

  int64_t groupCells = 0;            ///< in one group
  std::vector<int64_t> segmentCells; ///< number of cells before each segment
  std::vector<uint8_t> codeCells;
  std::vector<int16_t> wordCells;
  std::vector<int32_t> wideCells;
  std::vector<float> cellVariances; ///< of words or wide cells
  std::vector<bool> inverted; ///< [group][tile][column]; empty if none can be
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_CELLSTORE_H
