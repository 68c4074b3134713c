// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- i_crossbar_kernel.h - Contract of crossbar kernels -------*- C++ -*-===//
//
// A kernel holds one programmed matrix in its own form and computes the results
// that the arrays deliver. Grid handles everything that does not depend on the
// converter (checks, zero points).
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_I_CROSSBAR_KERNEL_H
#define PUMICE_LIB_MODEL_CROSSBAR_I_CROSSBAR_KERNEL_H

#include "lib/Model/Core/Value.h"
#include "lib/Model/Core/Window.h"
#include "lib/Model/Crossbar/Tiling.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pumice::model {

/// Histogram of the values of column sums.
struct SumHistogram {
  int64_t width = 1; ///< of a bin
  /// Number of sums in [i * width, (i + 1) * width), in levels, rounded up to
  /// integers and clamped to [0, limit]. There are no more bins than the sums
  /// need.
  std::vector<uint64_t> counts;
  int64_t limit = 0;
  int64_t largest = 0; ///< sum, after that

  void add(int64_t sum) {
    sum = std::clamp<int64_t>(sum, 0, limit);
    largest = std::max(largest, sum);
    const size_t bin = sum / width;
    if (bin >= counts.size())
      counts.resize(bin + 1);
    ++counts[bin];
  }
  void add(const SumHistogram &other) {
    largest = std::max(largest, other.largest);
    counts.resize(std::max(counts.size(), other.counts.size()));
    for (size_t bin = 0; bin < other.counts.size(); ++bin)
      counts[bin] += other.counts[bin];
  }
};

/// One use of a programmed matrix. The caller has checked that shapes agree,
/// that inputs and `padCode` fit in `inputBits`, and that results fit in `y`.
struct CrossbarJob {
  const Window &window;
  const Value &x;  ///< NCHW; i8, i16 or i32, signed as the matrix's inputs are
  int64_t padCode; ///< input value of padding
  /// Added to every result of a column; [groups * columns].
  llvm::ArrayRef<int64_t> columnBias;
  /// Every result also gets this times the exact sum of its inputs.
  int64_t inputSumFactor;
  Value &y; ///< i32 or i64, [batch][groups * columns][positions]
  /// True if every result, including bias and input sum, fits in 32 bits; then
  /// arithmetic modulo 2^32 is exact.
  bool fits32;
  unsigned threads;
  /// Calibration: converters are lossless and all sums are added to this. Only
  /// kernels of arrays with calibrated converters take it.
  SumHistogram *histogram = nullptr;
};

class ICrossbarKernel {
public:
  virtual ~ICrossbarKernel() = default;

  /// Short name for reports and tests.
  virtual llvm::StringRef name() const = 0;

  /// y[m][n] = A(x_m, w_n) + columnBias[n] + inputSumFactor * sum_k x_mk, where
  /// A is the product sum as the arrays deliver it (docs/numerics.md).
  /// The result does not depend on the number of threads.
  virtual void compute(const CrossbarJob &job) const = 0;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_I_CROSSBAR_KERNEL_H
