// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ClipInputs.h - Inputs as indices of tables ---------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPINPUTS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPINPUTS_H

#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Crossbar/Patches.h"

#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pumice::model {

/// Input vectors that are processed together, on the rows of one tile.
template <typename Index>
struct Encoded {
  int64_t laneBlocks;
  int64_t steps;
  std::vector<Index> indices; ///< [lane block][digit][step][lane]
  /// The largest sum of digits over the rows, for any lane and for any of the
  /// digits that are processed together: [lane block][digit group].
  std::vector<int64_t> digitSums;

  /// The indices of one digit of one block of lanes: [step][lane].
  Index *of(int64_t block, int64_t digit, int64_t digits, int64_t width) {
    return indices.data() + (block * digits + digit) * steps * width;
  }
  const Index *of(int64_t block, int64_t digit, int64_t digits,
                  int64_t width) const {
    return indices.data() + (block * digits + digit) * steps * width;
  }
};

/// Adds one digit of `width` inputs, shifted left by `up`, to `to`.
template <typename Index, typename T>
void encodeRow(const T *from, int64_t width, const InputDigit &digit,
               int64_t up, Index *to) {
  if constexpr (sizeof(T) == 1 && sizeof(Index) == 1) {
    // Eight bytes at a time: the mask drops bits that are shifted in from the
    // next byte.
    const uint64_t mask = digit.mask * UINT64_C(0x0101010101010101);
    for (int64_t i = 0; i < width; i += 8) {
      uint64_t inputs, indices;
      std::memcpy(&inputs, from + i, 8);
      std::memcpy(&indices, to + i, 8);
      indices |= (inputs >> digit.shift & mask) << up;
      std::memcpy(to + i, &indices, 8);
    }
  } else {
    for (int64_t i = 0; i < width; ++i)
      to[i] |= static_cast<Index>((from[i] >> digit.shift & digit.mask) << up);
  }
}

/// Encodes `count` input vectors from `first` on the rows of one segment, one
/// digit per read; a step of an index holds `rowsPerStep` rows. Missing rows
/// and vectors are 0. Calls `onRow` with each row of inputs.
template <typename Index, typename T, typename OnRow>
void encodeSegment(const PatchReader<T> &patches, int64_t group,
                   const Segment &segment, int64_t first, int64_t count,
                   llvm::ArrayRef<InputDigit> digits, int64_t width,
                   int64_t rowsPerStep, int64_t bitsPerRow,
                   Encoded<Index> &encoded, OnRow onRow) {
  const int64_t steps = (segment.rows + rowsPerStep - 1) / rowsPerStep;
  const int64_t numDigits = digits.size();
  encoded.laneBlocks = (count + width - 1) / width;
  encoded.steps = steps;
  encoded.indices.assign(encoded.laneBlocks * numDigits * steps * width, 0);
  std::vector<T> row(encoded.laneBlocks * width);
  for (int64_t k = 0; k < segment.rows; ++k) {
    patches.rowAcross(group, segment.first + k, first, count, row.data());
    onRow(row.data());
    const int64_t up = k % rowsPerStep * bitsPerRow;
    for (int64_t block = 0; block < encoded.laneBlocks; ++block)
      for (int64_t d = 0; d < numDigits; ++d)
        encodeRow(row.data() + block * width, width, digits[d], up,
                  encoded.of(block, d, numDigits, width) +
                      k / rowsPerStep * width);
  }
}

/// The largest sum over lanes of the digits in the steps of the indices.
inline int64_t largestDigitSum(const uint32_t *indices, int64_t steps,
                               int64_t width, int64_t /*dacBits*/) {
  std::vector<uint64_t> sums(width);
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t lane = 0; lane < width; ++lane)
      sums[lane] += *indices++;
  return *std::max_element(sums.begin(), sums.end());
}

inline int64_t largestDigitSum(const uint8_t *indices, int64_t steps,
                               int64_t width, int64_t dacBits) {
  // Nibbles hold up to 15 in digits, so bytes hold the sums of 17 of them.
  constexpr int64_t stepsPerByte = 17;
  constexpr uint64_t odd = UINT64_C(0x5555555555555555);
  constexpr uint64_t low = UINT64_C(0x3333333333333333);
  int64_t largest = 0;
  for (int64_t lane = 0; lane < width; lane += 8) {
    int64_t sums[8] = {};
    for (int64_t begin = 0; begin < steps; begin += stepsPerByte) {
      uint64_t bytes = 0;
      for (int64_t step = begin; step < std::min(begin + stepsPerByte, steps);
           ++step) {
        uint64_t nibbles;
        std::memcpy(&nibbles, indices + step * width + lane, 8);
        if (dacBits == 1)
          nibbles = (nibbles & odd) + (nibbles >> 1 & odd);
        if (dacBits <= 2)
          nibbles = (nibbles & low) + (nibbles >> 2 & low);
        bytes += nibbles;
      }
      for (int64_t i = 0; i < 8; ++i)
        sums[i] += bytes >> (8 * i) & 255;
    }
    largest = std::max(largest, *std::max_element(sums, sums + 8));
  }
  return largest;
}

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPINPUTS_H
