// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ThreadPool.h - MLIR's threads, also after a fork ---------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_THREADPOOL_H
#define PUMICE_LIB_SUPPORT_THREADPOOL_H

namespace llvm {
class ThreadPoolInterface;
} // namespace llvm

namespace pumice {

/// The pool of all MLIR contexts of this process. A forked process, which has
/// none of its parent's threads, starts its own: contexts made before the fork
/// work in it. Lasts as long as the process.
llvm::ThreadPoolInterface &processThreadPool();

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_THREADPOOL_H
