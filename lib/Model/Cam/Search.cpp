// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Cam/Search.h"

#include "lib/Model/Core/Random.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

using namespace pumice::model;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Mappings
//===----------------------------------------------------------------------===//

int64_t SearchMapping::arrays() const {
  return (rowBlocks - 1) * parts + llvm::divideCeil(parts, stacked);
}

/// The widest part whose distances can be told apart where that matters: up to
/// a limit that the sense amplifiers can tell, larger distances may look alike.
static int64_t widestPart(const CamSpec &cam, const SearchSpec &spec) {
  const bool isTold =
      spec.kind == SearchKind::within && spec.limit < cam.maxDistance;
  return isTold ? cam.columns : std::min(cam.columns, cam.maxDistance);
}

llvm::Expected<SearchMapping> pumice::model::mapSearch(const CamSpec &cam,
                                                       const SearchSpec &spec,
                                                       SearchGoal goal) {
  SearchMapping mapping;
  mapping.partBits =
      std::max<int64_t>(1, std::min(spec.bits, widestPart(cam, spec)));
  mapping.parts =
      std::max<int64_t>(1, llvm::divideCeil(spec.bits, mapping.partBits));
  mapping.rowBlocks =
      std::max<int64_t>(1, llvm::divideCeil(spec.rows, cam.rows));
  if (goal == SearchGoal::density) {
    const int64_t last = spec.rows - (mapping.rowBlocks - 1) * cam.rows;
    mapping.stacked =
        std::min<int64_t>(mapping.parts, cam.rows / std::max<int64_t>(last, 1));
  }
  mapping.serial = goal == SearchGoal::power;
  if (llvm::Error error = verifyMapping(cam, spec, mapping))
    return error;
  return mapping;
}

