// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AtomicFile.h - Files that appear whole -------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_ATOMICFILE_H
#define PUMICE_LIB_SUPPORT_ATOMICFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace pumice {

/// Lets `write` write a file beside `path`, flushes it to the disk and renames
/// it: `path` is the old file or the new one, whatever happens. Where there is
/// something else than a file (a device, a pipe; "-" is standard output), it is
/// written directly. `isPrivate`: only the user may read or write it, and it
/// replaces links and pipes; otherwise it has the permissions of the old file.
/// The error names `path`.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write,
                      bool isPrivate = false);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_ATOMICFILE_H
