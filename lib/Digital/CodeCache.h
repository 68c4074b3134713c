// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CodeCache.h - Generated code on disk ---------------------*- C++ -*-===//
//
// A directory with one file per generated function, named by a hash of
// everything that the code depends on. Processes may share it: files are
// written atomically, by renaming, and checked when they are read. The code in
// them is run, so the directory and its files must belong to the user and be
// writable by nobody else. No operation fails: a file that cannot be read
// counts as missing, failed writes are ignored, and `problem` reports both.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_CODECACHE_H
#define PUMICE_LIB_DIGITAL_CODECACHE_H

#include "lib/Digital/Lowering.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <string>

namespace pumice::digital {

/// The native code of a function and what its caller must know.
struct Code {
  FunctionFacts facts;
  std::unique_ptr<llvm::MemoryBuffer> object; ///< relocatable
};

class CodeCache {
public:
  /// An empty `directory` disables the cache, and so does one that does not
  /// belong to the user.
  explicit CodeCache(std::string directory);

  /// PUMICE_CACHE_DIR if it is set, else `pumice` in the user's cache directory
  /// ($XDG_CACHE_HOME or ~/.cache), else an empty path.
  static std::string defaultDirectory();

  /// The key of the code for `content`: a hash of it and of the version of the
  /// compiler.
  static std::string keyOf(llvm::StringRef content);

  /// The code stored under `key`; nullopt if there is none or its file is
  /// damaged.
  std::optional<Code> load(llvm::StringRef key) const;
  void store(llvm::StringRef key, const Code &code);

  /// Why the cache, or a file of it, is not used; empty if it is.
  llvm::StringRef problem() const { return reason; }

  /// Removes the least recently used files until the rest takes at most
  /// PUMICE_CACHE_MB MiB (256 by default).
  void prune() const;

private:
  std::string pathOf(llvm::StringRef key) const;
  std::string directory;
  std::string reason;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_CODECACHE_H
