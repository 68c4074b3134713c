// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lookup.h - Searching stored rows -------------------------*- C++ -*-===//
//
// Associative processors as content-addressable memories: rows hold words, and
// searches compare all of them with a query at once.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_LOOKUP_H
#define PUMICE_LIB_MODEL_AP_LOOKUP_H

#include "lib/Model/Core/Value.h"
#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

enum class LookupMethod {
  exact,   ///< 1 for rows that equal the query
  ternary, ///< the same, where an entry of 2 equals everything
  hamming, ///< the number of bits that differ
};
std::optional<LookupMethod> parseLookupMethod(llvm::StringRef name);

struct LookupSpec {
  LookupMethod method = LookupMethod::exact;
  int64_t queries = 0;
  int64_t rows = 0;
  int64_t bits = 0; ///< of a word
};

/// Cycles of one query on one processor; per active row where they depend on
/// rows.
struct LookupWork {
  int64_t passes = 0;
  int64_t searched = 0;
  double expectedWritten = 0;
  int64_t distance = 0;
  int64_t waited = 0;
  /// By column: upper bound of the bits written to a racetrack.
  std::vector<int64_t> mostWritten;
};
/// The work of a query without entries of 2. Fails if words or their results do
/// not fit a processor; the error gives the largest size that does.
llvm::Expected<LookupWork> lookupWork(const APSpec &ap, const LookupSpec &spec);

/// Computes result[q][r], the method's result for query q and row r, by passes
/// on bit planes. `queries` [queries, bits] and `table` [rows, bits] are i8 of
/// 0 and 1 (and 2, if ternary), `result` is i32. Returns the bits that passes
/// wrote. Fails on other entries and wrong sizes.
llvm::Expected<uint64_t> runLookup(const APSpec &ap, const LookupSpec &spec,
                                   const Value &queries, const Value &table,
                                   Value &result, unsigned threads);

/// The cost of a look-up, excluding the writes that store the table.
/// `taggedWrites` is the number of bits that passes wrote; if absent, its
/// expected value is used.
Cost lookupCost(const DeviceSpec &device, const LookupSpec &spec,
                const LookupWork &work,
                std::optional<uint64_t> taggedWrites = std::nullopt);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_LOOKUP_H
