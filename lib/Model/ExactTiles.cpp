// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/ExactTiles.h"

#include "lib/Model/Simd.h"

#include <cstring>

using namespace pumice::model;

//===----------------------------------------------------------------------===//
// Portable
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t portableLanes = 8;
} // namespace

/// One multiply-and-add-pairs, modulo 2^32.
static uint32_t product(const int16_t *x, const int16_t *w) {
  return static_cast<uint32_t>(int32_t(x[0]) * w[0]) +
         static_cast<uint32_t>(int32_t(x[1]) * w[1]);
}

static void interleavePortable(const void *first, const void *second,
                               int64_t count, bool isSigned, int16_t *to) {
  const auto *a = static_cast<const uint8_t *>(first);
  const auto *b = static_cast<const uint8_t *>(second);
  for (int64_t i = 0; i < count; ++i) {
    to[2 * i] = isSigned ? static_cast<int8_t>(a[i]) : a[i];
    to[2 * i + 1] = isSigned ? static_cast<int8_t>(b[i]) : b[i];
  }
}

static void positionsPortable(int64_t pairs, const int16_t *x, int64_t vectors,
                              const int16_t *w, int64_t columns,
                              const int32_t *bias, const int32_t *term,
                              int32_t *y) {
  const int64_t width = vectors * portableLanes;
  for (int64_t n = 0; n < columns; ++n) {
    uint32_t sums[ExactTiles::maxWidth];
    for (int64_t m = 0; m < width; ++m)
      sums[m] = static_cast<uint32_t>(bias[n]) + static_cast<uint32_t>(term[m]);
    for (int64_t pair = 0; pair < pairs; ++pair)
      for (int64_t m = 0; m < width; ++m)
        sums[m] += product(x + (pair * width + m) * 2,
                           w + (pair * ExactTiles::panelColumns + n) * 2);
    for (int64_t m = 0; m < width; ++m)
      y[n * width + m] = static_cast<int32_t>(sums[m]);
  }
}

static void columnsPortable(int64_t pairs, const int16_t *x, int64_t count,
                            const int16_t *w, const int32_t *bias,
                            const int32_t *term, int32_t *y) {
  for (int64_t m = 0; m < count; ++m) {
    uint32_t sums[ExactTiles::panelColumns];
    for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
      sums[n] = static_cast<uint32_t>(bias[n]) + static_cast<uint32_t>(term[m]);
    for (int64_t pair = 0; pair < pairs; ++pair)
      for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
        sums[n] += product(x + (m * pairs + pair) * 2,
                           w + (pair * ExactTiles::panelColumns + n) * 2);
    for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
      y[m * ExactTiles::panelColumns + n] = static_cast<int32_t>(sums[n]);
  }
}

const ExactTiles &ExactTiles::portable() {
  static const ExactTiles tiles = {
      "portable",         portableLanes,     4,
      interleavePortable, positionsPortable, columnsPortable};
  return tiles;
}

#if defined(__x86_64__)

//===----------------------------------------------------------------------===//
// AVX2
//===----------------------------------------------------------------------===//

PUMICE_AVX2 static void interleaveAvx2(const void *first, const void *second,
                                       int64_t count, bool isSigned,
                                       int16_t *to) {
  const auto *a = static_cast<const uint8_t *>(first);
  const auto *b = static_cast<const uint8_t *>(second);
  for (int64_t i = 0; i < count; i += 8) {
    const __m128i both = _mm_unpacklo_epi8(
        _mm_loadl_epi64(reinterpret_cast<const __m128i *>(a + i)),
        _mm_loadl_epi64(reinterpret_cast<const __m128i *>(b + i)));
    const __m256i wide =
        isSigned ? _mm256_cvtepi8_epi16(both) : _mm256_cvtepu8_epi16(both);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 2 * i), wide);
  }
}

/// The pair of 16-bit operands at `p` in every lane.
PUMICE_AVX2 static inline __m256i broadcastPairAvx2(const int16_t *p) {
  int32_t pair;
  std::memcpy(&pair, p, sizeof(pair));
  return _mm256_set1_epi32(pair);
}

