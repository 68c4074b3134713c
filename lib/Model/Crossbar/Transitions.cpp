// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Transitions.h"

#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

#include <algorithm>
#include <array>

using namespace pumice::model;

/// Counts the pairs of cells with up to 4 levels. Neighbours count in different
/// tables, so that no count waits for the one before.
static void count(const uint8_t *held, const uint8_t *written, int64_t count,
                  std::array<int64_t, 16> &pairs) {
  uint32_t tables[4][16] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int64_t k = 0; k < 4; ++k)
      ++tables[k][held[i + k] << 2 | written[i + k]];
  for (; i < count; ++i)
    ++tables[0][held[i] << 2 | written[i]];
  for (const auto &table : tables)
    for (size_t pair = 0; pair < pairs.size(); ++pair)
      pairs[pair] += table[pair];
}

#if defined(__x86_64__)
/// Counts as many cells as fill whole vectors; returns their number.
PUMICE_AVX2 static int64_t countAvx2(const uint8_t *held,
                                     const uint8_t *written, int64_t count,
                                     std::array<int64_t, 16> &pairs) {
  constexpr int64_t lanes = 32, most = 255; // a byte counts no more
  const int64_t vectors = count / lanes;
  for (int64_t first = 0; first < vectors; first += most) {
    const int64_t last = std::min(vectors, first + most);
    // Two rounds of 8 pairs, whose counts stay in registers.
    for (int half = 0; half < 2; ++half) {
      __m256i sums[8];
      PUMICE_UNROLL
      for (auto &sum : sums)
        sum = _mm256_setzero_si256();
      for (int64_t i = first; i < last; ++i) {
        const __m256i old = _mm256_loadu_si256(
            reinterpret_cast<const __m256i *>(held + i * lanes));
        const __m256i now = _mm256_loadu_si256(
            reinterpret_cast<const __m256i *>(written + i * lanes));
        // Levels have 2 bits, so none passes into the next byte.
        const __m256i pair = _mm256_or_si256(_mm256_slli_epi16(old, 2), now);
        PUMICE_UNROLL
        for (int k = 0; k < 8; ++k)
          sums[k] = _mm256_sub_epi8(
              sums[k],
              _mm256_cmpeq_epi8(pair, _mm256_set1_epi8(char(half * 8 + k))));
      }
      PUMICE_UNROLL
      for (int k = 0; k < 8; ++k) {
        alignas(32) std::array<int64_t, 4> parts;
        _mm256_store_si256(reinterpret_cast<__m256i *>(parts.data()),
                           _mm256_sad_epu8(sums[k], _mm256_setzero_si256()));
        pairs[half * 8 + k] += parts[0] + parts[1] + parts[2] + parts[3];
      }
    }
  }
  return vectors * lanes;
}
#endif

int64_t Transitions::write(uint8_t *held, const uint8_t *written,
                           int64_t cells) {
  if (numLevels > 4) {
    int64_t changed = 0;
    for (int64_t i = 0; i < cells; ++i)
      changed += write(held[i], written[i]);
    return changed;
  }
  std::array<int64_t, 16> pairs = {};
  int64_t done = 0;
#if defined(__x86_64__)
  static const bool hasAvx2 = mayUse(InstructionSet::Avx2);
  if (hasAvx2)
    done = countAvx2(held, written, cells, pairs);
#endif
  count(held + done, written + done, cells - done, pairs);
  std::copy_n(written, cells, held);
  int64_t changed = cells;
  for (int64_t from = 0; from < numLevels; ++from)
    for (int64_t to = 0; to < numLevels; ++to)
      byLevels[from * numLevels + to] += pairs[from * 4 + to];
  for (size_t level = 0; level < 4; ++level)
    changed -= pairs[level * 5];
  return changed;
}
