// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Parallel.h - Deterministic loops over threads ------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_PARALLEL_H
#define PUMICE_LIB_MODEL_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace pumice::model {

/// Calls `body(i)` once for each i in [0, count), on at most `threads` threads
/// (below 2: on the calling one). Iterations run in no particular order, so
/// they must not share results; then the outcome is the same for every number
/// of threads. Threads are kept for later calls; a forked process starts its
/// own.
void parallelFor(unsigned threads, int64_t count,
                 llvm::function_ref<void(int64_t)> body);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_PARALLEL_H
