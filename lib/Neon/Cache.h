// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Cache.h - Fitted nets on disk ----------------------------*- C++ -*-===//
//
// A fit depends on nothing but its target and options, so that their hash names
// its result. Files are written to a temporary name and renamed: readers see
// all of a file or none. A file that is damaged counts as missing.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_CACHE_H
#define PUMICE_LIB_NEON_CACHE_H

#include "lib/Neon/Fit.h"

#include <optional>
#include <string>

namespace pumice::neon {

class FitCache {
public:
  /// An empty `directory` turns the cache off.
  explicit FitCache(std::string directory) : directory(std::move(directory)) {}

  /// A hash of the arguments of `fit`, and of the version of the fitter.
  static std::string keyOf(const Target &target, const Options &options);

  std::optional<Fitted> load(llvm::StringRef key) const;
  /// Problems with the disk are ignored: the net is fitted again next time.
  void store(llvm::StringRef key, const Fitted &fitted) const;

private:
  std::string directory;
};

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_CACHE_H
