// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Cam/Words.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

#include "llvm/ADT/Twine.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

static llvm::Error wrongEntry(int8_t entry) {
  return llvm::createStringError("expected entries of 0, 1 or 2, got " +
                                 llvm::Twine(int(entry)));
}

llvm::Expected<PackedWords> PackedWords::pack(llvm::ArrayRef<int8_t> entries,
                                              int64_t rows, int64_t bits) {
  PackedWords words;
  words.numRows = rows;
  words.numBits = bits;
  words.numNumbers = llvm::divideCeil(bits, 64);
  const int64_t size = words.blocks() * words.numNumbers * rowsPerBlock;
  words.values.resize(size);
  std::vector<uint64_t> ignored(size);
  bool hasDontCare = false;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t base =
        r / rowsPerBlock * words.numNumbers * rowsPerBlock + r % rowsPerBlock;
    for (int64_t b = 0; b < bits; ++b) {
      const int8_t entry = entries[r * bits + b];
      if (entry < 0 || entry > 2)
        return wrongEntry(entry);
      const int64_t at = base + b / 64 * rowsPerBlock;
      words.values[at] |= uint64_t(entry == 1) << b % 64;
      ignored[at] |= uint64_t(entry == 2) << b % 64;
      hasDontCare |= entry == 2;
    }
  }
  if (hasDontCare) {
    words.care = std::move(ignored);
    for (uint64_t &number : words.care)
      number = ~number;
  }
  return words;
}

llvm::Expected<PackedQuery>
pumice::model::packQuery(llvm::ArrayRef<int8_t> entries) {
  PackedQuery query;
  const size_t numbers = llvm::divideCeil(entries.size(), 64);
  query.values.resize(numbers);
  query.mask.resize(numbers);
  for (size_t b = 0; b < entries.size(); ++b) {
    if (entries[b] < 0 || entries[b] > 2)
      return wrongEntry(entries[b]);
    query.values[b / 64] |= uint64_t(entries[b] == 1) << b % 64;
    query.mask[b / 64] |= uint64_t(entries[b] != 2) << b % 64;
    query.keyBits += entries[b] != 2;
  }
  query.isMasked = query.keyBits != int64_t(entries.size());
  return query;
}

