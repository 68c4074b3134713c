// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Limits.h - Sizes that arithmetic can hold ----------------*- C++ -*-===//
//
// A file may name any size. What is within these limits can be counted in
// int64_t, in bytes and in bits, and walked by functions that call themselves.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_LIMITS_H
#define PUMICE_LIB_SUPPORT_LIMITS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>

namespace pumice {

/// A tensor or buffer has fewer bytes; a program computes with sums of a
/// thousand.
inline constexpr int64_t kMaxBytes = int64_t(1) << 50;
/// Ops lie in at most so many others.
inline constexpr unsigned kMaxNesting = 128;

/// Bytes of the elements of `type`, each rounded up to whole bytes; dynamic
/// extents count as 1, other types take none. None for `kMaxBytes` and more.
std::optional<int64_t> checkedBytes(mlir::Type type);

/// Emits an error at the first op below `root` that is nested too deep, has an
/// operand, a result or a constant of `kMaxBytes` or more, extents or offsets
/// of that size, or other dynamic ones than it has operands for, or text that
/// is not UTF-8, of which no report can be made.
mlir::LogicalResult verifyLimits(mlir::Operation *root);

/// A pass on any op that does so. Reading a file or running passes begins with
/// it: upstream's verifiers and folders assert on some of these numbers.
std::unique_ptr<mlir::Pass> createVerifyLimitsPass();

/// An error if this machine has less memory in all than `bytes`: to ask for it
/// would get the process killed rather than an answer. `what` names the use.
llvm::Error checkMemory(uint64_t bytes, llvm::StringRef what);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_LIMITS_H
