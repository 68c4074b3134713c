// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Kernels.h - The crossbar kernels -------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_KERNELS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_KERNELS_H

#include "lib/Model/Core/Value.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Crossbar/i_crossbar_kernel.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>

namespace pumice::model {

/// Reads weights, each of which is within weightBits, by column.
class WeightReader {
public:
  WeightReader(const MatrixSpec &matrix, const Value &weights,
               WeightLayout layout)
      : matrix(matrix), weights(weights), layout(layout) {}

  /// out[i] = weight of input row first + i, output column n of group g.
  void read(int64_t g, int64_t n, int64_t first,
            llvm::MutableArrayRef<int32_t> out) const;

private:
  const MatrixSpec &matrix;
  const Value &weights;
  WeightLayout layout;
};

/// For arrays whose conversions all return the ideal sum: computes the integer
/// product.
std::unique_ptr<const ICrossbarKernel>
makeExactKernel(const MatrixSpec &matrix, const WeightReader &weights);

/// For arrays whose converters saturate: computes the exact product minus the
/// losses of conversions that exceed the saturation point. The weights show
/// which column sums cannot exceed it; these cost nothing beyond the exact
/// product.
std::unique_ptr<const ICrossbarKernel>
makeClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
               const Tiling &tiling, const WeightReader &weights);

/// For any arrays: forms and converts every column sum.
std::unique_ptr<const ICrossbarKernel>
makeConvertKernel(const ArraySpec &array, const MatrixSpec &matrix,
                  const Tiling &tiling, const WeightReader &weights);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_KERNELS_H
