// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LiteralKernel.cpp - The definition, conversion by conversion -------===//
#include "lib/Model/Encoding.h"
#include "lib/Model/Kernels.h"
#include "lib/Model/Parallel.h"
#include "lib/Model/Patches.h"

#include <numeric>
#include <vector>

using namespace pumice::model;

namespace {

class LiteralKernel final : public ICrossbarKernel {
public:
  LiteralKernel(const ArraySpec &array, const MatrixSpec &matrix,
                const Tiling &tiling, WeightColumns weights)
      : array(array), matrix(matrix), tiling(tiling),
        digits(inputDigits(array, matrix)),
        weights(weights.begin(), weights.end()) {}

  llvm::StringRef name() const override { return "literal"; }

  void compute(const CrossbarJob &job) const override {
    withPatches(matrix, job.window, job.x, job.padCode, [&](auto patches) {
      const int64_t positions = job.window.positions();
      parallelFor(job.threads, job.window.count(), [&](int64_t m) {
        std::vector<int64_t> x(matrix.rows);
        for (int64_t g = 0; g < matrix.groups; ++g) {
          const int64_t b = m / positions, p = m % positions;
          patches.vector(b, g, p, x.data());
          const uint64_t inputSum =
              std::accumulate(x.begin(), x.end(), uint64_t(0));
          for (int64_t n = g * matrix.columns; n < (g + 1) * matrix.columns;
               ++n) {
            // Unsigned: intermediate sums may wrap, the result fits.
            uint64_t y = arrays(x, n) - weightOffset(matrix) * inputSum +
                         job.columnBias[n] + job.inputSumFactor * inputSum;
            int64_t at =
                (b * matrix.groups * matrix.columns + n) * positions + p;
            if (job.y.type() == ElementType::i32)
              job.y.asMutable<int32_t>()[at] = static_cast<int32_t>(y);
            else
              job.y.asMutable<int64_t>()[at] = static_cast<int64_t>(y);
          }
        }
      });
    });
  }

private:
  /// The shifted sum of all conversions of one column for one input vector.
  uint64_t arrays(llvm::ArrayRef<int64_t> x, int64_t column) const {
    const int32_t *w = weights.data() + column * matrix.rows;
    uint64_t sum = 0;
    for (int64_t first = 0; first < matrix.rows; first += array.rows) {
      const int64_t end = std::min(first + array.rows, matrix.rows);
      for (const InputDigit &digit : digits)
        for (int64_t s = 0; s < tiling.slices; ++s) {
          int64_t current = 0;
          for (int64_t k = first; k < end; ++k)
            current += digit.of(x[k]) * cellLevel(array, matrix, w[k], s);
          const uint64_t shifted = static_cast<uint64_t>(convert(array, current))
                                   << (digit.shift + s * array.cellBits);
          sum += digit.negative ? -shifted : shifted;
        }
    }
    return sum;
  }

  ArraySpec array;
  MatrixSpec matrix;
  Tiling tiling;
  std::vector<InputDigit> digits;
  std::vector<int32_t> weights;
};

} // namespace

std::unique_ptr<const ICrossbarKernel>
pumice::model::makeLiteralKernel(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 WeightColumns weights) {
  return std::make_unique<LiteralKernel>(array, matrix, tiling, weights);
}
