// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- JsonFile.h - Writes JSON files ---------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_JSONFILE_H
#define PUMICE_LIB_SUPPORT_JSONFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// Writes `json` to `path`: `-` is standard output, and nothing is written if
/// the path is empty.
llvm::Error writeJson(llvm::StringRef path, const llvm::json::Value &json);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_JSONFILE_H
