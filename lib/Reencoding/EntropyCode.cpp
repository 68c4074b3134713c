// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Reencoding/EntropyCode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <vector>

using namespace pumice;

namespace {
/// Values whose words become one bit longer together.
struct Package {
  int64_t count = 0;
  std::array<uint8_t, 256> words{}; ///< by how many bits
};
} // namespace

std::array<uint8_t, 256>
reencoding::wordLengths(const std::array<int64_t, 256> &counts) {
  std::vector<Package> values;
  for (auto [value, count] : llvm::enumerate(counts))
    if (count > 0) {
      values.push_back({count, {}});
      values.back().words[value] = 1;
    }
  if (values.size() < 2)
    return values.empty() ? std::array<uint8_t, 256>{} : values.front().words;
  auto isRarer = [](const Package &a, const Package &b) {
    return a.count < b.count;
  };
  llvm::stable_sort(values, isRarer);
  std::vector<Package> list = values;
  for (int level = 1; level < longestWord; ++level) {
    std::vector<Package> pairs;
    for (size_t i = 0; i + 1 < list.size(); i += 2) {
      Package pair = list[i];
      pair.count += list[i + 1].count;
      for (size_t value = 0; value < pair.words.size(); ++value)
        pair.words[value] += list[i + 1].words[value];
      pairs.push_back(pair);
    }
    list.clear();
    std::merge(values.begin(), values.end(), pairs.begin(), pairs.end(),
               std::back_inserter(list), isRarer);
  }
  std::array<uint8_t, 256> lengths{};
  for (size_t i = 0; i < 2 * values.size() - 2; ++i)
    for (size_t value = 0; value < lengths.size(); ++value)
      lengths[value] += list[i].words[value];
  return lengths;
}

int64_t reencoding::compressedBytes(llvm::ArrayRef<int8_t> weights) {
  std::array<int64_t, 256> counts{};
  for (int8_t weight : weights)
    ++counts[static_cast<uint8_t>(weight)];
  const std::array<uint8_t, 256> lengths = wordLengths(counts);
  int64_t bits = 0;
  for (auto [count, length] : llvm::zip(counts, lengths))
    bits += count * length;
  return static_cast<int64_t>(llvm::divideCeil(bits, 8)) + codeTableBytes;
}
