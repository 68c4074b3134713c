// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvertLoops.h - Conversion of column sums ---------------*- C++ -*-===//
//
// Conversion of column sums to output codes, for several input vectors at once.
// All versions compute the same bits, including noise.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CONVERTLOOPS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CONVERTLOOPS_H

#include <cstdint>

namespace pumice::model {

/// A converter for sums that are 32-bit integers, in any unit.
struct CodeMap {
  /// code = round(sum * numerator / denominator) within [low, high].
  int32_t numerator, denominator; ///< below 2^30
  int32_t low, high;
  float scale; ///< numerator / denominator
  /// Rounding sum * scale gives the exact code of every sum that occurs.
  bool exact;
  /// Sigma of the noise that is added to sums, in their unit; 0: none.
  float noise;

  /// Sets `scale`, and sets `exact` if rounding is exact for all sums in
  /// [least, most].
  void prepare(int64_t least, int64_t most);
};

struct ConvertLoops {
  static constexpr int64_t lanes = 32;

  const char *name;

  /// acc[i] += sum_d weights[d] * code(sums[d][i]) << shift for `lanes` lanes.
  ///   sums    [digits], `stride` apart, [lanes]
  ///   weights sum_d |weights[d] * code| < 2^31
  ///   keys    [digits], of the noise
  ///   first   number of the first lane, which determines the noise
  void (*convert)(const CodeMap &map, int64_t digits, const int32_t *sums,
                  int64_t stride, const int32_t *weights, const uint64_t *keys,
                  uint32_t first, int64_t shift, int64_t *acc);

  /// noisy[i] = sums[i] + noise, for `lanes` lanes.
  void (*addNoise)(const int32_t *sums, float noise, uint64_t key,
                   uint32_t first, float *noisy);

  static const ConvertLoops &portable();
  /// Null if the machine or the compiler lacks the instructions.
  static const ConvertLoops *avx2();
  static const ConvertLoops *avx512();
  static const ConvertLoops &best();
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CONVERTLOOPS_H
