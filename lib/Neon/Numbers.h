// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Numbers.h - Numbers in messages --------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_NEON_NUMBERS_H
#define PUMICE_LIB_NEON_NUMBERS_H

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace pumice::neon {

/// As "%g" has it.
inline std::string toText(double x) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", x);
  return text;
}

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_NUMBERS_H
