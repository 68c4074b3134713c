// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/kernels/ExactTiles.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

#include <cstring>

using namespace pumice::model;

//===----------------------------------------------------------------------===//
// Portable
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t portableLanes = 8;
} // namespace

/// One multiply-and-add-steps, modulo 2^32.
static uint32_t product(int32_t x, int32_t w) {
  const auto low = [](int32_t word) { return int32_t(int16_t(word)); };
  const auto high = [](int32_t word) { return word >> 16; };
  return static_cast<uint32_t>(low(x) * low(w)) +
         static_cast<uint32_t>(high(x) * high(w));
}

static void interleavePortable(const uint8_t *const *rows, int64_t count,
                               bool isSigned, int32_t *to) {
  for (int64_t i = 0; i < count; ++i) {
    int16_t pair[2];
    for (int r = 0; r < 2; ++r)
      pair[r] = isSigned ? static_cast<int8_t>(rows[r][i]) : rows[r][i];
    std::memcpy(to + i, pair, sizeof(pair));
  }
}

static void positionsPortable(int64_t steps, const int32_t *x, int64_t vectors,
                              const int32_t *w, int64_t columns,
                              const int32_t *bias, const int32_t *term,
                              int32_t *y) {
  const int64_t width = vectors * portableLanes;
  for (int64_t n = 0; n < columns; ++n) {
    uint32_t sums[ExactTiles::maxWidth];
    for (int64_t m = 0; m < width; ++m)
      sums[m] = static_cast<uint32_t>(bias[n]) + static_cast<uint32_t>(term[m]);
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t m = 0; m < width; ++m)
        sums[m] += product(x[step * width + m],
                           w[step * ExactTiles::panelColumns + n]);
    for (int64_t m = 0; m < width; ++m)
      y[n * width + m] = static_cast<int32_t>(sums[m]);
  }
}

static void columnsPortable(int64_t steps, const int32_t *x, int64_t count,
                            const int32_t *w, const int32_t *bias,
                            const int32_t *term, int32_t *y) {
  for (int64_t m = 0; m < count; ++m) {
    uint32_t sums[ExactTiles::panelColumns];
    for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
      sums[n] = static_cast<uint32_t>(bias[n]) + static_cast<uint32_t>(term[m]);
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
        sums[n] += product(x[m * steps + step],
                           w[step * ExactTiles::panelColumns + n]);
    for (int64_t n = 0; n < ExactTiles::panelColumns; ++n)
      y[m * ExactTiles::panelColumns + n] = static_cast<int32_t>(sums[n]);
  }
}

const ExactTiles &ExactTiles::portable() {
  static const ExactTiles tiles = {
      "portable",        portableLanes,  4, 2, interleavePortable,
      positionsPortable, columnsPortable};
  return tiles;
}

#if defined(__x86_64__)

//===----------------------------------------------------------------------===//
// AVX2
//===----------------------------------------------------------------------===//

PUMICE_AVX2 static void interleaveAvx2(const uint8_t *const *rows,
                                       int64_t count, bool isSigned,
                                       int32_t *to) {
  for (int64_t i = 0; i < count; i += 8) {
    const __m128i both = _mm_unpacklo_epi8(
        _mm_loadl_epi64(reinterpret_cast<const __m128i *>(rows[0] + i)),
        _mm_loadl_epi64(reinterpret_cast<const __m128i *>(rows[1] + i)));
    const __m256i wide =
        isSigned ? _mm256_cvtepi8_epi16(both) : _mm256_cvtepu8_epi16(both);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + i), wide);
  }
}

PUMICE_AVX2 static inline __m256i loadAvx2(const void *p) {
  return _mm256_loadu_si256(static_cast<const __m256i *>(p));
}

template <int columns, int vectors>
PUMICE_AVX2 static void positionsTileAvx2(int64_t steps, const int32_t *x,
                                          const int32_t *w, const int32_t *bias,
                                          const int32_t *term, int32_t *y) {
  __m256i sums[columns][vectors];
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    sums[n][v] =
        _mm256_add_epi32(_mm256_set1_epi32(bias[n]), loadAvx2(term + 8 * v));
  for (int64_t step = 0; step < steps; ++step) {
    __m256i inputs[vectors];
    PUMICE_UNROLL
    for (int v = 0; v < vectors; ++v)
      inputs[v] = loadAvx2(x + 8 * v);
    PUMICE_UNROLL
    for (int n = 0; n < columns; ++n) {
      const __m256i weight = _mm256_set1_epi32(w[n]);
      PUMICE_UNROLL
      for (int v = 0; v < vectors; ++v)
        sums[n][v] =
            _mm256_add_epi32(sums[n][v], _mm256_madd_epi16(inputs[v], weight));
    }
    x += vectors * 8;
    w += ExactTiles::panelColumns;
  }
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(y + (n * vectors + v) * 8),
                        sums[n][v]);
}

