// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EntropyCode.h - Lengths of weights in a prefix code ------*- C++ -*-===//
#ifndef PUMICE_LIB_REENCODING_ENTROPYCODE_H
#define PUMICE_LIB_REENCODING_ENTROPYCODE_H

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>

namespace pumice::reencoding {

/// Longest word of a prefix code, so that a length takes 4 bits.
constexpr int longestWord = 15;
/// Bytes of the lengths of the 256 words, from which a decoder makes a
/// canonical Huffman code.
constexpr int64_t codeTableBytes = 128;

/// Lengths of the words of the best prefix code whose words have at most
/// `longestWord` bits (package-merge: Larmore and Hirschberg, J. ACM 37, 1990),
/// for 256 values that occur as often as `counts` says; 0 for values that do
/// not occur. One value alone has a word of one bit.
std::array<uint8_t, 256> wordLengths(const std::array<int64_t, 256> &counts);

/// Bytes of weights in that code, its table included.
int64_t compressedBytes(llvm::ArrayRef<int8_t> weights);

} // namespace pumice::reencoding

#endif // PUMICE_LIB_REENCODING_ENTROPYCODE_H
