// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvertLoops.cpp - Codes of column sums ----------------------------===//
//
// Plain loops over lanes, compiled once for each instruction set and vectorised
// by the compiler. Floating-point operations are IEEE operations in a fixed
// order: this file is compiled without contraction to fused multiply-add.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/Crossbar/kernels/ConvertLoops.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

#include "llvm/ADT/bit.h"

#include <algorithm>

using namespace pumice::model;

static constexpr int64_t lanes = ConvertLoops::lanes;

/// Rounds to an integer, half to even.
PUMICE_INLINE static int32_t roundToEven(float x) {
#if defined(__GNUC__) && !defined(__clang__)
  return __builtin_irintf(x);
#else
  return static_cast<int32_t>(__builtin_rintf(x));
#endif
}

/// The code closest to sum * numerator / denominator, given one that is off by
/// at most 1. Products are modulo 2^32: the remainder is small.
PUMICE_INLINE static int32_t correct(const CodeMap &map, int32_t sum,
                                     int32_t code) {
  const uint32_t product = static_cast<uint32_t>(sum) * map.numerator;
  const int32_t remainder = static_cast<int32_t>(
      product - static_cast<uint32_t>(code) * map.denominator);
  const int32_t odd = code & 1;
  const int32_t up = 2 * remainder + odd > map.denominator;
  const int32_t down = 2 * remainder - odd < -map.denominator;
  return code + up - down;
}

//===----------------------------------------------------------------------===//
// Noise
//===----------------------------------------------------------------------===//

/// 32 random bits for lane `i` of the stream `key`.
PUMICE_INLINE static uint32_t randomBits(uint64_t key, uint32_t i) {
  // Multiplications and shifts of Wellons' triple32 hash, half of the key
  // before the first and half before the second round.
  uint32_t h = i + static_cast<uint32_t>(key);
  h ^= h >> 17;
  h *= 0xED5AD4BBu;
  h ^= h >> 11;
  h += static_cast<uint32_t>(key >> 32);
  h *= 0xAC4C1B51u;
  h ^= h >> 15;
  h *= 0x31848BABu;
  h ^= h >> 14;
  return h;
}

template <int count>
PUMICE_INLINE static float polynomial(float x, const float (&factors)[count]) {
  float y = factors[0];
  PUMICE_UNROLL
  for (int i = 1; i < count; ++i)
    y = y * x + factors[i];
  return y;
}

/// A standard normal number from 32 random bits: one of them is the sign, the
/// rest the probability p of both tails together. As in Giles (Approximating
/// the erfinv function, GPU Computing Gems 2, 2011), the quantile is 1 - p
/// times a smooth function of w = -log(p (2 - p)); ours is one polynomial of t
/// = w * 2 / 22.1 - 1, which keeps the error below 2e-5 for |z| < 2, 6e-5 for
/// |z| < 3 and 7e-4 up to the largest, 6.3.
PUMICE_INLINE static float normal(uint32_t bits) {
  const float p =
      (static_cast<float>(static_cast<int32_t>(bits >> 1)) + 0.5f) * 0x1p-31f;
  const float q = p * (2.0f - p);
  // t from the exponent of q, and the mantissa as 1.5 + y.
  constexpr float ofMantissa[] = {-0.0026976259f,  0.00501676789f,
                                  -0.00890775584f, 0.0200578421f,
                                  -0.0603322461f,  -1.03669298f};
  const int32_t pattern = llvm::bit_cast<int32_t>(q);
  const float y =
      llvm::bit_cast<float>((pattern & 0x7FFFFF) | 0x3F800000) - 1.5f;
  const float exponent = static_cast<float>((pattern >> 23) - 127);
  const float t = exponent * -0.0627282485f + polynomial(y, ofMantissa);
  constexpr float quantile[] = {-0.271282732f,   -0.0897538066f, 0.714852512f,
                                0.00269929669f,  -0.481006384f,  0.0281687342f,
                                -0.00121209421f, 0.281486332f,   -0.589123189f,
                                2.36333847f,     4.46706247f};
  const float x =
      llvm::bit_cast<float>(llvm::bit_cast<uint32_t>(1.0f - p) | bits << 31);
  return x * polynomial(t, quantile);
}

