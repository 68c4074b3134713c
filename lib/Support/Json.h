// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Json.h - JSON from files -----------------------------*- C++ -*-===//
//
// LLVM's parser recurses as deep as a text nests, and a program's thread has a
// stack of a few megabytes.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_JSON_H
#define PUMICE_LIB_SUPPORT_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// Deeper than anything that Pumice writes.
inline constexpr unsigned kMaxJsonDepth = 64;

/// Whether arrays and objects nest at most `kMaxJsonDepth` deep.
inline bool isShallowJson(llvm::StringRef text) {
  unsigned depth = 0;
  bool isString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (isString) {
      i += c == '\\';
      isString = c != '"';
    } else if (c == '"') {
      isString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth)
        return false;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return true;
}

/// The value that `text` is.
inline llvm::Expected<llvm::json::Value> parseJson(llvm::StringRef text) {
  if (!isShallowJson(text))
    return llvm::createStringError("expected JSON nested at most " +
                                   llvm::Twine(kMaxJsonDepth) +
                                   " deep, got more");
  return llvm::json::parse(text);
}

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_JSON_H
