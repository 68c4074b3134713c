// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/kernels/WordTiles.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"
#include "lib/Model/Crossbar/kernels/WithDigits.h"

using namespace pumice::model;

#if defined(__x86_64__)

/// The conductance that bit `bit` of an index of rows from `row` on stands for.
PUMICE_INLINE static int16_t conductanceOfBit(const int16_t *cells,
                                              int64_t rows, int64_t dacBits,
                                              int64_t rowsPerStep, int64_t row,
                                              int64_t bit) {
  const int64_t of = bit / dacBits;
  if (of >= rowsPerStep || row + of >= rows)
    return 0;
  return static_cast<int16_t>(static_cast<uint16_t>(cells[row + of])
                              << bit % dacBits);
}

//===----------------------------------------------------------------------===//
// AVX2: 8 entries of 2 bytes each in a byte shuffle of 16 lanes. An index is
// stored as the numbers of both bytes.
//===----------------------------------------------------------------------===//

PUMICE_AVX2 static void expandAvx2(const int16_t *cells, int64_t rows,
                                   int64_t dacBits, uint16_t *tables) {
  constexpr int indexBits = 3;
  const __m128i masks[indexBits] = {_mm_set_epi16(-1, 0, -1, 0, -1, 0, -1, 0),
                                    _mm_set_epi16(-1, -1, 0, 0, -1, -1, 0, 0),
                                    _mm_set_epi16(-1, -1, -1, -1, 0, 0, 0, 0)};
  const int64_t rowsPerStep = indexBits / dacBits;
  for (int64_t row = 0; row < rows; row += rowsPerStep, tables += 8) {
    __m128i entries = _mm_setzero_si128();
    PUMICE_UNROLL
    for (int bit = 0; bit < indexBits; ++bit)
      entries = _mm_add_epi16(
          entries, _mm_and_si128(masks[bit], _mm_set1_epi16(conductanceOfBit(
                                                 cells, rows, dacBits,
                                                 rowsPerStep, row, bit))));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(tables), entries);
  }
}

template <int digits>
PUMICE_AVX2 static void sumsTileAvx2(int64_t steps, const uint16_t *tables,
                                     const uint16_t *indices, int32_t least,
                                     int32_t *sums) {
  // Sums less the least one are unsigned.
  const __m256i start = _mm256_set1_epi16(static_cast<int16_t>(-least));
  __m256i words[digits][2];
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    words[d][0] = words[d][1] = start;
  for (int64_t step = 0; step < steps; ++step) {
    const __m256i table = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i *>(tables + step * 8)));
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d) {
      const auto *index =
          reinterpret_cast<const __m256i *>(indices + (d * steps + step) * 32);
      PUMICE_UNROLL
      for (int v = 0; v < 2; ++v)
        words[d][v] = _mm256_add_epi16(
            words[d][v],
            _mm256_shuffle_epi8(table, _mm256_loadu_si256(index + v)));
    }
  }
  const __m256i add = _mm256_set1_epi32(least);
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v) {
    auto *to = reinterpret_cast<__m256i *>(sums + d * 32 + v * 16);
    _mm256_storeu_si256(
        to, _mm256_add_epi32(add, _mm256_cvtepu16_epi32(
                                      _mm256_castsi256_si128(words[d][v]))));
    _mm256_storeu_si256(
        to + 1,
        _mm256_add_epi32(add, _mm256_cvtepu16_epi32(
                                  _mm256_extracti128_si256(words[d][v], 1))));
  }
}

static void sumsAvx2(int64_t steps, const uint16_t *tables,
                     const uint16_t *indices, int64_t digits, int32_t least,
                     int32_t *sums) {
  withDigits(digits, [&](auto n) {
    return sumsTileAvx2<decltype(n)::value>(steps, tables, indices, least,
                                            sums);
  });
}

const WordTiles *WordTiles::avx2() {
  static const WordTiles tiles = {"avx2", 32,         3,       0x0202,
                                  0x0100, expandAvx2, sumsAvx2};
  return mayUse(InstructionSet::Avx2) ? &tiles : nullptr;
}

//===----------------------------------------------------------------------===//
// AVX-512: 32 entries in a permutation of words
//===----------------------------------------------------------------------===//

PUMICE_AVX512 static void expandAvx512(const int16_t *cells, int64_t rows,
                                       int64_t dacBits, uint16_t *tables) {
  constexpr int indexBits = 5;
  constexpr __mmask32 masks[indexBits] = {0xAAAAAAAA, 0xCCCCCCCC, 0xF0F0F0F0,
                                          0xFF00FF00, 0xFFFF0000};
  const int64_t rowsPerStep = indexBits / dacBits;
  for (int64_t row = 0; row < rows; row += rowsPerStep, tables += 32) {
    __m512i entries = _mm512_setzero_si512();
    PUMICE_UNROLL
    for (int bit = 0; bit < indexBits; ++bit)
      entries = _mm512_mask_add_epi16(
          entries, masks[bit], entries,
          _mm512_set1_epi16(
              conductanceOfBit(cells, rows, dacBits, rowsPerStep, row, bit)));
    _mm512_storeu_si512(tables, entries);
  }
}

template <int digits>
PUMICE_AVX512 static void sumsTileAvx512(int64_t steps, const uint16_t *tables,
                                         const uint16_t *indices, int32_t least,
                                         int32_t *sums) {
  const __m512i start = _mm512_set1_epi16(static_cast<int16_t>(-least));
  __m512i words[digits][2];
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    words[d][0] = words[d][1] = start;
  for (int64_t step = 0; step < steps; ++step) {
    const __m512i table = _mm512_loadu_si512(tables + step * 32);
    PUMICE_UNROLL
    for (int d = 0; d < digits; ++d) {
      const uint16_t *index = indices + (d * steps + step) * 64;
      PUMICE_UNROLL
      for (int v = 0; v < 2; ++v)
        words[d][v] = _mm512_add_epi16(
            words[d][v], _mm512_permutexvar_epi16(
                             _mm512_loadu_si512(index + v * 32), table));
    }
  }
  const __m512i add = _mm512_set1_epi32(least);
  PUMICE_UNROLL
  for (int d = 0; d < digits; ++d)
    PUMICE_UNROLL
  for (int v = 0; v < 2; ++v) {
    int32_t *to = sums + d * 64 + v * 32;
    _mm512_storeu_si512(
        to, _mm512_add_epi32(add, _mm512_cvtepu16_epi32(
                                      _mm512_castsi512_si256(words[d][v]))));
    _mm512_storeu_si512(
        to + 16,
        _mm512_add_epi32(add, _mm512_cvtepu16_epi32(
                                  _mm512_extracti64x4_epi64(words[d][v], 1))));
  }
}

static void sumsAvx512(int64_t steps, const uint16_t *tables,
                       const uint16_t *indices, int64_t digits, int32_t least,
                       int32_t *sums) {
  withDigits(digits, [&](auto n) {
    return sumsTileAvx512<decltype(n)::value>(steps, tables, indices, least,
                                              sums);
  });
}

const WordTiles *WordTiles::avx512() {
  static const WordTiles tiles = {"avx512", 64,           5,         1,
                                  0,        expandAvx512, sumsAvx512};
  return mayUse(InstructionSet::Avx512) ? &tiles : nullptr;
}

#else

const WordTiles *WordTiles::avx2() { return nullptr; }
const WordTiles *WordTiles::avx512() { return nullptr; }

#endif

const WordTiles *WordTiles::best() {
  const WordTiles *tiles = avx512();
  return tiles ? tiles : avx2();
}
