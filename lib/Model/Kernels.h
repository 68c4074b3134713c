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
std::unique_ptr<const ICrossbarKernel> makeExactKernel(const MatrixSpec &matrix,
                                                       WeightColumns weights);

/// Arrays whose converters saturate: the exact product, less what conversions
/// that exceed the saturation point lose. Column sums that cannot exceed it,
/// which is known from the weights, cost nothing beyond the exact product.
std::unique_ptr<const ICrossbarKernel> makeClipKernel(const ArraySpec &array,
                                                      const MatrixSpec &matrix,
                                                      const Tiling &tiling,
                                                      WeightColumns weights);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_KERNELS_H
