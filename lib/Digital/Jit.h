// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Jit.h - LLVM dialect modules to native entry points ------*- C++ -*-===//
//
// The part of the digital compiler that deals with LLVM IR rather than tensors.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_JIT_H
#define PUMICE_LIB_DIGITAL_JIT_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace pumice::digital {

/// The uniform entry of a compiled function: one pointer per argument.
using Entry = void (*)(void **);

/// How a call of compiled code ended.
struct Outcome {
  int64_t assertion = -1; ///< number of the one that failed; -1: none did
  int64_t index = 0;      ///< what the assertion reports
  uint64_t bytes = 0;     ///< of an allocation that failed; 0: none did
};

/// Calls `entry`. Memory that the code allocates is freed when it ends, however
/// it ends.
Outcome callCompiled(Entry entry, void **arguments);

/// The name under which compiled code reports a failed assertion.
inline constexpr char kAssertSymbol[] = "pumice_digital_assert_failed";

struct JitOptions {
  unsigned optLevel = 2;     ///< LLVM pipeline, 0 to 3
  unsigned threads = 1;      ///< threads that generate code
  std::string dumpDirectory; ///< if set: <dir>/region<k>.{ll,s}
};

/// Everything else that generated code depends on, apart from the module and
/// this library: the processor and the options.
llvm::Expected<std::string> describeTarget(const JitOptions &options);

/// Compiles each of `functions`, together with the symbols of its module that
/// it uses, to a relocatable object. The functions are public, have only
/// pointers as arguments, and are removed from their LLVM dialect modules.
llvm::Expected<std::vector<std::unique_ptr<llvm::MemoryBuffer>>>
generateObjects(llvm::ArrayRef<mlir::LLVM::LLVMFuncOp> functions,
                const JitOptions &options);

/// Owns machine code. Entries stay valid as long as it lives.
class JitImage {
public:
  ~JitImage();

  /// Links objects of `generateObjects`. Their functions have distinct names.
  static llvm::Expected<std::unique_ptr<JitImage>>
  create(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects);

  /// The entry of a function. Fails if a symbol is undefined; the error names
  /// it.
  llvm::Expected<Entry> lookup(llvm::StringRef function) const;

private:
  JitImage();
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<std::string> reported;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_JIT_H
