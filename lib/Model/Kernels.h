// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Kernels.h - The crossbar kernels -------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_KERNELS_H
#define PUMICE_LIB_MODEL_KERNELS_H

#include "lib/Model/Tiling.h"
#include "lib/Model/i_crossbar_kernel.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>

namespace pumice::model {

/// Weights by column: [groups * columns][rows], each within weightBits.
using WeightColumns = llvm::ArrayRef<int32_t>;

/// Arrays whose conversions all return the ideal sum: the integer product.
std::unique_ptr<const ICrossbarKernel>
makeExactKernel(const MatrixSpec &matrix, WeightColumns weights);

/// Arrays whose converters saturate. Columns that cannot reach the saturation
/// point cost no more than the exact kernel.
std::unique_ptr<const ICrossbarKernel>
makeClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
               const Tiling &tiling, WeightColumns weights);

/// The definition, conversion by conversion, for every mode and shape: what the
/// other kernels are tested against, and the fallback for what they lack.
std::unique_ptr<const ICrossbarKernel>
makeLiteralKernel(const ArraySpec &array, const MatrixSpec &matrix,
                  const Tiling &tiling, WeightColumns weights);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_KERNELS_H
