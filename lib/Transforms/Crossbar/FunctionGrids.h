// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FunctionGrids.h - The arrays of a net or a table ---------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_CROSSBAR_FUNCTIONGRIDS_H
#define PUMICE_LIB_TRANSFORMS_CROSSBAR_FUNCTIONGRIDS_H

#include "dialects/Crossbar/Crossbar.h"
#include "llvm/Support/Error.h"

namespace pumice {

/// A grid to program for a net or a table.
struct FunctionGrid {
  crossbar::GridType type;
  crossbar::TilingAttr tiling;
  mlir::RankedTensorType weightsType; ///< of `makeWeights`
};

/// Grids of `array` for `copies` copies of `function`, a net or a table; of a
/// net, the multiple of the copies in an array that is nearest above. Fails if
/// the array does not deliver the exact sums of the layers, or does not take
/// their inputs or weights.
llvm::Expected<llvm::SmallVector<FunctionGrid>>
gridsFor(mlir::Operation *function, int64_t copies,
         crossbar::CrossbarArrayAttr array);

/// The weights of grid `index` of `function`.
mlir::DenseElementsAttr makeWeights(mlir::Operation *function, size_t index,
                                    const FunctionGrid &grid);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_CROSSBAR_FUNCTIONGRIDS_H
