// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Algorithms.h - Functions from problems to schedules ------*- C++ -*-===//
//
// All of them are deterministic, and take a problem that passed check().
// docs/scheduling.md says how to add one.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SCHEDULING_ALGORITHMS_H
#define PUMICE_LIB_SCHEDULING_ALGORITHMS_H

#include "lib/Scheduling/Schedule.h"
#include "llvm/ADT/ArrayRef.h"

namespace pumice::scheduling {

struct Options {
  uint64_t seed = 0;
  /// Local moves tried; by default as many as the size allows.
  std::optional<int64_t> moves;
  /// Share of the best time that may be given up for fewer copies; of `steady`,
  /// for writes and transfers saved as well.
  double timeShare = 0;
  /// All arrays of a part are written together.
  bool writesAtomically = false;
  /// Banks are powered only while they hold something.
  bool gatesBanks = true;
  bool levelsWear = true;
  /// `steady` may write units for the next inference after their last use.
  bool writesAhead = true;
};

using Algorithm = llvm::Expected<Schedule> (*)(const Problem &,
                                               const Options &);

struct NamedAlgorithm {
  llvm::StringRef name;
  Algorithm run;
};

/// Fills the arrays in order, one copy each, computes unit by unit, refills.
llvm::Expected<Schedule> naive(const Problem &problem, const Options &options);

/// The best schedule found with copies, but without overlap of writes and
/// computes.
llvm::Expected<Schedule> strong(const Problem &problem, const Options &options);

/// Writes arrays as they become free, while others compute; independent units
/// compute at once. One copy of each unit.
llvm::Expected<Schedule> overlap(const Problem &problem,
                                 const Options &options);

/// `overlap` with copies, parts, groups and an order chosen by search.
llvm::Expected<Schedule> copies(const Problem &problem, const Options &options);

/// One inference of many: pinned units, chosen by what they save, keep their
/// arrays for good; all others are written in each inference.
llvm::Expected<Schedule> steady(const Problem &problem, const Options &options);

/// A stream of inputs through units that all keep their arrays; copies are
/// balanced to the slowest stage. Refuses what the arrays do not hold.
llvm::Expected<Schedule> pipeline(const Problem &problem,
                                  const Options &options);

/// A pipeline whose units start as soon as the first window has its inputs, so
/// that buffers hold rows in place of whole tensors.
llvm::Expected<Schedule> stream(const Problem &problem, const Options &options);

/// All of the above.
llvm::ArrayRef<NamedAlgorithm> algorithms();

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_ALGORITHMS_H
