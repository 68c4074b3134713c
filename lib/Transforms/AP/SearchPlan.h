// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SearchPlan.h - How a sum over pairs becomes a search ---*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SEARCHPLAN_H
#define PUMICE_LIB_TRANSFORMS_AP_SEARCHPLAN_H

#include "dialects/AP/AP.h"
#include "lib/Transforms/AP/SearchPatterns.h"

namespace pumice {

namespace model {
struct CamSpec;
}

/// How the device does a search, decided before anything is changed.
struct SearchPlan {
  PairSum sum;
  PairTerms terms;
  SearchCode code;
  ValueChain chain; ///< between the sum and what is ranked or compared
  ap::SearchKind kind = ap::SearchKind::distances;
  int64_t limit = 0;
  std::optional<Ranking> ranking;  ///< of `best`
  mlir::Attribute inside, outside; ///< values of `within`
};

/// The search that does what `sum` and what reads it do. Without one, `why`
/// gives the reason, or is empty for products that nothing searches. With one,
/// `why` gives the reason if ranking is left to the digital unit.
std::optional<SearchPlan> planSearch(PairSum sum, const model::CamSpec &cam,
                                     std::string &why);

/// Replaces what the plan covers by a search. What nothing reads any more
/// stays.
void emitSearch(const SearchPlan &plan);

/// The tensors that a part of a term reads, each once.
void queryTensorsOf(const ScalarNode &node,
                    llvm::SmallVectorImpl<const ScalarNode *> &found);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SEARCHPLAN_H
