// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NoiseLoops.cpp - Sums of columns whose cells have noise ------------===//
//
// Plain loops over lanes, compiled once for each instruction set and vectorised
// by the compiler, without contraction to fused multiply-add.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/Crossbar/kernels/NoiseLoops.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

using namespace pumice::model;

static constexpr int64_t lanes = NoiseLoops::lanes;

/// One loop for both, so that the compiler keeps the order of k.
template <bool withSums>
PUMICE_INLINE static void sum(int64_t rows, const int16_t *cells,
                              const float *variances, const uint32_t *digits,
                              int32_t *sums, float *of) {
  int32_t ownSums[lanes] = {}; // which no store can change
  float own[lanes] = {};
  for (int64_t k = 0; k < rows; ++k, digits += lanes) {
    const float variance = variances[k];
    const int32_t cell = withSums ? cells[k] : 0;
    for (int64_t i = 0; i < lanes; ++i) {
      const auto digit = static_cast<int32_t>(digits[i]);
      if constexpr (withSums)
        ownSums[i] += cell * digit;
      const auto real = static_cast<float>(digit);
      own[i] += variance * (real * real);
    }
  }
  for (int64_t i = 0; i < lanes; ++i) {
    if constexpr (withSums)
      sums[i] = ownSums[i];
    of[i] = own[i];
  }
}

// The functions for an instruction set; `...` is its attribute.
#define PUMICE_LOOPS(suffix, ...)                                              \
  __VA_ARGS__ static void variances##suffix(                                   \
      int64_t rows, const float *variances, const uint32_t *digits,            \
      float *of) {                                                             \
    sum<false>(rows, nullptr, variances, digits, nullptr, of);                 \
  }                                                                            \
  __VA_ARGS__ static void sums##suffix(                                        \
      int64_t rows, const int16_t *cells, const float *variances,              \
      const uint32_t *digits, int32_t *sums, float *of) {                      \
    sum<true>(rows, cells, variances, digits, sums, of);                       \
  }

PUMICE_LOOPS(Portable, )
#if defined(__x86_64__)
PUMICE_LOOPS(Avx2, PUMICE_AVX2)
PUMICE_LOOPS(Avx512, PUMICE_AVX512)
#endif

const NoiseLoops &NoiseLoops::best() {
#if defined(__x86_64__)
  static const NoiseLoops avx512 = {variancesAvx512, sumsAvx512};
  if (mayUse(InstructionSet::Avx512))
    return avx512;
  static const NoiseLoops avx2 = {variancesAvx2, sumsAvx2};
  if (mayUse(InstructionSet::Avx2))
    return avx2;
#endif
  static const NoiseLoops portable = {variancesPortable, sumsPortable};
  return portable;
}
