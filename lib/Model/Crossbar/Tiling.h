// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tiling.h - How a weight matrix is cut into arrays --------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_TILING_H
#define PUMICE_LIB_MODEL_CROSSBAR_TILING_H

#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace pumice::model {

/// A programmed weight matrix: `groups` independent matrices of `rows` inputs
/// by `columns` outputs each (a dense layer has one group; a depthwise
/// convolution one per channel).
struct MatrixSpec {
  int64_t groups = 1;
  int64_t rows = 0;    ///< inputs of one group (K)
  int64_t columns = 0; ///< outputs of one group (N)
  int64_t weightBits = 8;
  int64_t inputBits = 8;
  bool inputSigned = false; ///< two's complement inputs
  /// Largest column sum that a `calibrated` converter resolves, in levels; 0:
  /// not calibrated.
  int64_t adcRange = 0;
  /// Number of the matrix in its program: cells and noise differ between them.
  int64_t layer = 0;
  /// Of a matrix that is a part of a larger one: the sizes of that one (0: as
  /// large as this one) and where the part begins. The tensor of weights and
  /// the window are those of the whole.
  int64_t wholeGroups = 0, wholeRows = 0, wholeColumns = 0;
  int64_t firstGroup = 0, firstRow = 0, firstColumn = 0;

  int64_t groupsOfWhole() const { return wholeGroups ? wholeGroups : groups; }
  int64_t rowsOfWhole() const { return wholeRows ? wholeRows : rows; }
  int64_t columnsOfWhole() const {
    return wholeColumns ? wholeColumns : columns;
  }
};

/// Order of the weights in the tensor from which a grid is programmed.
enum class WeightLayout {
  filters, ///< [groups * columns][rows]; a flattened FCHW convolution filter
  matrix,  ///< [groups][rows][columns]; for one group a plain [K][N] matrix
};

/// How a matrix is laid out on arrays.
struct Tiling {
  int64_t rowTiles = 1;       ///< arrays along the inputs of one group
  int64_t columnTiles = 1;    ///< arrays along the outputs of one group
  int64_t slices = 1;         ///< cells that hold one weight, in one array row
  int64_t weightsPerRow = 1;  ///< weights that fit in one row of an array
  int64_t groupsPerArray = 1; ///< groups on the block diagonal of one array;
                              ///< more than 1 only if a group fits in an array
  int64_t arrays = 1;         ///< in total
};

/// Tiles [first, first + count) of a tiling, one on each array. Tiles are
/// numbered by block of groups, in it by column and in it by row (the order in
/// which schedules write them).
struct TileRange {
  int64_t first = 0;
  int64_t count = 0;
};

/// Number of the array of a tiling that holds a tile.
inline int64_t arrayOfTile(const Tiling &tiling, int64_t tile) {
  const int64_t perBlock = tiling.rowTiles * tiling.columnTiles;
  const int64_t block = tile / perBlock, within = tile % perBlock;
  return (block * tiling.rowTiles + within % tiling.rowTiles) *
             tiling.columnTiles +
         within / tiling.rowTiles;
}

/// Cuts `matrix` into arrays. Fails, naming the field and both numbers, if the
/// periphery of the array cannot handle it.
llvm::Expected<Tiling> tile(const ArraySpec &array, const MatrixSpec &matrix);

/// Rows that one read drives, at most.
inline int64_t rowsPerRead(const ArraySpec &array) {
  return array.rowsPerRead.value_or(array.rows);
}

/// Number of segments in which the rows of one group in the fullest tile are
/// read, one after another.
int64_t segmentsPerTile(const ArraySpec &array, const MatrixSpec &matrix);

/// Reads of one segment that one input vector takes: one per `dacBits` of the
/// input; the sign bit of signed inputs has a separate read, because its weight
/// is negative.
int64_t readsPerWindow(const ArraySpec &array, const MatrixSpec &matrix);

/// Largest sum of one read, in levels; `full_scale` converters resolve this
/// range.
int64_t fullScaleRange(const ArraySpec &array);

/// Largest sum that converters other than `lossless` resolve, in levels. A
/// converter that is not calibrated counts as `full_scale`. A converter with
/// enough output codes resolves every level.
int64_t resolvedRange(const ArraySpec &array, const MatrixSpec &matrix);

/// Fails unless the converters deliver the exact sum of `rows` rows, whatever
/// cells and inputs hold.
llvm::Error verifyExactSums(const ArraySpec &array, int64_t rows);

/// Most rows of which the converters deliver the exact sum; 0: of none.
int64_t exactRows(const ArraySpec &array);

/// Bits of a two's complement accumulator that holds every possible
/// sum_k (x_k - inputZeroPoint) * (w_k - weightZeroPoint) of `matrix` as the
/// arrays deliver it, for any value of each conversion within its range: from 0
/// to its sum if cells are ideal and output codes do not scale. Returns 65 for
/// more than 64.
int64_t accumulatorBits(const ArraySpec &array, const MatrixSpec &matrix,
                        int64_t inputZeroPoint, int64_t weightZeroPoint);

/// Fails if accumulators of `availableBits` could overflow or a zero point does
/// not fit its type.
llvm::Error verifyAccumulator(const ArraySpec &array, const MatrixSpec &matrix,
                              int64_t inputZeroPoint, int64_t weightZeroPoint,
                              int64_t availableBits);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_TILING_H
