// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExactTiles.h - Inner loops of the integer product --------*- C++ -*-===//
//
// One set of functions per instruction set; the fastest that the machine
// supports is chosen at run time. All compute the same numbers: sums of
// products modulo 2^32. Operands come in words of 32 bits: 2 of 16 bits, or,
// where the machine multiplies bytes without saturation, 4 of 8 bits with
// unsigned inputs.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_EXACTTILES_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_EXACTTILES_H

#include <cstdint>

namespace pumice::model {

struct ExactTiles {
  /// Columns of one panel of weights: words [steps][panelColumns].
  static constexpr int64_t panelColumns = 16;
  static constexpr int64_t maxRowsPerWord = 4;
  static constexpr int64_t maxVectors = 3; ///< vectors of a tile of positions
  static constexpr int64_t maxLanes = 16;
  static constexpr int64_t maxWidth = maxVectors * maxLanes;
  static constexpr int64_t maxColumns = 8; ///< columns of a tile
  static constexpr int64_t maxVectorsOfInputs = 6;

  const char *name;
  int64_t lanes;       ///< 32-bit lanes of a vector
  int64_t tileColumns; ///< columns of a full tile of positions

  /// Columns of the next tile when `left` columns remain: 1 or a full tile,
  /// which may extend into the padding of a panel.
  int64_t columnStep(int64_t left) const { return left > 1 ? tileColumns : 1; }

  int64_t rowsPerWord; ///< 2 operands of 16 bits, or 4 of 8 bits

  /// to[i] = {rows[0][i], rows[1][i], ...} for i < count (a multiple of
  /// `lanes`). Bytes are widened to 16 bits with or without sign, or they stay
  /// bytes and 128 is added to signed ones.
  void (*interleave)(const uint8_t *const *rows, int64_t count, bool isSigned,
                     int32_t *to);

  /// y[n][m] = bias[n] + term[m] + sum over steps of x[step][m] . w[step][n]
  /// for `columns` (as columnStep gives) columns and `vectors` * lanes
  /// positions.
  void (*positions)(int64_t steps, const int32_t *x, int64_t vectors,
                    const int32_t *w, int64_t columns, const int32_t *bias,
                    const int32_t *term, int32_t *y);

  /// y[m][n] = bias[n] + term[m] + sum over steps of x[m][step] . w[step][n]
  /// for `count` <= maxVectorsOfInputs inputs and one panel of columns.
  void (*columns)(int64_t steps, const int32_t *x, int64_t count,
                  const int32_t *w, const int32_t *bias, const int32_t *term,
                  int32_t *y);

  static const ExactTiles &portable();
  /// Null if the machine or the compiler lacks the instructions.
  static const ExactTiles *avx2();
  static const ExactTiles *avx512();
  /// Operates on bytes: for weights and inputs of at most 8 bits.
  static const ExactTiles *avx512Bytes();
  static const ExactTiles &best(bool bytes);
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_EXACTTILES_H
