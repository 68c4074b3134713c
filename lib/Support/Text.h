// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Text.h - Bytes that should be text -----------------------*- C++ -*-===//
//
// Names in a file may be any bytes. Reports and errors are UTF-8: JSON of LLVM
// asserts that, and Python decodes it.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_TEXT_H
#define PUMICE_LIB_SUPPORT_TEXT_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace pumice {

/// What is wrong with a name; empty if it is UTF-8.
inline std::string problemOfText(llvm::StringRef name) {
  std::string problem;
  if (llvm::json::isUTF8(name))
    return problem;
  llvm::raw_string_ostream stream(problem);
  stream << "expected text in UTF-8, got \"";
  llvm::printEscapedString(name, stream);
  stream << '"';
  return problem;
}

/// The name, with U+FFFD in the place of bytes that are not UTF-8.
inline std::string asText(llvm::StringRef name) {
  return llvm::json::fixUTF8(name);
}

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_TEXT_H