static void positionsAvx2(int64_t steps, const int32_t *x, int64_t vectors,
                          const int32_t *w, int64_t columns,
                          const int32_t *bias, const int32_t *term,
                          int32_t *y) {
  using Tile = decltype(&positionsTileAvx2<1, 1>);
  static const Tile full[] = {positionsTileAvx2<4, 1>, positionsTileAvx2<4, 2>,
                              positionsTileAvx2<4, 3>};
  static const Tile single[] = {positionsTileAvx2<1, 1>,
                                positionsTileAvx2<1, 2>,
                                positionsTileAvx2<1, 3>};
  (columns == 4 ? full : single)[vectors - 1](steps, x, w, bias, term, y);
}

template <int count>
PUMICE_AVX2 static void columnsTileAvx2(int64_t steps, const int32_t *x,
                                        const int32_t *w, const int32_t *bias,
                                        const int32_t *term, int32_t *y) {
  __m256i sums[count][2];
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v)
    sums[m][v] =
        _mm256_add_epi32(_mm256_set1_epi32(term[m]), loadAvx2(bias + 8 * v));
  for (int64_t step = 0; step < steps; ++step) {
    const __m256i low = loadAvx2(w), high = loadAvx2(w + 8);
    PUMICE_UNROLL
    for (int m = 0; m < count; ++m) {
      const __m256i input = _mm256_set1_epi32(x[m * steps + step]);
      sums[m][0] = _mm256_add_epi32(sums[m][0], _mm256_madd_epi16(low, input));
      sums[m][1] = _mm256_add_epi32(sums[m][1], _mm256_madd_epi16(high, input));
    }
    w += ExactTiles::panelColumns;
  }
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(y + (m * 2 + v) * 8),
                        sums[m][v]);
}

static void columnsAvx2(int64_t steps, const int32_t *x, int64_t count,
                        const int32_t *w, const int32_t *bias,
                        const int32_t *term, int32_t *y) {
  using Tile = decltype(&columnsTileAvx2<1>);
  static const Tile tiles[] = {columnsTileAvx2<1>, columnsTileAvx2<2>,
                               columnsTileAvx2<3>, columnsTileAvx2<4>,
                               columnsTileAvx2<5>, columnsTileAvx2<6>};
  tiles[count - 1](steps, x, w, bias, term, y);
}

const ExactTiles *ExactTiles::avx2() {
  static const ExactTiles tiles = {
      "avx2", 8, 4, 2, interleaveAvx2, positionsAvx2, columnsAvx2};
  return mayUse(InstructionSet::Avx2) ? &tiles : nullptr;
}

//===----------------------------------------------------------------------===//
// AVX-512 with VNNI
//===----------------------------------------------------------------------===//

/// Byte products take unsigned inputs first.
template <bool bytes>
PUMICE_AVX512VNNI PUMICE_INLINE static __m512i
addProducts(__m512i sums, __m512i inputs, __m512i weights) {
  return bytes ? _mm512_dpbusd_epi32(sums, inputs, weights)
               : _mm512_dpwssd_epi32(sums, inputs, weights);
}

PUMICE_AVX512VNNI static void interleaveBytesAvx512(const uint8_t *const *rows,
                                                    int64_t count,
                                                    bool isSigned,
                                                    int32_t *to) {
  const __m128i flip = _mm_set1_epi8(isSigned ? int8_t(-128) : int8_t(0));
  for (int64_t i = 0; i < count; i += 16) {
    __m128i row[4];
    PUMICE_UNROLL
    for (int r = 0; r < 4; ++r)
      row[r] = _mm_xor_si128(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(rows[r] + i)),
          flip);
    const __m128i low[2] = {_mm_unpacklo_epi8(row[0], row[1]),
                            _mm_unpacklo_epi8(row[2], row[3])};
    const __m128i high[2] = {_mm_unpackhi_epi8(row[0], row[1]),
                             _mm_unpackhi_epi8(row[2], row[3])};
    const __m128i words[4] = {_mm_unpacklo_epi16(low[0], low[1]),
                              _mm_unpackhi_epi16(low[0], low[1]),
                              _mm_unpacklo_epi16(high[0], high[1]),
                              _mm_unpackhi_epi16(high[0], high[1])};
    PUMICE_UNROLL
    for (int q = 0; q < 4; ++q)
      _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i + 4 * q), words[q]);
  }
}

