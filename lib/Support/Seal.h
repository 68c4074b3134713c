// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Seal.h - Digests of saved programs -----------------------*- C++ -*-===//
//
// MLIR bytecode that Pumice writes ends in a seal: the version of the format
// and of Pumice, and a digest of every block of bytes. A reader checks it
// before anything is interpreted: readers of bytecode trust what they read.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_SEAL_H
#define PUMICE_LIB_SUPPORT_SEAL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace pumice {

/// Version of the seal and of the IR that it covers.
inline constexpr int64_t kProgramFormat = 1;

/// True for bytes that begin as MLIR bytecode does.
bool isBytecode(llvm::StringRef bytes);

/// What follows `bytecode` in a file.
std::string sealOf(llvm::StringRef bytecode);

/// The bytecode of `file` without its seal. Fails on a file that is not as it
/// was written, naming the bytes that differ, and on one of another version.
/// Bytecode without a seal is cut or was not written by Pumice: an error if
/// `isRequired`, else returned as it is.
llvm::Expected<llvm::StringRef> checkSeal(llvm::StringRef file,
                                          bool isRequired);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_SEAL_H
