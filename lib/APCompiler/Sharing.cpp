// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Sharing.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

using namespace pumice;
using namespace pumice::apcompiler;

int64_t Expressions::additions() const {
  int64_t count = shared.size();
  for (const std::vector<Term> &terms : outputs)
    count += terms.size();
  return count;
}

namespace {

/// Greedy sharing. Bit sets hold the outputs to which each source is added, and
/// those from which it is subtracted.
class Sharer {
public:
  Sharer(llvm::ArrayRef<int8_t> matrix, int64_t outputs, int64_t inputs,
         int64_t mostShared, std::optional<uint64_t> seed)
      : isRandom(seed), random(seed.value_or(0)), outputs(outputs),
        inputs(inputs), words((outputs + 63) / 64), most(inputs + mostShared),
        plus(most * words), minus(most * words), same(most * most),
        opposite(most * most) {
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t i = 0; i < inputs; ++i)
        if (const int8_t w = matrix[o * inputs + i])
          (w > 0 ? plus : minus)[i * words + o / 64] |= uint64_t(1) << (o % 64);
  }

  Expressions run() {
    sources = inputs;
    if (outputs > 1 && most > inputs)
      for (int64_t j = 1; j < sources; ++j)
        countPairs(j, j);
    while (sources < most && shareOne())
      ;
    Expressions result;
    result.inputs = inputs;
    result.shared = std::move(shared);
    result.outputs.resize(outputs);
    for (int64_t s = 0; s < sources; ++s)
      for (int64_t o = 0; o < outputs; ++o) {
        const uint64_t bit = uint64_t(1) << (o % 64);
        const int64_t w = s * words + o / 64;
        if (plus[w] & bit)
          result.outputs[o].push_back({int32_t(s), false});
        else if (minus[w] & bit)
          result.outputs[o].push_back({int32_t(s), true});
      }
    return result;
  }

private:
  /// Counts the outputs that contain both source `j` and each of the sources
  /// [0, end), separately for equal and opposite signs.
  void countPairs(int64_t j, int64_t end) {
    const uint64_t *pj = &plus[j * words], *mj = &minus[j * words];
    for (int64_t i = 0; i < end; ++i) {
      if (i == j)
        continue;
      const uint64_t *pi = &plus[i * words], *mi = &minus[i * words];
      int64_t alike = 0, unlike = 0;
      for (int64_t w = 0; w < words; ++w) {
        alike += __builtin_popcountll((pi[w] & pj[w]) | (mi[w] & mj[w]));
        unlike += __builtin_popcountll((pi[w] & mj[w]) | (mi[w] & pj[w]));
      }
      const int64_t at = std::max(i, j) * most + std::min(i, j);
      same[at] = int32_t(alike);
      opposite[at] = int32_t(unlike);
    }
  }

  /// Shares the most frequent sum; false if no sum occurs twice.
  bool shareOne() {
    int32_t best = 2;
    ties.clear();
    for (int64_t j = 1; j < sources; ++j) {
      const int32_t *s = &same[j * most], *d = &opposite[j * most];
      for (int64_t i = 0; i < j; ++i) {
        const int32_t count = std::max(s[i], d[i]);
        if (count < best)
          continue;
        if (count > best)
          ties.clear();
        best = count;
        ties.push_back({int32_t(i), int32_t(j), d[i] > s[i]});
      }
    }
    if (ties.empty())
      return false;
    const SharedSum chosen = pick();
    const int64_t first = chosen.first, second = chosen.second;
    const bool isDifference = chosen.isDifference;
    const int64_t t = sources++;
    shared.push_back(chosen);
    for (int64_t w = 0; w < words; ++w) {
      uint64_t &p1 = plus[first * words + w], &m1 = minus[first * words + w];
      uint64_t &p2 = plus[second * words + w], &m2 = minus[second * words + w];
      const uint64_t p = p1 & (isDifference ? m2 : p2);
      const uint64_t m = m1 & (isDifference ? p2 : m2);
      plus[t * words + w] = p;
      minus[t * words + w] = m;
      p1 &= ~p;
      m1 &= ~m;
      p2 &= ~(isDifference ? m : p);
      m2 &= ~(isDifference ? p : m);
    }
    countPairs(first, sources);
    countPairs(second, sources);
    countPairs(t, sources);
    return true;
  }

  /// Breaks ties: the first of the most frequent sums without a seed, else a
  /// random one.
  const SharedSum &pick() {
    if (!isRandom)
      return *std::min_element(
          ties.begin(), ties.end(), [](const SharedSum &a, const SharedSum &b) {
            return std::pair(a.first, a.second) < std::pair(b.first, b.second);
          });
    random = random * 6364136223846793005u + 1442695040888963407u;
    return ties[(random >> 33) % ties.size()];
  }

  bool isRandom;
  uint64_t random;
  int64_t outputs, inputs, words, most;
  int64_t sources = 0;
  std::vector<uint64_t> plus, minus; ///< [source][word of outputs]
  std::vector<int32_t> same, opposite;
  std::vector<SharedSum> shared, ties;
};

} // namespace

Expressions pumice::apcompiler::share(llvm::ArrayRef<int8_t> matrix,
                                      int64_t outputs, int64_t inputs,
                                      int64_t mostShared, int64_t mostTries) {
  // Small matrices are tried several times with ties broken at random, because
  // the choice matters there. The last try has no seed, so the result is never
  // worse than that of plain greedy sharing.
  const int64_t size = std::max<int64_t>(outputs * inputs, 1);
  const int64_t tries = outputs > 1 && mostShared > 0
                            ? std::clamp<int64_t>(36864 / size, 1, mostTries)
                            : 0;
  Expressions best;
  int64_t fewest = 0;
  for (int64_t i = 0; i <= tries; ++i) {
    const auto seed = i < tries ? std::optional<uint64_t>(i) : std::nullopt;
    Expressions found = Sharer(matrix, outputs, inputs, mostShared, seed).run();
    if (i == 0 || found.additions() < fewest) {
      fewest = found.additions();
      best = std::move(found);
    }
  }
  return best;
}

int64_t pumice::apcompiler::fewestAdditions(llvm::ArrayRef<int8_t> matrix,
                                            int64_t outputs, int64_t inputs) {
  int64_t count = 0;
  std::set<std::string> distinct;
  for (int64_t o = 0; o < outputs; ++o) {
    llvm::ArrayRef<int8_t> row = matrix.slice(o * inputs, inputs);
    const int8_t *lead =
        std::find_if(row.begin(), row.end(), [](int8_t w) { return w != 0; });
    if (lead == row.end())
      continue;
    ++count;
    std::string key;
    for (int8_t w : row)
      key.push_back(char(w * *lead));
    if (inputs - std::count(row.begin(), row.end(), 0) > 1 &&
        distinct.insert(key).second)
      ++count;
  }
  return count;
}