namespace {

constexpr int64_t lanes = PackedWords::rowsPerBlock;

/// Calls `body.run<masked, dontCare>()`. Without masks, bits behind the last
/// cell are 0 in words and queries.
template <typename Body>
void dispatch(const PackedWords &words, const PackedQuery &query, Body body) {
  if (query.isMasked)
    words.hasDontCare() ? body(std::true_type(), std::true_type())
                        : body(std::true_type(), std::false_type());
  else
    words.hasDontCare() ? body(std::false_type(), std::true_type())
                        : body(std::false_type(), std::false_type());
}

void runPortable(const PackedWords &words, const PackedQuery &query,
                 int32_t *out) {
  const int64_t numbers = words.numbers();
  dispatch(words, query, [&](auto masked, auto dontCare) {
    for (int64_t block = 0; block < words.blocks(); ++block) {
      const uint64_t *values = words.valuesOf(block);
      const uint64_t *care = dontCare ? words.careOf(block) : nullptr;
      int32_t sums[lanes] = {};
      for (int64_t w = 0; w < numbers; ++w)
        for (int64_t i = 0; i < lanes; ++i) {
          uint64_t differ = values[w * lanes + i] ^ query.values[w];
          if constexpr (dontCare)
            differ &= care[w * lanes + i];
          if constexpr (masked)
            differ &= query.mask[w];
          sums[i] += llvm::popcount(differ);
        }
      std::copy_n(sums, lanes, out + block * lanes);
    }
  });
}

#if defined(__x86_64__)
#define PUMICE_POPCNT __attribute__((target("avx2,popcnt")))
#define PUMICE_VPOPCNT                                                         \
  __attribute__((target("avx2,avx512f,avx512vpopcntdq,avx512vl")))

/// Population counts of bytes by two look-ups of 4 bits.
template <bool masked, bool dontCare>
PUMICE_POPCNT void avx2(const PackedWords &words, const PackedQuery &query,
                        int32_t *out) {
  const __m256i table =
      _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                       2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  const int64_t numbers = words.numbers();
  for (int64_t block = 0; block < words.blocks(); ++block) {
    const auto *values =
        reinterpret_cast<const __m256i *>(words.valuesOf(block));
    const auto *care = reinterpret_cast<const __m256i *>(
        dontCare ? words.careOf(block) : nullptr);
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    // A byte counts at most 8, so 31 numbers fit.
    for (int64_t first = 0; first < numbers; first += 31) {
      const int64_t last = std::min(numbers, first + 31);
      __m256i bytes[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
      for (int64_t w = first; w < last; ++w) {
        const __m256i key = _mm256_set1_epi64x(int64_t(query.values[w]));
        PUMICE_UNROLL
        for (int half = 0; half < 2; ++half) {
          __m256i differ =
              _mm256_xor_si256(_mm256_loadu_si256(values + w * 2 + half), key);
          if constexpr (dontCare)
            differ = _mm256_and_si256(differ,
                                      _mm256_loadu_si256(care + w * 2 + half));
          if constexpr (masked)
            differ = _mm256_and_si256(
                differ, _mm256_set1_epi64x(int64_t(query.mask[w])));
          bytes[half] = _mm256_add_epi8(
              bytes[half],
              _mm256_add_epi8(
                  _mm256_shuffle_epi8(table, _mm256_and_si256(differ, low)),
                  _mm256_shuffle_epi8(
                      table,
                      _mm256_and_si256(_mm256_srli_epi16(differ, 4), low))));
        }
      }
      PUMICE_UNROLL
      for (int half = 0; half < 2; ++half)
        sums[half] = _mm256_add_epi64(
            sums[half], _mm256_sad_epu8(bytes[half], _mm256_setzero_si256()));
    }
    alignas(32) uint64_t counts[lanes];
    _mm256_store_si256(reinterpret_cast<__m256i *>(counts), sums[0]);
    _mm256_store_si256(reinterpret_cast<__m256i *>(counts + 4), sums[1]);
    for (int64_t i = 0; i < lanes; ++i)
      out[block * lanes + i] = int32_t(counts[i]);
  }
}

template <bool masked, bool dontCare>
PUMICE_VPOPCNT void avx512(const PackedWords &words, const PackedQuery &query,
                           int32_t *out) {
  const int64_t numbers = words.numbers();
  for (int64_t block = 0; block < words.blocks(); ++block) {
    const uint64_t *values = words.valuesOf(block);
    const uint64_t *care = dontCare ? words.careOf(block) : nullptr;
    __m512i sums = _mm512_setzero_si512();
    for (int64_t w = 0; w < numbers; ++w) {
      __m512i differ =
          _mm512_xor_si512(_mm512_loadu_si512(values + w * lanes),
                           _mm512_set1_epi64(int64_t(query.values[w])));
      if constexpr (dontCare)
        differ = _mm512_and_si512(differ, _mm512_loadu_si512(care + w * lanes));
      if constexpr (masked)
        differ =
            _mm512_and_si512(differ, _mm512_set1_epi64(int64_t(query.mask[w])));
      sums = _mm512_add_epi64(sums, _mm512_popcnt_epi64(differ));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + block * lanes),
                        _mm512_cvtepi64_epi32(sums));
  }
}

void runAvx2(const PackedWords &words, const PackedQuery &query, int32_t *out) {
  dispatch(words, query, [&](auto masked, auto dontCare) {
    avx2<masked, dontCare>(words, query, out);
  });
}

void runAvx512(const PackedWords &words, const PackedQuery &query,
               int32_t *out) {
  dispatch(words, query, [&](auto masked, auto dontCare) {
    avx512<masked, dontCare>(words, query, out);
  });
}
#endif

} // namespace

llvm::ArrayRef<DistanceLoop> pumice::model::distanceLoops() {
  static const std::vector<DistanceLoop> loops = [] {
    std::vector<DistanceLoop> loops{runPortable};
#if defined(__x86_64__)
    if (mayUse(InstructionSet::Avx2) && __builtin_cpu_supports("popcnt"))
      loops.push_back(runAvx2);
    if (mayUse(InstructionSet::Avx512) &&
        __builtin_cpu_supports("avx512vpopcntdq") &&
        __builtin_cpu_supports("avx512vl"))
      loops.push_back(runAvx512);
#endif
    return loops;
  }();
  return loops;
}
