// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Parallel.h - Deterministic loops over threads ------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_PARALLEL_H
#define PUMICE_LIB_SUPPORT_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace pumice::model {

/// The number of threads to use if `requested` are asked for: as many as the
/// machine has for 0, and at least one.
unsigned threadCount(unsigned requested);

/// The number of units of work that keeps `threads` threads busy to the end.
inline int64_t wantedUnits(unsigned threads) {
  return threads > 1 ? int64_t(4) * threads : 1;
}

/// The number of parts into which to cut each of `units` units of work to get
/// about `wanted` parts.
inline int64_t partsOfUnits(int64_t units, int64_t wanted) {
  units = units > 0 ? units : 1;
  return (wanted + units - 1) / units;
}

/// Calls `body(i)` once for each i in [0, count), on at most `threads` threads
/// (below 2: on the calling one). Iterations run in no particular order, so
/// they must not share results. The outcome is then the same for every number
/// of threads. Threads are reused by later calls; a forked process starts its
/// own. What an iteration throws, such as std::bad_alloc, is thrown by the
/// call.
void parallelFor(unsigned threads, int64_t count,
                 llvm::function_ref<void(int64_t)> body);

} // namespace pumice::model

#endif // PUMICE_LIB_SUPPORT_PARALLEL_H