llvm::Error pumice::model::verifyMapping(const CamSpec &cam,
                                         const SearchSpec &spec,
                                         const SearchMapping &mapping) {
  const int64_t last = spec.rows - (mapping.rowBlocks - 1) * cam.rows;
  if (mapping.rowBlocks * cam.rows < spec.rows ||
      (last < 1 && mapping.rowBlocks > 1) || last * mapping.stacked > cam.rows)
    return llvm::createStringError(
        "places " + Twine(spec.rows) + " words in " + Twine(mapping.rowBlocks) +
        " blocks, with " + Twine(mapping.stacked) +
        " parts of the last in one array, but arrays have " + Twine(cam.rows) +
        " rows");
  if (mapping.partBits > cam.columns)
    return llvm::createStringError(
        "cuts words into parts of " + Twine(mapping.partBits) +
        " cells, but arrays have " + Twine(cam.columns) + " columns");
  if (mapping.partBits > widestPart(cam, spec))
    return llvm::createStringError(
        "needs distances of up to " +
        Twine(spec.kind == SearchKind::within ? spec.limit + 1
                                              : mapping.partBits) +
        " cells, but sense amplifiers tell at most " + Twine(cam.maxDistance) +
        " apart");
  if (mapping.parts > cam.mergeParts)
    return llvm::createStringError(
        "cuts words of " + Twine(spec.bits) + " cells into " +
        Twine(mapping.parts) + " parts of " + Twine(mapping.partBits) +
        ", but the periphery merges at most " + Twine(cam.mergeParts));
  if (spec.kind == SearchKind::best && spec.count > cam.bestMatches)
    return llvm::createStringError("ranks " + Twine(spec.count) +
                                   " best matches, but the periphery ranks at "
                                   "most " +
                                   Twine(cam.bestMatches));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {

/// Distances as noisy sense amplifiers see them: of each part, rounded to the
/// nearest number of cells, halves to even.
class NoisyDistances {
public:
  NoisyDistances(const CamSpec &cam, const SearchMapping &mapping,
                 uint64_t place)
      : cam(cam), mapping(mapping), place(place) {}

  void compute(const PackedWords &words, const PackedQuery &query, int64_t q,
               int32_t *out) const {
    std::fill_n(out, words.rows(), 0);
    for (int64_t part = 0; part < mapping.parts; ++part) {
      const RandomStream random({uint64_t(cam.seed), place, uint64_t(part)});
      const int64_t first = part * mapping.partBits;
      const int64_t last = std::min(words.bits(), first + mapping.partBits);
      const int64_t most = std::min(last - first, cam.maxDistance);
      for (int64_t r = 0; r < words.rows(); ++r) {
        const int64_t exact =
            std::min(distance(words, query, r, first, last), most);
        const double sensed = std::nearbyint(
            double(exact) +
            cam.distanceNoise * random.normal(uint64_t(q * words.rows() + r)));
        out[r] += int32_t(std::clamp(sensed, 0.0, double(most)));
      }
    }
  }

private:
  /// In the cells [first, last).
  static int64_t distance(const PackedWords &words, const PackedQuery &query,
                          int64_t row, int64_t first, int64_t last) {
    constexpr int64_t lanes = PackedWords::rowsPerBlock;
    const int64_t block = row / lanes, lane = row % lanes;
    int64_t sum = 0;
    for (int64_t w = first / 64; w * 64 < last; ++w) {
      uint64_t differ =
          words.valuesOf(block)[w * lanes + lane] ^ query.values[w];
      differ &= query.mask[w];
      if (words.hasDontCare())
        differ &= words.careOf(block)[w * lanes + lane];
      if (w * 64 < first)
        differ &= ~uint64_t(0) << (first - w * 64);
      if (last - w * 64 < 64)
        differ &= (uint64_t(1) << (last - w * 64)) - 1;
      sum += llvm::popcount(differ);
    }
    return sum;
  }

  const CamSpec &cam;
  const SearchMapping &mapping;
  uint64_t place;
};

/// The smallest distances in ascending order, lower rows first.
void rank(llvm::ArrayRef<int32_t> distances,
          llvm::MutableArrayRef<int32_t> best,
          llvm::MutableArrayRef<int64_t> rows) {
  // The worst of the matches so far is on top. Rows ascend, so that one that is
  // only as near comes too late.
  using Match = std::pair<int32_t, int64_t>;
  llvm::SmallVector<Match, 16> heap;
  const size_t count = best.size();
  size_t r = 0;
  for (; r < count; ++r)
    heap.push_back({distances[r], int64_t(r)});
  std::make_heap(heap.begin(), heap.end());
  for (; r < distances.size(); ++r)
    if (distances[r] < heap.front().first) {
      std::pop_heap(heap.begin(), heap.end());
      heap.back() = {distances[r], int64_t(r)};
      std::push_heap(heap.begin(), heap.end());
    }
  std::sort_heap(heap.begin(), heap.end());
  for (auto [i, match] : llvm::enumerate(heap)) {
    best[i] = match.first;
    rows[i] = match.second;
  }
}

} // namespace

llvm::Expected<int64_t>
pumice::model::runSearch(const CamSpec &cam, const SearchSpec &spec,
                         const SearchMapping &mapping, const PackedWords &words,
                         const Value &queries, Value &distances, Value *indices,
                         unsigned threads, uint64_t place) {
  const int64_t width = spec.kind == SearchKind::best ? spec.count : spec.rows;
  if (words.rows() != spec.rows || words.bits() != spec.bits ||
      queries.numElements() != spec.queries * spec.bits ||
      distances.numElements() != spec.queries * width ||
      bool(indices) != (spec.kind == SearchKind::best) ||
      (indices && indices->numElements() != spec.queries * width))
    return llvm::createStringError("expected " + Twine(spec.queries) +
                                   " queries and " + Twine(spec.rows) +
                                   " words of " + Twine(spec.bits) + " cells");
  if (words.hasDontCare() && !cam.ternary)
    return llvm::createStringError(
        "stores words with \"don't care\", but cells are binary");
  const DistanceLoop loop = distanceLoops().back();
  const NoisyDistances noisy(cam, mapping, place);
  const bool isNoisy = cam.distanceNoise > 0;
  std::atomic<int64_t> keyBits{0};
  std::mutex mutex;
  std::string problem;
  // A chunk of queries reuses its memory.
  const int64_t chunk = std::max<int64_t>(
      1, std::min<int64_t>(16, spec.queries /
                                   std::max<int64_t>(wantedUnits(threads), 1)));
  parallelFor(threads, llvm::divideCeil(spec.queries, chunk), [&](int64_t c) {
    std::vector<int32_t> sums(words.blocks() * PackedWords::rowsPerBlock);
    for (int64_t q = c * chunk, end = std::min(spec.queries, q + chunk);
         q < end; ++q) {
      auto query =
          packQuery(queries.as<int8_t>().slice(q * spec.bits, spec.bits));
      if (!query) {
        std::string text = llvm::toString(query.takeError());
        std::lock_guard<std::mutex> lock(mutex);
        problem = problem.empty() ? text : std::min(problem, text);
        return;
      }
      keyBits += query->keyBits;
      if (isNoisy)
        noisy.compute(words, *query, q, sums.data());
      else
        loop(words, *query, sums.data());
      const llvm::ArrayRef<int32_t> found(sums.data(), spec.rows);
      switch (spec.kind) {
      case SearchKind::distances:
        llvm::copy(found, distances.asMutable<int32_t>().data() + q * width);
        break;
      case SearchKind::within:
        for (auto [r, sum] : llvm::enumerate(found))
          distances.asMutable<int8_t>()[q * width + r] = sum <= spec.limit;
        break;
      case SearchKind::best:
        rank(found, distances.asMutable<int32_t>().slice(q * width, width),
             indices->asMutable<int64_t>().slice(q * width, width));
        break;
      }
    }
  });
  if (!problem.empty())
    return llvm::createStringError(problem);
  return keyBits.load();
}
