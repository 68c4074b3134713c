// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Isolated.h - What may end the process, in a child --------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_ISOLATED_H
#define PUMICE_LIB_SUPPORT_ISOLATED_H

#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace pumice {

/// Whether `survivesReading` reads in a child, which it does unless told
/// otherwise: the fuzzer counts what ends MLIR's reader.
void setIsolation(bool isOn);

/// Calls `read` in a forked child, with a fresh context of the same dialects
/// and without threads. Fails, with an error at `loc` that names `file`, if
/// that ends the child: MLIR's parser asserts on some malformed types and
/// attributes, recurses as deep as a text nests, and can take time and memory
/// without end for a small file. The child gets as much of both as files of
/// `bytes` need, and more. What `read` returns or reports is dropped: the
/// process reads the file itself afterwards.
mlir::LogicalResult
survivesReading(mlir::Location loc, llvm::StringRef file, uint64_t bytes,
                llvm::function_ref<void(mlir::MLIRContext &)> read);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_ISOLATED_H