PUMICE_INLINE static void addNoise(const int32_t *sums, float noise,
                                   uint64_t key, uint32_t first, float *noisy) {
  for (int64_t i = 0; i < lanes; ++i)
    noisy[i] =
        static_cast<float>(sums[i]) +
        noise * normal(randomBits(key, first + static_cast<uint32_t>(i)));
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

PUMICE_INLINE static void convert(const CodeMap &map, int64_t digits,
                                  const int32_t *sums, int64_t stride,
                                  const int32_t *weights, const uint64_t *keys,
                                  uint32_t first, int64_t shift, int64_t *acc) {
  int32_t part[lanes] = {};
  const CodeMap m = map; // which no store can change
  for (int64_t d = 0; d < digits; ++d, sums += stride) {
    const int32_t weight = weights[d];
    if (m.noise != 0) {
      const auto low = static_cast<float>(m.low);
      const auto high = static_cast<float>(m.high);
      float noisy[lanes];
      addNoise(sums, m.noise, keys[d], first, noisy);
      for (int64_t i = 0; i < lanes; ++i) {
        // Within the range before it becomes an integer.
        float code = noisy[i] * m.scale;
        code = code < low ? low : code;
        code = code > high ? high : code;
        part[i] += weight * std::min(roundToEven(code), m.high);
      }
    } else if (m.exact) {
      for (int64_t i = 0; i < lanes; ++i) {
        const int32_t code = roundToEven(static_cast<float>(sums[i]) * m.scale);
        part[i] += weight * std::min(std::max(code, m.low), m.high);
      }
    } else {
      for (int64_t i = 0; i < lanes; ++i) {
        const int32_t code = correct(
            m, sums[i],
            static_cast<int32_t>(static_cast<float>(sums[i]) * m.scale));
        part[i] += weight * std::min(std::max(code, m.low), m.high);
      }
    }
  }
  for (int64_t i = 0; i < lanes; ++i)
    acc[i] +=
        static_cast<int64_t>(static_cast<uint64_t>(int64_t(part[i])) << shift);
}

void CodeMap::prepare(int64_t least, int64_t most) {
  constexpr int64_t mostSums = 1 << 17;
  scale = static_cast<float>(double(numerator) / denominator);
  exact = false;
  if (most - least > mostSums)
    return;
  for (int64_t sum = least; sum <= most; ++sum) {
    const float code = static_cast<float>(sum) * scale;
    const auto start = static_cast<int32_t>(code);
    auto clamp = [&](int32_t c) { return std::clamp(c, low, high); };
    if (clamp(roundToEven(code)) !=
        clamp(correct(*this, static_cast<int32_t>(sum), start)))
      return;
  }
  exact = true;
}

// The functions for an instruction set; `...` is its attribute.
#define PUMICE_LOOPS(suffix, ...)                                              \
  __VA_ARGS__ static void convert##suffix(                                     \
      const CodeMap &map, int64_t digits, const int32_t *sums, int64_t stride, \
      const int32_t *weights, const uint64_t *keys, uint32_t first,            \
      int64_t shift, int64_t *acc) {                                           \
    convert(map, digits, sums, stride, weights, keys, first, shift, acc);      \
  }                                                                            \
  __VA_ARGS__ static void addNoise##suffix(const int32_t *sums, float noise,   \
                                           uint64_t key, uint32_t first,       \
                                           float *noisy) {                     \
    addNoise(sums, noise, key, first, noisy);                                  \
  }

PUMICE_LOOPS(Portable, )

const ConvertLoops &ConvertLoops::portable() {
  static const ConvertLoops loops = {"portable", convertPortable,
                                     addNoisePortable};
  return loops;
}

#if defined(__x86_64__)

PUMICE_LOOPS(Avx2, PUMICE_AVX2)
PUMICE_LOOPS(Avx512, PUMICE_AVX512)

const ConvertLoops *ConvertLoops::avx2() {
  static const ConvertLoops loops = {"avx2", convertAvx2, addNoiseAvx2};
  return mayUse(InstructionSet::Avx2) ? &loops : nullptr;
}

const ConvertLoops *ConvertLoops::avx512() {
  static const ConvertLoops loops = {"avx512", convertAvx512, addNoiseAvx512};
  return mayUse(InstructionSet::Avx512) ? &loops : nullptr;
}

#else

const ConvertLoops *ConvertLoops::avx2() { return nullptr; }
const ConvertLoops *ConvertLoops::avx512() { return nullptr; }

#endif

const ConvertLoops &ConvertLoops::best() {
  if (const ConvertLoops *loops = avx512())
    return *loops;
  if (const ConvertLoops *loops = avx2())
    return *loops;
  return portable();
}
