// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/kernels/ClipTiles.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"
#include "lib/Model/Crossbar/kernels/WithDigits.h"

#include <algorithm>

using namespace pumice::model;

#if defined(__x86_64__)

//===----------------------------------------------------------------------===//
// AVX2
//===----------------------------------------------------------------------===//

/// Weights of two reads, as multiply-and-add-pairs takes them.
static int32_t weightPair(const int16_t *weights, int digit, int digits) {
  const uint32_t low = static_cast<uint16_t>(weights[digit]);
  const uint32_t high =
      digit + 1 < digits ? static_cast<uint16_t>(weights[digit + 1]) : 0;
  return static_cast<int32_t>(low | high << 16);
}

/// Column sums of 32 lanes, as 16-bit numbers: `low` gets those of lanes 0-7
/// and 16-23, `high` those of lanes 8-15 and 24-31.
template <int digits>
PUMICE_AVX2 PUMICE_INLINE static void
columnSumsAvx2(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
               const uint8_t *indices, __m256i *low, __m256i *high) {
  const __m256i zero = _mm256_setzero_si256();
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    low[d] = high[d] = zero;
  for (int64_t begin = 0; begin < nibbles; begin += perChunk) {
    const int64_t end = std::min(begin + perChunk, nibbles);
    __m256i bytes[digits];
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d)
      bytes[d] = zero;
    for (int64_t i = begin; i < end; ++i) {
      const __m256i table = _mm256_broadcastsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(tables + i * 16)));
      PUMICE_UNROLL
      for (int d = 0; d < digits; ++d) {
        const __m256i index =
            _mm256_loadu_si256(reinterpret_cast<const __m256i *>(
                indices + (d * nibbles + i) * 32));
        bytes[d] = _mm256_add_epi8(bytes[d], _mm256_shuffle_epi8(table, index));
      }
    }
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d) {
      low[d] = _mm256_add_epi16(low[d], _mm256_unpacklo_epi8(bytes[d], zero));
      high[d] = _mm256_add_epi16(high[d], _mm256_unpackhi_epi8(bytes[d], zero));
    }
  }
}

template <int digits>
PUMICE_AVX2 static void sumsTileAvx2(int64_t nibbles, int64_t perChunk,
                                     const uint8_t *tables,
                                     const uint8_t *indices, int32_t *sums) {
  __m256i low[digits], high[digits];
  columnSumsAvx2<digits>(nibbles, perChunk, tables, indices, low, high);
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d) {
    auto *to = reinterpret_cast<__m256i *>(sums + 32 * d);
    _mm256_storeu_si256(to,
                        _mm256_cvtepu16_epi32(_mm256_castsi256_si128(low[d])));
    _mm256_storeu_si256(to + 1,
                        _mm256_cvtepu16_epi32(_mm256_castsi256_si128(high[d])));
    _mm256_storeu_si256(
        to + 2, _mm256_cvtepu16_epi32(_mm256_extracti128_si256(low[d], 1)));
    _mm256_storeu_si256(
        to + 3, _mm256_cvtepu16_epi32(_mm256_extracti128_si256(high[d], 1)));
  }
}

static void sumsAvx2(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                     const uint8_t *indices, int64_t digits, int32_t *sums) {
  withDigits(digits, [&](auto n) {
    return sumsTileAvx2<decltype(n)::value>(nibbles, perChunk, tables, indices,
                                            sums);
  });
}

