// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CodeCache.h - Generated code on disk ---------------------*- C++ -*-===//
//
// A directory of files, one per generated function, named by the hash of all
// that the code depends on. Processes may share it: files appear whole, by
// renaming, and are checked when they are read. What is read is run, so the
// directory and its files must belong to the user and nobody else may write
// them. Nothing here fails: a file that cannot be read is not there, one that
// cannot be written is not kept, and `problem` tells of both.
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

/// A function's machine code and what its caller has to know.
struct Code {
  FunctionFacts facts;
  std::unique_ptr<llvm::MemoryBuffer> object; ///< relocatable
};

class CodeCache {
public:
  /// An empty `directory` turns the cache off, and so does one that is not the
  /// user's own.
  explicit CodeCache(std::string directory);

  /// PUMICE_CACHE_DIR if it is set, else `pumice` in the user's directory for
  /// caches ($XDG_CACHE_HOME or ~/.cache), else none.
  static std::string defaultDirectory();

  /// The name of the code that `content` describes: a hash of it and of this
  /// version of the compiler.
  static std::string keyOf(llvm::StringRef content);

  /// The code that was stored under `key`; none too if its file is damaged.
  std::optional<Code> load(llvm::StringRef key) const;
  void store(llvm::StringRef key, const Code &code);

  /// Why the cache, or a file of it, is not used; empty if it is.
  llvm::StringRef problem() const { return reason; }

  /// Removes the files that were used least recently until the rest takes at
  /// most PUMICE_CACHE_MB MiB (256 if that is not set).
  void prune() const;

private:
  std::string pathOf(llvm::StringRef key) const;
  std::string directory;
  std::string reason;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_CODECACHE_H
