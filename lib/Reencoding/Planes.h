// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Planes.h - Levels of bitlines as bits --------------------*- C++ -*-===//
//
// The levels of a bitline are two planes of bits, low bits first: bit r % 64 of
// word r / 64 is that of row r.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_REENCODING_PLANES_H
#define PUMICE_LIB_REENCODING_PLANES_H

#include <cstdint>

namespace pumice::reencoding {

inline int64_t wordsOf(int64_t rows) { return (rows + 63) / 64; }

/// Bits of rows [first, last).
void setMask(int64_t first, int64_t last, int64_t words, uint64_t *mask);

/// Bit planes of bytes, of `words` words each. Two of them are a digit.
void toPlanes(const uint8_t *bytes, int64_t rows, int64_t words,
              uint64_t *result);

/// Bit planes of offset + code, or offset - code, modulo 256.
void addOffset(const uint64_t *codes, int offset, bool isNegated, int64_t words,
               uint64_t *result);

/// What a bitline costs that changes from one to other levels: cells that
/// change, or the sum of |old - new|.
struct Difference {
  int64_t plain, flipped; ///< with the levels as they are, and with 3 - them
};
Difference differenceOf(const uint64_t *old, const uint64_t *next,
                        const uint64_t *mask, int64_t words, bool countsSteps);

/// The same for all pairs of a new and an old bitline: the lower of the two
/// costs, and whether it is that with flipped levels.
void differences(const uint64_t *old, int64_t oldCount, const uint64_t *next,
                 int64_t nextCount, const uint64_t *mask, int64_t words,
                 bool countsSteps, int32_t *cost, uint8_t *isFlipped);

/// Writes a bitline where the mask is set, and adds to the counts of pairs
/// (old, new): index 4 * old + new.
void store(uint64_t *old, const uint64_t *next, bool isFlipped,
           const uint64_t *mask, int64_t words, int64_t *transitions);

} // namespace pumice::reencoding

#endif // PUMICE_LIB_REENCODING_PLANES_H
