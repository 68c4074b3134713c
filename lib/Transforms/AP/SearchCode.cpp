// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/SearchCode.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;

static constexpr int64_t mostCells = 64; ///< of one element

static int64_t distanceOf(llvm::ArrayRef<int8_t> a, llvm::ArrayRef<int8_t> b) {
  int64_t differ = 0;
  for (size_t i = 0; i < a.size(); ++i)
    differ += a[i] != 2 && b[i] != 2 && a[i] != b[i];
  return differ;
}

/// Whether the code gives all terms.
static bool isCodeOf(const SearchCode &code, const SearchTerms &terms) {
  for (size_t a = 0; a < terms.size(); ++a)
    for (size_t b = 0; b < terms[a].size(); ++b)
      if (code.offset +
              code.scale * double(distanceOf(code.keys[a], code.words[b])) !=
          terms[a][b])
        return false;
  return true;
}

/// Pattern `number` of `cells` cells over `base` symbols.
static std::vector<int8_t> pattern(int64_t number, int64_t cells, int base) {
  std::vector<int8_t> result;
  for (int64_t i = 0; i < cells; ++i, number /= base)
    result.push_back(int8_t(number % base));
  return result;
}

static int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent-- > 0)
    result *= base;
  return result;
}

/// Codes of `cells` cells over `base` symbols with the given offset and scale,
/// by trying all keys.
static std::optional<SearchCode> searchKeys(const SearchTerms &terms,
                                            int64_t cells, int base,
                                            double offset, double scale) {
  const size_t queries = terms.size(), words = terms.front().size();
  std::vector<std::vector<int64_t>> wanted(queries,
                                           std::vector<int64_t>(words));
  for (size_t a = 0; a < queries; ++a)
    for (size_t b = 0; b < words; ++b) {
      const double distance = (terms[a][b] - offset) / scale;
      if (distance != std::floor(distance) || distance < 0 ||
          distance > double(cells))
        return std::nullopt;
      wanted[a][b] = int64_t(distance);
    }
  const int64_t patterns = power(base, cells);
  std::vector<std::vector<int8_t>> all;
  for (int64_t i = 0; i < patterns; ++i)
    all.push_back(pattern(i, cells, base));
  for (int64_t keys = 0, end = power(patterns, int64_t(queries)); keys < end;
       ++keys) {
    SearchCode code{cells, {}, {}, offset, scale};
    int64_t left = keys;
    for (size_t a = 0; a < queries; ++a, left /= patterns)
      code.keys.push_back(all[left % patterns]);
    for (size_t b = 0; b < words; ++b) {
      auto fits = [&](const std::vector<int8_t> &word) {
        for (size_t a = 0; a < queries; ++a)
          if (distanceOf(code.keys[a], word) != wanted[a][b])
            return false;
        return true;
      };
      auto word = llvm::find_if(all, fits);
      if (word == all.end())
        break;
      code.words.push_back(*word);
    }
    if (code.words.size() == words)
      return code;
  }
  return std::nullopt;
}

/// The values of queries and words, ascending.
static std::vector<double> sorted(llvm::ArrayRef<double> queries,
                                  llvm::ArrayRef<double> words) {
  std::vector<double> values(queries.begin(), queries.end());
  values.insert(values.end(), words.begin(), words.end());
  llvm::sort(values);
  return values;
}

