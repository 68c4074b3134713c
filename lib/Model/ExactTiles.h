// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExactTiles.h - Inner loops of the integer product --------*- C++ -*-===//
//
// One set per instruction set; the best that the machine has is chosen at run
// time. All of them compute the same numbers: sums of products of 16-bit
// operands modulo 2^32.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_EXACTTILES_H
#define PUMICE_LIB_MODEL_EXACTTILES_H

#include <cstdint>

namespace pumice::model {

struct ExactTiles {
  /// Columns of one panel of weights: [pairs][panelColumns][2].
  static constexpr int64_t panelColumns = 16;
  static constexpr int64_t maxVectors = 3; ///< vectors of a tile of positions
  static constexpr int64_t maxLanes = 16;
  static constexpr int64_t maxWidth = maxVectors * maxLanes;
  static constexpr int64_t maxColumns = 8; ///< columns of a tile
  static constexpr int64_t maxVectorsOfInputs = 6;

  const char *name;
  int64_t lanes;       ///< 32-bit lanes of a vector
  int64_t tileColumns; ///< columns of a full tile of positions

  /// Columns of the tile to take when `left` are left: 1 or a full tile, which
  /// may reach into the padding of a panel.
  int64_t columnStep(int64_t left) const { return left > 1 ? tileColumns : 1; }

  /// to[i] = {first[i], second[i]} for i < count (a multiple of `lanes`), bytes
  /// widened to 16 bits with or without sign.
  void (*interleave)(const void *first, const void *second, int64_t count,
                     bool isSigned, int16_t *to);

  /// y[n][m] = bias[n] + term[m] + sum over pairs of x[pair][m] . w[pair][n]
  /// for `columns` (as columnStep gives) columns and `vectors` * lanes
  /// positions.
  void (*positions)(int64_t pairs, const int16_t *x, int64_t vectors,
                    const int16_t *w, int64_t columns, const int32_t *bias,
                    const int32_t *term, int32_t *y);

  /// y[m][n] = bias[n] + term[m] + sum over pairs of x[m][pair] . w[pair][n]
  /// for `count` <= maxVectorsOfInputs inputs and one panel of columns.
  void (*columns)(int64_t pairs, const int16_t *x, int64_t count,
                  const int16_t *w, const int32_t *bias, const int32_t *term,
                  int32_t *y);

  static const ExactTiles &portable();
  /// Null if the machine or the compiler lacks the instructions.
  static const ExactTiles *avx2();
  static const ExactTiles *avx512();
  static const ExactTiles &best();
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_EXACTTILES_H
