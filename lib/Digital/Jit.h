// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Jit.h - LLVM dialect modules to native entry points ------*- C++ -*-===//
//
// The half of the digital compiler that knows LLVM but no tensors.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_JIT_H
#define PUMICE_LIB_DIGITAL_JIT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace pumice::digital {

/// The uniform entry of a compiled function: one pointer per argument.
using Entry = void (*)(void **);

/// Called by compiled code when the `cf.assert` numbered `id` fails. The first
/// failure of the running invocation is kept per thread.
void reportAssertFailure(int64_t id);
/// Returns the pending failure of this thread and clears it; -1 if none.
int64_t takeAssertFailure();
/// The name under which compiled code calls `reportAssertFailure`.
inline constexpr char kAssertSymbol[] = "pumice_digital_assert_failed";

struct JitOptions {
  unsigned optLevel = 2;     ///< LLVM pipeline, 0 to 3
  unsigned threads = 1;      ///< modules generated at the same time
  std::string dumpDirectory; ///< if set: <dir>/region<k>.{ll,s}
};

/// Owns machine code. Entries stay valid as long as it lives.
class JitImage {
public:
  ~JitImage();

  /// Compiles `modules` (LLVM dialect). Every defined function whose arguments
  /// are all pointers and that is not private gets an entry.
  /// A symbol that nothing defines is an error that names it.
  static llvm::Expected<std::unique_ptr<JitImage>>
  create(llvm::ArrayRef<mlir::ModuleOp> modules, const JitOptions &options);

  llvm::Expected<Entry> lookup(llvm::StringRef function) const;

private:
  JitImage();
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<std::string> reported;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_JIT_H
