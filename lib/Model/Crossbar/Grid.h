// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Grid.h - A weight matrix programmed on arrays ------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_GRID_H
#define PUMICE_LIB_MODEL_CROSSBAR_GRID_H

#include "lib/Model/Core/Value.h"
#include "lib/Model/Core/Window.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Crossbar/i_crossbar_kernel.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace pumice::model {

/// The arrays that hold one weight matrix. Immutable once programmed; may be
/// used from several threads.
class Grid {
public:
  /// Programs `weights` (i8, i16 or i32, two's complement, each within
  /// `matrix.weightBits`). The tensor is not kept. Fails if the matrix cannot
  /// be tiled, or on a wrong type, size or weight.
  static llvm::Expected<Grid> program(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Value &weights,
                                      WeightLayout layout);

  /// y[b][g*columns + n][oy][ox] = sum_k (x_k - inputZeroPoint) *
  /// (w_kn - weightZeroPoint), where the arrays deliver sum_k x_k * w_kn and
  /// the rest is exact. Padding feeds the value `inputZeroPoint`. `x` is NCHW
  /// of i8, i16 or i32 with at least `inputBits`; `y` is i32 or i64 and already
  /// allocated; only their number of elements is checked, so a linear layer may
  /// pass matrices. Fails on a wrong type or size, an input that does not fit
  /// in `inputBits`, accumulators that could overflow `y`, or calibrated
  /// converters without an adcRange.
  ///
  /// With a `histogram`, converters are lossless meanwhile, whatever the
  /// adcRange, and all sums that are converted are added to it. It is empty or
  /// of this grid, in bins of at least 1/65536 of the full-scale range. Arrays
  /// with other converters than calibrated ones take none.
  llvm::Error compute(const Value &x, const Window &window,
                      int64_t inputZeroPoint, int64_t weightZeroPoint, Value &y,
                      unsigned threads = 1,
                      SumHistogram *histogram = nullptr) const;

  const ArraySpec &array() const { return arraySpec; }
  const MatrixSpec &matrix() const { return matrixSpec; }
  const Tiling &tiling() const { return arrayTiling; }
  const ICrossbarKernel &kernel() const { return *implementation; }

private:
  Grid() = default;

  llvm::Error run(const ArraySpec &array, const Value &x, const Window &window,
                  int64_t inputZeroPoint, int64_t weightZeroPoint, Value &y,
                  SumHistogram *histogram, unsigned threads) const;

  ArraySpec arraySpec;
  MatrixSpec matrixSpec;
  Tiling arrayTiling;
  std::vector<int64_t> columnSums; ///< sum_k w_kn; [groups * columns]
  std::unique_ptr<const ICrossbarKernel> implementation;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_GRID_H