template <int digits>
PUMICE_AVX2 static bool
excessTileAvx2(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
               const uint8_t *indices, int64_t saturation,
               const int16_t *weights, int64_t shift, int32_t *excess) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i low[digits], high[digits];
  columnSumsAvx2<digits>(nibbles, perChunk, tables, indices, low, high);

  const __m256i limit = _mm256_set1_epi16(static_cast<int16_t>(saturation));
  __m256i any = zero;
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d) {
    low[d] = _mm256_subs_epu16(low[d], limit);
    high[d] = _mm256_subs_epu16(high[d], limit);
    any = _mm256_or_si256(any, _mm256_or_si256(low[d], high[d]));
  }
  if (_mm256_testz_si256(any, any))
    return false;

  // Quarters in order of lanes: 0-3|16-19, 4-7|20-23, 8-11|24-27, 12-15|28-31.
  __m256i sums[4] = {zero, zero, zero, zero};
  PUMICE_UNROLL
  for (int d = 0; d < digits; d += 2) {
    const __m256i weight = _mm256_set1_epi32(weightPair(weights, d, digits));
    const __m256i nextLow = d + 1 < digits ? low[d + 1] : zero;
    const __m256i nextHigh = d + 1 < digits ? high[d + 1] : zero;
    const __m256i pairs[4] = {_mm256_unpacklo_epi16(low[d], nextLow),
                              _mm256_unpackhi_epi16(low[d], nextLow),
                              _mm256_unpacklo_epi16(high[d], nextHigh),
                              _mm256_unpackhi_epi16(high[d], nextHigh)};
    PUMICE_UNROLL
    for (int q = 0; q < 4; ++q)
      sums[q] = _mm256_add_epi32(sums[q], _mm256_madd_epi16(pairs[q], weight));
  }
  const __m256i ordered[4] = {
      _mm256_permute2x128_si256(sums[0], sums[1], 0x20),
      _mm256_permute2x128_si256(sums[2], sums[3], 0x20),
      _mm256_permute2x128_si256(sums[0], sums[1], 0x31),
      _mm256_permute2x128_si256(sums[2], sums[3], 0x31)};
  const __m128i count = _mm_cvtsi64_si128(shift);
  PUMICE_UNROLL
  for (int q = 0; q < 4; ++q) {
    auto *to = reinterpret_cast<__m256i *>(excess + 8 * q);
    _mm256_storeu_si256(to,
                        _mm256_add_epi32(_mm256_loadu_si256(to),
                                         _mm256_sll_epi32(ordered[q], count)));
  }
  return true;
}

static bool excessAvx2(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                       const uint8_t *indices, int64_t digits,
                       int64_t saturation, const int16_t *weights,
                       int64_t shift, int32_t *excess) {
  return withDigits(digits, [&](auto n) {
    return excessTileAvx2<decltype(n)::value>(
        nibbles, perChunk, tables, indices, saturation, weights, shift, excess);
  });
}

const ClipTiles *ClipTiles::avx2() {
  static const ClipTiles tiles = {"avx2", 32, sumsAvx2, excessAvx2};
  return mayUse(InstructionSet::Avx2) ? &tiles : nullptr;
}

//===----------------------------------------------------------------------===//
// AVX-512: the same on twice the lanes
//===----------------------------------------------------------------------===//

/// Column sums of 64 lanes: in each 16, `low` gets those of the first 8.
template <int digits>
PUMICE_AVX512 PUMICE_INLINE static void
columnSumsAvx512(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                 const uint8_t *indices, __m512i *low, __m512i *high) {
  const __m512i zero = _mm512_setzero_si512();
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    low[d] = high[d] = zero;
  for (int64_t begin = 0; begin < nibbles; begin += perChunk) {
    const int64_t end = std::min(begin + perChunk, nibbles);
    __m512i bytes[digits];
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d)
      bytes[d] = zero;
    for (int64_t i = begin; i < end; ++i) {
      const __m512i table = _mm512_broadcast_i32x4(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(tables + i * 16)));
      PUMICE_UNROLL
      for (int d = 0; d < digits; ++d) {
        const __m512i index =
            _mm512_loadu_si512(indices + (d * nibbles + i) * 64);
        bytes[d] = _mm512_add_epi8(bytes[d], _mm512_shuffle_epi8(table, index));
      }
    }
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d) {
      low[d] = _mm512_add_epi16(low[d], _mm512_unpacklo_epi8(bytes[d], zero));
      high[d] = _mm512_add_epi16(high[d], _mm512_unpackhi_epi8(bytes[d], zero));
    }
  }
}

template <int digits>
PUMICE_AVX512 static void
sumsTileAvx512(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
               const uint8_t *indices, int32_t *sums) {
  __m512i low[digits], high[digits];
  columnSumsAvx512<digits>(nibbles, perChunk, tables, indices, low, high);
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
  const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d) {
    const __m512i halves[2] = {
        _mm512_permutex2var_epi64(low[d], first, high[d]),
        _mm512_permutex2var_epi64(low[d], second, high[d])};
    PUMICE_UNROLL
    for (int h = 0; h < 2; ++h) {
      int32_t *to = sums + 64 * d + 32 * h;
      _mm512_storeu_si512(
          to, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves[h])));
      _mm512_storeu_si512(
          to + 16,
          _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(halves[h], 1)));
    }
  }
}