template <bool bytes, int columns, int vectors>
PUMICE_AVX512VNNI static void
positionsTileAvx512(int64_t steps, const int32_t *x, const int32_t *w,
                    const int32_t *bias, const int32_t *term, int32_t *y) {
  __m512i sums[columns][vectors];
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    sums[n][v] = _mm512_add_epi32(_mm512_set1_epi32(bias[n]),
                                  _mm512_loadu_si512(term + 16 * v));
  for (int64_t step = 0; step < steps; ++step) {
    __m512i inputs[vectors];
    PUMICE_UNROLL
    for (int v = 0; v < vectors; ++v)
      inputs[v] = _mm512_loadu_si512(x + 16 * v);
    PUMICE_UNROLL
    for (int n = 0; n < columns; ++n) {
      const __m512i weight = _mm512_set1_epi32(w[n]);
      PUMICE_UNROLL
      for (int v = 0; v < vectors; ++v)
        sums[n][v] = addProducts<bytes>(sums[n][v], inputs[v], weight);
    }
    x += vectors * 16;
    w += ExactTiles::panelColumns;
  }
  PUMICE_UNROLL
  for (int n = 0; n < columns; ++n)
    PUMICE_UNROLL
  for (int v = 0; v < vectors; ++v)
    _mm512_storeu_si512(y + (n * vectors + v) * 16, sums[n][v]);
}

template <bool bytes>
static void positionsAvx512(int64_t steps, const int32_t *x, int64_t vectors,
                            const int32_t *w, int64_t columns,
                            const int32_t *bias, const int32_t *term,
                            int32_t *y) {
  using Tile = decltype(&positionsTileAvx512<bytes, 1, 1>);
  static const Tile full[] = {positionsTileAvx512<bytes, 8, 1>,
                              positionsTileAvx512<bytes, 8, 2>,
                              positionsTileAvx512<bytes, 8, 3>};
  static const Tile single[] = {positionsTileAvx512<bytes, 1, 1>,
                                positionsTileAvx512<bytes, 1, 2>,
                                positionsTileAvx512<bytes, 1, 3>};
  (columns == 8 ? full : single)[vectors - 1](steps, x, w, bias, term, y);
}

template <bool bytes, int count>
PUMICE_AVX512VNNI static void
columnsTileAvx512(int64_t steps, const int32_t *x, const int32_t *w,
                  const int32_t *bias, const int32_t *term, int32_t *y) {
  __m512i sums[count];
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    sums[m] =
        _mm512_add_epi32(_mm512_set1_epi32(term[m]), _mm512_loadu_si512(bias));
  for (int64_t step = 0; step < steps; ++step) {
    const __m512i weights = _mm512_loadu_si512(w);
    PUMICE_UNROLL
    for (int m = 0; m < count; ++m)
      sums[m] = addProducts<bytes>(
          sums[m], _mm512_set1_epi32(x[m * steps + step]), weights);
    w += ExactTiles::panelColumns;
  }
  PUMICE_UNROLL
  for (int m = 0; m < count; ++m)
    _mm512_storeu_si512(y + m * 16, sums[m]);
}

template <bool bytes>
static void columnsAvx512(int64_t steps, const int32_t *x, int64_t count,
                          const int32_t *w, const int32_t *bias,
                          const int32_t *term, int32_t *y) {
  using Tile = decltype(&columnsTileAvx512<bytes, 1>);
  static const Tile tiles[] = {
      columnsTileAvx512<bytes, 1>, columnsTileAvx512<bytes, 2>,
      columnsTileAvx512<bytes, 3>, columnsTileAvx512<bytes, 4>,
      columnsTileAvx512<bytes, 5>, columnsTileAvx512<bytes, 6>};
  tiles[count - 1](steps, x, w, bias, term, y);
}

static bool hasVnni() {
  return mayUse(InstructionSet::Avx512Vnni);
}

const ExactTiles *ExactTiles::avx512() {
  static const ExactTiles tiles = {"avx512",
                                   16,
                                   8,
                                   2,
                                   interleaveAvx2,
                                   positionsAvx512<false>,
                                   columnsAvx512<false>};
  return hasVnni() ? &tiles : nullptr;
}

const ExactTiles *ExactTiles::avx512Bytes() {
  static const ExactTiles tiles = {"avx512-bytes",
                                   16,
                                   8,
                                   4,
                                   interleaveBytesAvx512,
                                   positionsAvx512<true>,
                                   columnsAvx512<true>};
  return hasVnni() ? &tiles : nullptr;
}

#else

const ExactTiles *ExactTiles::avx2() { return nullptr; }
const ExactTiles *ExactTiles::avx512() { return nullptr; }
const ExactTiles *ExactTiles::avx512Bytes() { return nullptr; }

#endif

const ExactTiles &ExactTiles::best(bool bytes) {
  if (const ExactTiles *tiles = bytes ? avx512Bytes() : nullptr)
    return *tiles;
  if (const ExactTiles *tiles = avx512())
    return *tiles;
  if (const ExactTiles *tiles = avx2())
    return *tiles;
  return portable();
}
