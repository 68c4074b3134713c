// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvertLoops.cpp - Codes of column sums ----------------------------===//
//
// Plain loops over lanes, compiled once for each instruction set and vectorised
// by the compiler. Floating-point operations are IEEE operations in a fixed
// order: this file is compiled without contraction to fused multiply-add.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/ConvertLoops.h"

#include "lib/Model/Simd.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

static constexpr int64_t lanes = ConvertLoops::lanes;

/// Rounds to an integer, half to even. From 2^22 on, where that would not work,
/// numbers are cut instead.
PUMICE_INLINE static int32_t roundToEven(float x) {
  constexpr float magic = 0x1.8p23f;
  return static_cast<int32_t>(std::abs(x) < 0x1p22f ? (x + magic) - magic : x);
}

/// The code next to sum * numerator / denominator, from one at most 1 beside.
/// Products are modulo 2^32: the remainder is small.
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

// A standard normal number with tail probability p on both sides together is
// sqrt(2) erfinv(1 - p). erfinv(x) / x is a polynomial in w = -log(1 - x^2), in
// two parts (Giles, Approximating the erfinv function, GPU Computing Gems 2,
// 2011); 1 - x^2 = p (2 - p) keeps the tails exact. The factors below include
// the sqrt(2).
static constexpr float tailBegin = 5;

template <int count>
PUMICE_INLINE static float polynomial(float x, const float (&factors)[count]) {
  float y = factors[0];
  PUMICE_UNROLL
  for (int i = 1; i < count; ++i)
    y = y * x + factors[i];
  return y;
}

PUMICE_INLINE static float central(float w) {
  constexpr float factors[] = {
      3.97426021e-08f,  4.85462635e-07f, -4.9828227e-06f,
      -6.21052823e-06f, 0.00030912002f,  -0.00177303492f,
      -0.00590813393f,  0.348802656f,    2.12331367f};
  return polynomial(w - 2.5f, factors);
}

PUMICE_INLINE static float tail(float w) {
  constexpr float factors[] = {
      -0.000283145724f, 0.000142765653f, 0.00190825947f,
      -0.00519501232f,  0.00811688974f,  -0.0107797878f,
      0.0133485785f,    1.41658103f,     4.00643444f};
  return polynomial(std::sqrt(w) - 3.0f, factors);
}

/// -log(x) for positive normal x, to about 1e-6.
PUMICE_INLINE static float minusLog(float x) {
  const int32_t bits = llvm::bit_cast<int32_t>(x);
  const float exponent = static_cast<float>((bits >> 23) - 127);
  const float y = llvm::bit_cast<float>((bits & 0x7FFFFF) | 0x3F800000) - 1.5f;
  // Interpolates log(1.5 + y) at the Chebyshev nodes of [-0.5, 0.5].
  constexpr float factors[] = {-0.0170296114f, 0.0304343458f, -0.0490726456f,
                               0.0982360989f,  -0.222232029f, 0.666683376f,
                               0.405465096f};
  return exponent * -0.693147182f - polynomial(y, factors);
}

PUMICE_INLINE static void addNoise(const int32_t *sums, float noise,
                                   uint64_t key, uint32_t first, float *noisy) {
  float w[lanes], z[lanes];
  int32_t anyTail = 0;
  for (int64_t i = 0; i < lanes; ++i) {
    const uint32_t bits = randomBits(key, first + static_cast<uint32_t>(i));
    const float p =
        (static_cast<float>(static_cast<int32_t>(bits >> 1)) + 0.5f) * 0x1p-31f;
    w[i] = minusLog(p * (2.0f - p));
    // The lowest bit of the random number becomes the sign.
    z[i] =
        llvm::bit_cast<float>(llvm::bit_cast<uint32_t>(1.0f - p) | bits << 31);
    anyTail |= w[i] >= tailBegin;
  }
  for (int64_t i = 0; i < lanes; ++i)
    noisy[i] = static_cast<float>(sums[i]) + noise * (z[i] * central(w[i]));
  if (!anyTail)
    return;
  for (int64_t i = 0; i < lanes; ++i)
    if (w[i] >= tailBegin)
      noisy[i] = static_cast<float>(sums[i]) + noise * (z[i] * tail(w[i]));
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

#define PUMICE_LOOPS(attribute, suffix)                                        \
  attribute static void convert##suffix(                                       \
      const CodeMap &map, int64_t digits, const int32_t *sums, int64_t stride, \
      const int32_t *weights, const uint64_t *keys, uint32_t first,            \
      int64_t shift, int64_t *acc) {                                           \
    convert(map, digits, sums, stride, weights, keys, first, shift, acc);      \
  }                                                                            \
  attribute static void addNoise##suffix(const int32_t *sums, float noise,     \
                                         uint64_t key, uint32_t first,         \
                                         float *noisy) {                       \
    addNoise(sums, noise, key, first, noisy);                                  \
  }

PUMICE_LOOPS(, Portable)

const ConvertLoops &ConvertLoops::portable() {
  static const ConvertLoops loops = {"portable", convertPortable,
                                     addNoisePortable};
  return loops;
}

#if defined(__x86_64__)

PUMICE_LOOPS(PUMICE_AVX2, Avx2)
PUMICE_LOOPS(PUMICE_AVX512, Avx512)

const ConvertLoops *ConvertLoops::avx2() {
  static const ConvertLoops loops = {"avx2", convertAvx2, addNoiseAvx2};
  return __builtin_cpu_supports("avx2") ? &loops : nullptr;
}

const ConvertLoops *ConvertLoops::avx512() {
  static const ConvertLoops loops = {"avx512", convertAvx512, addNoiseAvx512};
  return __builtin_cpu_supports("avx512bw") ? &loops : nullptr;
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