PUMICE_AVX2 static inline __m256i loadAvx2(const void *p) {
  return _mm256_loadu_si256(static_cast<const __m256i *>(p));
}

template <int columns, int vectors>
PUMICE_AVX2 static void positionsTileAvx2(int64_t pairs, const int16_t *x,
                                          const int16_t *w, const int32_t *bias,
                                          const int32_t *term, int32_t *y) {
  __m256i sums[columns][vectors];
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    sums[n][v] =
        _mm256_add_epi32(_mm256_set1_epi32(bias[n]), loadAvx2(term + 8 * v));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    __m256i inputs[vectors];
    PUMICE_UNROLL
    for (int v = 0; v < vectors; ++v)
      inputs[v] = loadAvx2(x + 16 * v);
    PUMICE_UNROLL
    for (int n = 0; n < columns; ++n) {
      const __m256i weight = broadcastPairAvx2(w + 2 * n);
      PUMICE_UNROLL
      for (int v = 0; v < vectors; ++v)
        sums[n][v] =
            _mm256_add_epi32(sums[n][v], _mm256_madd_epi16(inputs[v], weight));
    }
    x += vectors * 16;
    w += ExactTiles::panelColumns * 2;
  }
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(y + (n * vectors + v) * 8),
                        sums[n][v]);
}

static void positionsAvx2(int64_t pairs, const int16_t *x, int64_t vectors,
                          const int16_t *w, int64_t columns,
                          const int32_t *bias, const int32_t *term,
                          int32_t *y) {
  using Tile = decltype(&positionsTileAvx2<1, 1>);
  static const Tile full[] = {positionsTileAvx2<4, 1>, positionsTileAvx2<4, 2>,
                              positionsTileAvx2<4, 3>};
  static const Tile single[] = {positionsTileAvx2<1, 1>,
                                positionsTileAvx2<1, 2>,
                                positionsTileAvx2<1, 3>};
  (columns == 4 ? full : single)[vectors - 1](pairs, x, w, bias, term, y);
}

template <int count>
PUMICE_AVX2 static void columnsTileAvx2(int64_t pairs, const int16_t *x,
                                        const int16_t *w, const int32_t *bias,
                                        const int32_t *term, int32_t *y) {
  __m256i sums[count][2];
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v)
    sums[m][v] =
        _mm256_add_epi32(_mm256_set1_epi32(term[m]), loadAvx2(bias + 8 * v));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const __m256i low = loadAvx2(w), high = loadAvx2(w + 16);
    PUMICE_UNROLL
    for (int m = 0; m < count; ++m) {
      const __m256i input = broadcastPairAvx2(x + (m * pairs + pair) * 2);
      sums[m][0] = _mm256_add_epi32(sums[m][0], _mm256_madd_epi16(low, input));
      sums[m][1] = _mm256_add_epi32(sums[m][1], _mm256_madd_epi16(high, input));
    }
    w += ExactTiles::panelColumns * 2;
  }
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(y + (m * 2 + v) * 8),
                        sums[m][v]);
}

static void columnsAvx2(int64_t pairs, const int16_t *x, int64_t count,
                        const int16_t *w, const int32_t *bias,
                        const int32_t *term, int32_t *y) {
  using Tile = decltype(&columnsTileAvx2<1>);
  static const Tile tiles[] = {columnsTileAvx2<1>, columnsTileAvx2<2>,
                               columnsTileAvx2<3>, columnsTileAvx2<4>,
                               columnsTileAvx2<5>, columnsTileAvx2<6>};
  tiles[count - 1](pairs, x, w, bias, term, y);
}

const ExactTiles *ExactTiles::avx2() {
  static const ExactTiles tiles = {"avx2",        8,          4, interleaveAvx2,
                                   positionsAvx2, columnsAvx2};
  return __builtin_cpu_supports("avx2") ? &tiles : nullptr;
}

//===----------------------------------------------------------------------===//
// AVX-512 with VNNI
//===----------------------------------------------------------------------===//