static void sumsAvx512(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                       const uint8_t *indices, int64_t digits, int32_t *sums) {
  withDigits(digits, [&](auto n) {
    return sumsTileAvx512<decltype(n)::value>(nibbles, perChunk, tables,
                                              indices, sums);
  });
}

template <int digits>
PUMICE_AVX512 static bool
excessTileAvx512(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                 const uint8_t *indices, int64_t saturation,
                 const int16_t *weights, int64_t shift, int32_t *excess) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i low[digits], high[digits];
  columnSumsAvx512<digits>(nibbles, perChunk, tables, indices, low, high);

  const __m512i limit = _mm512_set1_epi16(static_cast<int16_t>(saturation));
  __m512i any = zero;
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d) {
    low[d] = _mm512_subs_epu16(low[d], limit);
    high[d] = _mm512_subs_epu16(high[d], limit);
    any = _mm512_or_si512(any, _mm512_or_si512(low[d], high[d]));
  }
  if (_mm512_test_epi64_mask(any, any) == 0)
    return false;

  // sums[q] holds lanes 4q-4q+3 of each 16.
  __m512i sums[4] = {zero, zero, zero, zero};
  PUMICE_UNROLL
  for (int d = 0; d < digits; d += 2) {
    const __m512i weight = _mm512_set1_epi32(weightPair(weights, d, digits));
    const __m512i nextLow = d + 1 < digits ? low[d + 1] : zero;
    const __m512i nextHigh = d + 1 < digits ? high[d + 1] : zero;
    const __m512i pairs[4] = {_mm512_unpacklo_epi16(low[d], nextLow),
                              _mm512_unpackhi_epi16(low[d], nextLow),
                              _mm512_unpacklo_epi16(high[d], nextHigh),
                              _mm512_unpackhi_epi16(high[d], nextHigh)};
    PUMICE_UNROLL
    for (int q = 0; q < 4; ++q)
      sums[q] = _mm512_add_epi32(sums[q], _mm512_madd_epi16(pairs[q], weight));
  }
  // Transpose the 4x4 matrix of 128-bit parts.
  const __m512i a = _mm512_shuffle_i32x4(sums[0], sums[1], 0x44);
  const __m512i b = _mm512_shuffle_i32x4(sums[2], sums[3], 0x44);
  const __m512i c = _mm512_shuffle_i32x4(sums[0], sums[1], 0xEE);
  const __m512i e = _mm512_shuffle_i32x4(sums[2], sums[3], 0xEE);
  const __m512i ordered[4] = {
      _mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD),
      _mm512_shuffle_i32x4(c, e, 0x88), _mm512_shuffle_i32x4(c, e, 0xDD)};
  const __m128i count = _mm_cvtsi64_si128(shift);
  PUMICE_UNROLL
  for (int q = 0; q < 4; ++q)
    _mm512_storeu_si512(excess + 16 * q,
                        _mm512_add_epi32(_mm512_loadu_si512(excess + 16 * q),
                                         _mm512_sll_epi32(ordered[q], count)));
  return true;
}

static bool excessAvx512(int64_t nibbles, int64_t perChunk,
                         const uint8_t *tables, const uint8_t *indices,
                         int64_t digits, int64_t saturation,
                         const int16_t *weights, int64_t shift,
                         int32_t *excess) {
  return withDigits(digits, [&](auto n) {
    return excessTileAvx512<decltype(n)::value>(
        nibbles, perChunk, tables, indices, saturation, weights, shift, excess);
  });
}

const ClipTiles *ClipTiles::avx512() {
  static const ClipTiles tiles = {"avx512", 64, sumsAvx512, excessAvx512};
  return mayUse(InstructionSet::Avx512) ? &tiles : nullptr;
}

#else

const ClipTiles *ClipTiles::avx2() { return nullptr; }
const ClipTiles *ClipTiles::avx512() { return nullptr; }

#endif

const ClipTiles *ClipTiles::best() {
  const ClipTiles *tiles = avx512();
  return tiles ? tiles : avx2();
}
