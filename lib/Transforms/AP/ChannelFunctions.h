// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ChannelFunctions.h - Elementwise functions by channel ----*- C++ -*-===//
//
// What a number of an elementwise op's result is computed from, and its values:
// variables, and constants of which there may be one for each channel.
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

/// A number of the body of an elementwise op, as a function of others.
struct Expression {
  llvm::SetVector<mlir::Operation *> ops; ///< in their order, no constants
  /// Arguments of the body that are constants of one element for all channels,
  /// or of one for each.
  llvm::MapVector<mlir::Value, ConstantData> constants;
  mlir::Value result;

  /// Follows `value` in `body` back to `variables` and constants. False if
  /// there is something else, or an op that is not arithmetic on scalars.
  bool collect(mlir::Block &body, mlir::Value value,
               llvm::ArrayRef<mlir::Value> variables);
};

/// An expression and the values that it is a function of.
struct ExpressionOf {
  const Expression *expression;
  llvm::SmallVector<mlir::Value, 2> variables;
};

/// The elements of `operand`, a constant that changes along dimension 1 of
/// `map` only, if at all; none for others.
std::optional<ConstantData>
constantPerChannel(mlir::Value operand, mlir::AffineMap map, int64_t channels);

/// Functions of integers, by channel, with the rounding of the digital unit.
/// Channels and layers whose functions differ only in their constants share
/// their code.
class ChannelFunctions {
public:
  ChannelFunctions(mlir::MLIRContext *context, unsigned threads);

  /// Adds the last of `chain` applied to the one before, and so on; returns its
  /// number. All but the first have one variable.
  size_t add(llvm::ArrayRef<ExpressionOf> chain);
  /// Compiles all that were added and are not compiled yet.
  llvm::Error compile() { return evaluator.compile(); }
  bool isCompiled(size_t function) const {
    return evaluator.isCompiled(function);
  }

  /// Of `count` points of each variable, in channel `channel`. Fails where the
  /// digital unit would (on a division by zero, for instance). Thread safe.
  llvm::Error evaluate(size_t function, int64_t channel,
                       llvm::ArrayRef<const void *> variables, void *results,
                       int64_t count) const;

private:
  digital::RegionEvaluator evaluator;
  /// The parameters of each function.
  std::vector<llvm::SmallVector<ConstantData>> constants;
};

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_CHANNELFUNCTIONS_H