/// -1 for the smallest value, ..: a 1 in cell i says that the value is above
/// level i.
static std::optional<SearchCode> thermometer(const SearchTerms &terms,
                                             llvm::ArrayRef<double> queries,
                                             llvm::ArrayRef<double> words,
                                             double scale, double offset) {
  std::vector<double> values = sorted(queries, words);
  double step = 0;
  for (size_t i = 1; i < values.size(); ++i)
    if (const double apart = values[i] - values[i - 1];
        apart > 0 && (step == 0 || apart < step))
      step = apart;
  if (step == 0)
    return std::nullopt;
  const double cells = (values.back() - values.front()) / step;
  if (cells != std::floor(cells) || cells > double(mostCells))
    return std::nullopt;
  SearchCode code{int64_t(cells), {}, {}, offset, scale};
  auto encode = [&](double value) {
    const double level = (value - values.front()) / step;
    std::vector<int8_t> bits(code.cells);
    for (int64_t i = 0; i < code.cells; ++i)
      bits[i] = level > double(i);
    return bits;
  };
  for (double value : queries)
    code.keys.push_back(encode(value));
  for (double value : words)
    code.words.push_back(encode(value));
  return isCodeOf(code, terms) ? std::optional(code) : std::nullopt;
}

/// A cell for each value; the query compares that of its own.
static std::optional<SearchCode> oneHot(const SearchTerms &terms,
                                        llvm::ArrayRef<double> queries,
                                        llvm::ArrayRef<double> words,
                                        double scale, double offset) {
  std::vector<double> values = sorted(queries, words);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (int64_t(values.size()) > mostCells)
    return std::nullopt;
  SearchCode code{int64_t(values.size()), {}, {}, offset, scale};
  auto encode = [&](double value, int8_t elsewhere) {
    std::vector<int8_t> bits(code.cells, elsewhere);
    bits[llvm::find(values, value) - values.begin()] = 1;
    return bits;
  };
  for (double value : queries)
    code.keys.push_back(encode(value, 2));
  for (double value : words)
    code.words.push_back(encode(value, 0));
  return isCodeOf(code, terms) ? std::optional(code) : std::nullopt;
}

std::optional<SearchCode>
pumice::findSearchCode(const SearchTerms &terms,
                       llvm::ArrayRef<double> queryValues,
                       llvm::ArrayRef<double> wordValues, int sign) {
  if (terms.empty() || terms.front().empty())
    return std::nullopt;
  std::vector<double> values;
  for (const std::vector<double> &row : terms)
    values.insert(values.end(), row.begin(), row.end());
  llvm::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() < 2)
    return std::nullopt;
  // A difference of one cell is at most the smallest one of two terms.
  double step = values[1] - values[0];
  for (size_t i = 1; i < values.size(); ++i)
    step = std::min(step, values[i] - values[i - 1]);
  const double scale = sign < 0 ? -step : step;
  const double least = sign < 0 ? values.back() : values.front();
  const size_t queries = terms.size(), words = terms.front().size();
  if (queries <= 4 && words <= 16)
    for (int64_t cells = 1; cells <= 3; ++cells)
      for (int base : {2, 3}) {
        if (double(queries) * std::log2(double(power(base, cells))) > 15)
          continue;
        // The least distance need not be 0.
        for (int64_t from = 0; from < cells; ++from)
          if (auto code = searchKeys(terms, cells, base,
                                     least - scale * double(from), scale))
            return code;
      }
  if (wordValues.size() == words) {
    for (auto make : {thermometer, oneHot})
      for (int64_t from : {0, 1})
        if (auto code = make(terms, queryValues, wordValues, scale,
                             least - scale * double(from)))
          return code;
  }
  return std::nullopt;
}

bool pumice::areSumsExact(const SearchTerms &terms, int64_t count, int bits) {
  double most = 0;
  int lowest = 1024;
  for (const std::vector<double> &row : terms)
    for (double term : row) {
      if (!std::isfinite(term))
        return false;
      most = std::max(most, std::abs(term));
      if (term == 0)
        continue;
      // The lowest bit of a term.
      int exponent;
      double mantissa = std::frexp(term, &exponent);
      int low = exponent - 53;
      auto digits = int64_t(std::ldexp(std::abs(mantissa), 53));
      while (!(digits & 1)) {
        digits >>= 1;
        ++low;
      }
      lowest = std::min(lowest, low);
    }
  return most == 0 ||
         most * double(count) < std::ldexp(1.0, std::min(lowest + bits, 1000));
}
