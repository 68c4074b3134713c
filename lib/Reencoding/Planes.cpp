// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Reencoding/Planes.h"

#include <algorithm>

using namespace pumice::reencoding;

// Counting bits takes one instruction on every processor of the last fifteen
// years, but not on the oldest that the ABI allows.
#if defined(__x86_64__)
#define PUMICE_COUNTS_BITS __attribute__((target("popcnt")))
#else
#define PUMICE_COUNTS_BITS
#endif

static bool countsBits() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("popcnt");
#else
  return false;
#endif
}

void pumice::reencoding::setMask(int64_t first, int64_t last, int64_t words,
                                 uint64_t *mask) {
  std::fill(mask, mask + words, 0);
  for (int64_t r = first; r < last; ++r)
    mask[r / 64] |= uint64_t(1) << (r % 64);
}

void pumice::reencoding::toPlanes(const uint8_t *bytes, int64_t rows,
                                  int64_t words, uint64_t *result) {
  // The product moves bit 8 i to bit 56 + i.
  constexpr uint64_t ones = 0x0101010101010101, gather = 0x0102040810204080;
  std::fill(result, result + 8 * words, 0);
  for (int64_t first = 0; first < rows; first += 8) {
    uint64_t eight = 0;
    for (int64_t r = first; r < std::min(first + 8, rows); ++r)
      eight |= uint64_t(bytes[r]) << (8 * (r - first));
    for (int bit = 0; bit < 8; ++bit)
      result[bit * words + first / 64] |=
          ((((eight >> bit) & ones) * gather) >> 56) << (first % 64);
  }
}

void pumice::reencoding::addOffset(const uint64_t *codes, int offset,
                                   bool isNegated, int64_t words,
                                   uint64_t *result) {
  // -w is ~w + 1.
  const uint64_t flip = isNegated ? ~uint64_t(0) : 0;
  const int added = offset + (isNegated ? 1 : 0);
  for (int64_t w = 0; w < words; ++w) {
    uint64_t carry = 0;
    for (int bit = 0; bit < 8; ++bit) {
      const uint64_t code = codes[bit * words + w] ^ flip;
      const bool isSet = (added >> bit) & 1;
      result[bit * words + w] = code ^ carry ^ (isSet ? ~uint64_t(0) : 0);
      carry = isSet ? code | carry : code & carry;
    }
  }
}

