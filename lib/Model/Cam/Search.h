// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Search.h - Searches of content-addressable memories ------*- C++ -*-===//
//
// What a search computes, how its words are cut and placed, and what it costs
// (docs/cam.md).
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CAM_SEARCH_H
#define PUMICE_LIB_MODEL_CAM_SEARCH_H

#include "lib/Model/Cam/Words.h"
#include "lib/Model/Core/Value.h"
#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

/// What a search delivers for each query.
enum class SearchKind {
  distances, ///< all distances
  within,    ///< 1 for words within a distance
  best,      ///< the smallest distances and their rows
};

/// What a mapping is good at.
enum class SearchGoal {
  latency, ///< all parts of all words are searched at once
  power,   ///< one array of each instance of the lowest level at a time
  density, ///< parts of words share arrays where they fit
};

/// Where the words of a search are (`#ap.cam_mapping`).
struct SearchMapping {
  int64_t partBits = 0;
  int64_t parts = 0;
  int64_t rowBlocks = 0;
  int64_t stacked = 1; ///< parts of the last block in one array
  bool serial = false; ///< arrays of an instance take turns

  /// Arrays that hold the words.
  int64_t arrays() const;
};

struct SearchSpec {
  SearchKind kind = SearchKind::distances;
  int64_t queries = 0;
  int64_t rows = 0;
  int64_t bits = 0;  ///< cells of a word
  int64_t limit = 0; ///< of `within`
  int64_t count = 0; ///< of `best`
};

/// The mapping of a search on the memories of a group. Fails, with the numbers,
/// if there is none: see `verifyMapping`.
llvm::Expected<SearchMapping>
mapSearch(const CamSpec &cam, const SearchSpec &spec, SearchGoal goal);

/// Checks that a mapping gives exact results on the memories: parts fit their
/// columns, blocks their rows; the periphery merges as many parts and ranks as
/// many matches; and distances of parts that matter can be told apart.
llvm::Error verifyMapping(const CamSpec &cam, const SearchSpec &spec,
                          const SearchMapping &mapping);

/// Search cycles of one query: the most parts that one array holds, times the
/// most arrays that take turns.
int64_t cyclesOf(const UnitGroup &group, llvm::ArrayRef<ArrayRange> arrays,
                 const SearchSpec &spec, const SearchMapping &mapping);

/// The cost of a search. `keyBits`: bits of the queries that are not masked;
/// without it, all.
Cost searchCost(const DeviceSpec &device, const UnitGroup &group,
                llvm::ArrayRef<ArrayRange> arrays, const SearchSpec &spec,
                const SearchMapping &mapping, int64_t bytesIn, int64_t bytesOut,
                std::optional<int64_t> keyBits = std::nullopt);

/// The cost of storing the words, from DRAM: a bit for each cell, two if cells
/// are ternary.
Cost storeCost(const DeviceSpec &device, const UnitGroup &group,
               llvm::ArrayRef<ArrayRange> arrays, const SearchSpec &spec,
               const SearchMapping &mapping);

/// Searches `words` for `queries`, [Q, W] of i8, into `distances` and, for
/// `best`, `indices`. Returns the number of bits that are not masked. Fails on
/// other entries than 0, 1 and 2. Results do not depend on the number of
/// threads. `place` distinguishes the noise of several searches.
llvm::Expected<int64_t> runSearch(const CamSpec &cam, const SearchSpec &spec,
                                  const SearchMapping &mapping,
                                  const PackedWords &words,
                                  const Value &queries, Value &distances,
                                  Value *indices, unsigned threads,
                                  uint64_t place = 0);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CAM_SEARCH_H
