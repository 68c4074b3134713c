// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SearchCode.h - Terms of a sum as distances of cells ------*- C++ -*-===//
//
// A sum of terms f(a, b), where a is an element of a query and b one of a
// stored word, is a search if there are codes of a and b over 0, 1 and 2 ("does
// not count") such that f(a, b) = offset + scale * (cells in which a 0 meets a
// 1).
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SEARCHCODE_H
#define PUMICE_LIB_TRANSFORMS_AP_SEARCHCODE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice {

/// Codes of `cells` cells.
struct SearchCode {
  int64_t cells = 0;
  std::vector<std::vector<int8_t>> keys;  ///< of the query's symbols
  std::vector<std::vector<int8_t>> words; ///< of the word's symbols
  double offset = 0, scale = 0;
};

/// Terms: [query symbol][word symbol].
using SearchTerms = std::vector<std::vector<double>>;

/// The code with the fewest cells, with a scale of the sign of `sign`; nullopt
/// if there is none. Few symbols are searched exhaustively, up to three cells;
/// beyond, thermometer codes of `queryValues` and `wordValues` (if each word
/// symbol is one number) and one-hot codes are tried. Every code is checked on
/// all pairs.
std::optional<SearchCode> findSearchCode(const SearchTerms &terms,
                                         llvm::ArrayRef<double> queryValues,
                                         llvm::ArrayRef<double> wordValues,
                                         int sign);

/// The largest power of two of which all terms are multiples, if they and sums
/// of `count` of them are exact in a type with `bits` bits of precision, in any
/// order.
bool areSumsExact(const SearchTerms &terms, int64_t count, int bits);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SEARCHCODE_H