namespace {

inline __attribute__((always_inline)) Difference
difference(const uint64_t *old, const uint64_t *next, const uint64_t *mask,
           int64_t words, bool countsSteps) {
  Difference result{0, 0};
  const auto count = [](uint64_t bits) {
    return static_cast<int64_t>(__builtin_popcountll(bits));
  };
  for (int64_t w = 0; w < words; ++w) {
    const uint64_t low = (old[w] ^ next[w]) & mask[w];
    const uint64_t high = (old[words + w] ^ next[words + w]) & mask[w];
    // Both bits differ where a flipped level is the same.
    const uint64_t sameLow = ~low & mask[w], sameHigh = ~high & mask[w];
    if (!countsSteps) {
      result.plain += count(low | high);
      result.flipped += count(sameLow | sameHigh);
      continue;
    }
    // |old - new| is 1 without the high bit, 2 with it alone; with both, 3 for
    // levels 0 and 3 and 1 for 1 and 2: 3 where the old bits are equal.
    const uint64_t equal = ~(old[w] ^ old[words + w]);
    const auto steps = [&](uint64_t l, uint64_t h) {
      return count(l & ~h) + 2 * count(h & ~l) + count(l & h) +
             2 * count(l & h & equal);
    };
    result.plain += steps(low, high);
    result.flipped += steps(sameLow, sameHigh);
  }
  return result;
}

inline __attribute__((always_inline)) void
allDifferences(const uint64_t *old, int64_t oldCount, const uint64_t *next,
               int64_t nextCount, const uint64_t *mask, int64_t words,
               bool countsSteps, int32_t *cost, uint8_t *isFlipped) {
  for (int64_t n = 0; n < nextCount; ++n)
    for (int64_t o = 0; o < oldCount; ++o) {
      const Difference d = difference(old + o * 2 * words, next + n * 2 * words,
                                      mask, words, countsSteps);
      cost[n * oldCount + o] =
          static_cast<int32_t>(std::min(d.plain, d.flipped));
      isFlipped[n * oldCount + o] = d.flipped < d.plain;
    }
}

/// Arrays of 128 rows and cells that are counted, the usual case, get loops of
/// known length.
inline __attribute__((always_inline)) void
specialized(const uint64_t *old, int64_t oldCount, const uint64_t *next,
            int64_t nextCount, const uint64_t *mask, int64_t words,
            bool countsSteps, int32_t *cost, uint8_t *isFlipped) {
  if (words == 2 && !countsSteps)
    allDifferences(old, oldCount, next, nextCount, mask, 2, false, cost,
                   isFlipped);
  else if (words == 2)
    allDifferences(old, oldCount, next, nextCount, mask, 2, true, cost,
                   isFlipped);
  else
    allDifferences(old, oldCount, next, nextCount, mask, words, countsSteps,
                   cost, isFlipped);
}

PUMICE_COUNTS_BITS void fastDifferences(const uint64_t *old, int64_t oldCount,
                                        const uint64_t *next, int64_t nextCount,
                                        const uint64_t *mask, int64_t words,
                                        bool countsSteps, int32_t *cost,
                                        uint8_t *isFlipped) {
  specialized(old, oldCount, next, nextCount, mask, words, countsSteps, cost,
              isFlipped);
}

PUMICE_COUNTS_BITS Difference fastDifference(const uint64_t *old,
                                             const uint64_t *next,
                                             const uint64_t *mask,
                                             int64_t words, bool countsSteps) {
  return difference(old, next, mask, words, countsSteps);
}

} // namespace

Difference pumice::reencoding::differenceOf(const uint64_t *old,
                                            const uint64_t *next,
                                            const uint64_t *mask, int64_t words,
                                            bool countsSteps) {
  return countsBits() ? fastDifference(old, next, mask, words, countsSteps)
                      : difference(old, next, mask, words, countsSteps);
}

void pumice::reencoding::differences(const uint64_t *old, int64_t oldCount,
                                     const uint64_t *next, int64_t nextCount,
                                     const uint64_t *mask, int64_t words,
                                     bool countsSteps, int32_t *cost,
                                     uint8_t *isFlipped) {
  if (countsBits())
    fastDifferences(old, oldCount, next, nextCount, mask, words, countsSteps,
                    cost, isFlipped);
  else
    specialized(old, oldCount, next, nextCount, mask, words, countsSteps, cost,
                isFlipped);
}

void pumice::reencoding::store(uint64_t *old, const uint64_t *next,
                               bool isFlipped, const uint64_t *mask,
                               int64_t words, int64_t *transitions) {
  const uint64_t flip = isFlipped ? ~uint64_t(0) : 0;
  for (int64_t w = 0; w < words; ++w) {
    const uint64_t before[2] = {old[w], old[words + w]};
    const uint64_t after[2] = {next[w] ^ flip, next[words + w] ^ flip};
    const auto is = [](const uint64_t *bits, int level) {
      return (level & 1 ? bits[0] : ~bits[0]) &
             (level & 2 ? bits[1] : ~bits[1]);
    };
    for (int from = 0; from < 4; ++from)
      for (int to = 0; to < 4; ++to)
        transitions[4 * from + to] +=
            __builtin_popcountll(is(before, from) & is(after, to) & mask[w]);
    old[w] = (before[0] & ~mask[w]) | (after[0] & mask[w]);
    old[words + w] = (before[1] & ~mask[w]) | (after[1] & mask[w]);
  }
}