PUMICE_AVX512VNNI static inline __m512i broadcastPairAvx512(const int16_t *p) {
  int32_t pair;
  std::memcpy(&pair, p, sizeof(pair));
  return _mm512_set1_epi32(pair);
}

template <int columns, int vectors>
PUMICE_AVX512VNNI static void
positionsTileAvx512(int64_t pairs, const int16_t *x, const int16_t *w,
                    const int32_t *bias, const int32_t *term, int32_t *y) {
  __m512i sums[columns][vectors];
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    sums[n][v] = _mm512_add_epi32(_mm512_set1_epi32(bias[n]),
                                  _mm512_loadu_si512(term + 16 * v));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    __m512i inputs[vectors];
    PUMICE_UNROLL
    for (int v = 0; v < vectors; ++v)
      inputs[v] = _mm512_loadu_si512(x + 32 * v);
    PUMICE_UNROLL
    for (int n = 0; n < columns; ++n) {
      const __m512i weight = broadcastPairAvx512(w + 2 * n);
      PUMICE_UNROLL
      for (int v = 0; v < vectors; ++v)
        sums[n][v] = _mm512_dpwssd_epi32(sums[n][v], inputs[v], weight);
    }
    x += vectors * 32;
    w += ExactTiles::panelColumns * 2;
  }
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    _mm512_storeu_si512(y + (n * vectors + v) * 16, sums[n][v]);
}

static void positionsAvx512(int64_t pairs, const int16_t *x, int64_t vectors,
                            const int16_t *w, int64_t columns,
                            const int32_t *bias, const int32_t *term,
                            int32_t *y) {
  using Tile = decltype(&positionsTileAvx512<1, 1>);
  static const Tile full[] = {positionsTileAvx512<8, 1>,
                              positionsTileAvx512<8, 2>,
                              positionsTileAvx512<8, 3>};
  static const Tile single[] = {positionsTileAvx512<1, 1>,
                                positionsTileAvx512<1, 2>,
                                positionsTileAvx512<1, 3>};
  (columns == 8 ? full : single)[vectors - 1](pairs, x, w, bias, term, y);
}

template <int count>
PUMICE_AVX512VNNI static void
columnsTileAvx512(int64_t pairs, const int16_t *x, const int16_t *w,
                  const int32_t *bias, const int32_t *term, int32_t *y) {
  __m512i sums[count];
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    sums[m] =
        _mm512_add_epi32(_mm512_set1_epi32(term[m]), _mm512_loadu_si512(bias));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const __m512i weights = _mm512_loadu_si512(w);
    PUMICE_UNROLL
    for (int m = 0; m < count; ++m)
      sums[m] = _mm512_dpwssd_epi32(
          sums[m], weights, broadcastPairAvx512(x + (m * pairs + pair) * 2));
    w += ExactTiles::panelColumns * 2;
  }
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    _mm512_storeu_si512(y + m * 16, sums[m]);
}

static void columnsAvx512(int64_t pairs, const int16_t *x, int64_t count,
                          const int16_t *w, const int32_t *bias,
                          const int32_t *term, int32_t *y) {
  using Tile = decltype(&columnsTileAvx512<1>);
  static const Tile tiles[] = {columnsTileAvx512<1>, columnsTileAvx512<2>,
                               columnsTileAvx512<3>, columnsTileAvx512<4>,
                               columnsTileAvx512<5>, columnsTileAvx512<6>};
  tiles[count - 1](pairs, x, w, bias, term, y);
}

const ExactTiles *ExactTiles::avx512() {
  static const ExactTiles tiles = {
      "avx512", 16, 8, interleaveAvx2, positionsAvx512, columnsAvx512};
  return __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vnni")
             ? &tiles
             : nullptr;
}

#else

const ExactTiles *ExactTiles::avx2() { return nullptr; }
const ExactTiles *ExactTiles::avx512() { return nullptr; }

#endif

const ExactTiles &ExactTiles::best() {
  if (const ExactTiles *tiles = avx512())
    return *tiles;
  if (const ExactTiles *tiles = avx2())
    return *tiles;
  return portable();
}
