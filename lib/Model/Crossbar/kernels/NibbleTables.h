// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NibbleTables.h - Cells as tables for byte shuffles -------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NIBBLETABLES_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NIBBLETABLES_H

#include "lib/Model/Crossbar/kernels/ClipTiles.h"

#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pumice::model {

/// The tables with which ClipTiles look up column sums. A step is a nibble with
/// the digits of 4, 2 or 1 rows. Cells are stored as packed bytes ("codes", one
/// or two per step) and expanded to tables when they are used.
class NibbleTables {
public:
  /// For levels of `cellBits` and digits of `dacBits` on up to `rows` rows.
  NibbleTables(int64_t cellBits, int64_t dacBits, int64_t rows)
      : cellBits(cellBits) {
    if (cellBits > 8 || dacBits > 4)
      return;
    const int64_t levelMax = (int64_t(1) << cellBits) - 1;
    const int64_t digitMax = (int64_t(1) << dacBits) - 1;
    const int64_t rowsOfNibble = 4 / dacBits;
    const int64_t entryMax = rowsOfNibble * levelMax * digitMax;
    if (entryMax > 255 || rows * levelMax * digitMax > ClipTiles::maxSum)
      return;
    rowsPerStep = rowsOfNibble;
    stepsPerChunk = 255 / entryMax;
    rowsPerCode = rowsPerStep;
    while (rowsPerCode * cellBits > 8)
      rowsPerCode /= 2;
    fill(dacBits);
  }

  /// False if sums or entries are too large.
  bool fit() const { return stepsPerChunk > 0; }
  /// Steps that `rows` rows take.
  int64_t steps(int64_t rows) const {
    return (rows + rowsPerStep - 1) / rowsPerStep;
  }

  /// Writes the codes of a column of cells.
  template <typename Level>
  void store(llvm::ArrayRef<Level> levels, uint8_t *codes) const {
    const int64_t rows = levels.size();
    for (int64_t k = 0; k < steps(rows) * rowsPerStep; k += rowsPerCode) {
      uint8_t code = 0;
      for (int64_t i = 0; i < rowsPerCode && k + i < rows; ++i)
        code |= levels[k + i] << (i * cellBits);
      *codes++ = code;
    }
  }
  /// Codes that a column of `rows` cells takes.
  int64_t codesOf(int64_t rows) const {
    return steps(rows) * (rowsPerStep / rowsPerCode);
  }

  /// Writes the tables of `steps` steps, [steps][16].
  void expand(const uint8_t *code, int64_t steps, uint8_t *tables) const {
    constexpr int64_t size = ClipTiles::tableSize;
    static_assert(size == 16);
    const int64_t codeTableSize = size << (rowsPerCode * cellBits);
    // Entries are bytes that do not overflow: add eight at a time.
    for (int64_t step = 0; step < steps; ++step) {
      uint64_t entries[2] = {};
      const uint8_t *codeTable = codeTables.data();
      for (int64_t row = 0; row < rowsPerStep; row += rowsPerCode) {
        uint64_t add[2];
        std::memcpy(add, codeTable + *code++ * size, size);
        entries[0] += add[0];
        entries[1] += add[1];
        codeTable += codeTableSize;
      }
      std::memcpy(tables + step * size, entries, size);
    }
  }

  int64_t rowsPerStep = 1;
  /// Steps whose entries cannot exceed 255 in total.
  int64_t stepsPerChunk = 0;

private:
  void fill(int64_t dacBits) {
    const int64_t digitMask = (int64_t(1) << dacBits) - 1;
    const int64_t levelMask = (int64_t(1) << cellBits) - 1;
    for (int64_t row = 0; row < rowsPerStep; row += rowsPerCode)
      for (int64_t code = 0; code < 1 << (rowsPerCode * cellBits); ++code)
        for (int64_t nibble = 0; nibble < ClipTiles::tableSize; ++nibble) {
          int64_t entry = 0;
          for (int64_t i = 0; i < rowsPerCode; ++i)
            entry += (nibble >> ((row + i) * dacBits) & digitMask) *
                     (code >> (i * cellBits) & levelMask);
          codeTables.push_back(entry); // entries that do not fit do not occur
        }
  }

  int64_t cellBits;
  int64_t rowsPerCode = 1;
  /// The contribution of the cells of each code to each entry of a table: [code
  /// of the step][code][16].
  std::vector<uint8_t> codeTables;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NIBBLETABLES_H
