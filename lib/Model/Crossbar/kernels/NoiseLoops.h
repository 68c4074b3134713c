// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NoiseLoops.h - Sums of columns whose cells have noise ----*- C++ -*-===//
//
// Sums and variances of one column for several input vectors at once. All
// versions compute the same bits.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NOISELOOPS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NOISELOOPS_H

#include <cstdint>

namespace pumice::model {

struct NoiseLoops {
  static constexpr int64_t lanes = 32;

  /// of[i] = sum_k variances[k] * digits[k][i]^2, in the order of k, for
  /// `lanes` lanes.
  void (*variances)(int64_t rows, const float *variances,
                    const uint32_t *digits, float *of);
  /// The same, and sums[i] = sum_k cells[k] * digits[k][i].
  void (*sums)(int64_t rows, const int16_t *cells, const float *variances,
               const uint32_t *digits, int32_t *sums, float *of);

  /// The best version for this machine.
  static const NoiseLoops &best();
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_NOISELOOPS_H
