// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ChannelFunctions.h - Elementwise functions by channel ----*- C++ -*-===//
//
// The scalar function that computes an element of an elementwise op's result,
// and its values. Its operands are variables and constants; a constant has one
// element for all channels, or one per channel.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_CHANNELFUNCTIONS_H
#define PUMICE_LIB_TRANSFORMS_AP_CHANNELFUNCTIONS_H

#include "lib/Digital/RegionEvaluator.h"
#include "lib/Support/ConstantData.h"
#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <optional>
#include <vector>

namespace pumice {

/// A value in the body of an elementwise op, as a function of other values.
struct Expression {
  llvm::SetVector<mlir::Operation *> ops; ///< in order, without constants
  /// Block arguments that stand for constants: one element for all channels, or
  /// one per channel.
  llvm::MapVector<mlir::Value, ConstantData> constants;
  mlir::Value result;

  /// Traces `value` in `body` back to `variables` and constants. Returns false
  /// if it depends on anything else, or on an op that is not scalar arithmetic.
  bool collect(mlir::Block &body, mlir::Value value,
               llvm::ArrayRef<mlir::Value> variables);
};

/// An expression and its variables.
struct ExpressionOf {
  const Expression *expression;
  llvm::SmallVector<mlir::Value, 2> variables;
};

/// The elements of `operand` if it is a constant that varies at most along
/// dimension 1 of `map`; nullopt otherwise.
std::optional<ConstantData>
constantPerChannel(mlir::Value operand, mlir::AffineMap map, int64_t channels);

/// Functions of integers, one per channel, evaluated with the rounding of the
/// digital unit. Channels and layers whose functions differ only in their
/// constants share native code.
class ChannelFunctions {
public:
  ChannelFunctions(mlir::MLIRContext *context, unsigned threads);

  /// Adds the composition of `chain`, first expression innermost, and returns
  /// its index. All expressions but the first have one variable.
  size_t add(llvm::ArrayRef<ExpressionOf> chain);
  /// Compiles all functions that were added since the last call.
  llvm::Error compile() { return evaluator.compile(); }
  bool isCompiled(size_t function) const {
    return evaluator.isCompiled(function);
  }

  /// Evaluates a function of channel `channel` at `count` points. Fails where
  /// the digital unit would, for instance on a division by zero. Thread safe.
  llvm::Error evaluate(size_t function, int64_t channel,
                       llvm::ArrayRef<const void *> variables, void *results,
                       int64_t count) const;

private:
  digital::RegionEvaluator evaluator;
  /// The constants of each function.
  std::vector<llvm::SmallVector<ConstantData>> constants;
};

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_CHANNELFUNCTIONS_H
