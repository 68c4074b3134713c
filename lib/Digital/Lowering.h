// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.h - Tensor functions to the LLVM dialect --------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_LOWERING_H
#define PUMICE_LIB_DIGITAL_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace pumice::digital {

/// What compiled code checks while it runs.
struct Assertion {
  std::string message;
  int64_t op = -1; ///< number of the checked op (see numberOps); -1: unknown
  bool reportsIndex = false; ///< code reports the index that is out of bounds
};

/// What the passes find out about a function besides its code.
struct FunctionFacts {
  /// The size of each temporary buffer in bytes.
  llvm::SmallVector<int64_t> scratch;
  uint64_t scratchBytes = 0; ///< of all, aligned
  /// The index of an assertion is the number that code reports.
  std::vector<Assertion> assertions;
};

/// Where an op of a function comes from.
struct OpPlace {
  std::string name; ///< such as "tensor.extract"
  mlir::Location loc;
};

/// Gives every op of `function` its number and the function's name as its
/// location, so that code that several functions share can name the ops of
/// each. Returns the places that the numbers replace.
std::vector<OpPlace> numberOps(mlir::func::FuncOp function);
/// An op in a location that passes have made of those of numberOps.
struct OpNumber {
  int64_t number = -1; ///< -1: unknown
  llvm::StringRef function;
};
OpNumber opNumberOf(mlir::Location loc);
/// "'tensor.extract' at <location>: ", or nothing without such a place.
std::string describePlace(llvm::ArrayRef<OpPlace> places, int64_t number);

struct LoweringOptions {
  bool expandMath = true; ///< MathExpand instead of libm
  bool checks = true;     ///< false: only to measure what they cost
};

/// Adds the passes that take a module of functions on static tensors to the
/// LLVM dialect. Each function becomes `f(ptr input..., ptr result...,
/// ptr scratch...)` with row-major buffers that do not overlap; inputs are only
/// read.
void buildLoweringPipeline(mlir::OpPassManager &passes,
                           const LoweringOptions &options);

/// The facts of `function` of a lowered module.
FunctionFacts factsOf(mlir::ModuleOp module, llvm::StringRef function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERING_H
