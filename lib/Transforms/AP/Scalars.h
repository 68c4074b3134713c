// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scalars.h - Elementwise arithmetic on many numbers -------*- C++ -*-===//
//
// What ops of an elementwise region compute, to the bit: of f32 each step is
// rounded, as on the digital unit (docs/numerics.md).
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SCALARS_H
#define PUMICE_LIB_TRANSFORMS_AP_SCALARS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <optional>
#include <vector>

namespace pumice {

/// Values of one SSA value: integers, sign-extended (i1: 0 or 1), or floats.
/// One stands for as many as there are of others.
struct Numbers {
  std::vector<int64_t> integers;
  std::vector<float> floats;
  size_t size() const { return integers.size() + floats.size(); }
};

/// Whether `compute` knows `op`: of integers of up to 64 bits and f32.
bool isComputable(mlir::Operation *op);

/// The result of an op that `isComputable`, for `count` numbers.
Numbers compute(mlir::Operation *op, llvm::ArrayRef<const Numbers *> operands,
                size_t count);

/// What one number of an elementwise region is computed from: variables, and
/// constants, of which there may be one for each channel.
struct Expression {
  llvm::SetVector<mlir::Operation *> ops; ///< in their order
  llvm::DenseMap<mlir::Value, Numbers> constants;
  mlir::Value result;

  /// Follows `value` in `body` back to `variables` and constants, known ones or
  /// ops. False if there is something else, or an op that is not computable.
  bool collect(mlir::Block &body, mlir::Value value,
               llvm::ArrayRef<mlir::Value> variables);
  /// Of a channel, for `count` values of the variables.
  Numbers evaluate(int64_t channel,
                   llvm::ArrayRef<std::pair<mlir::Value, Numbers>> variables,
                   size_t count) const;
};

/// The numbers of `operand`, a constant that changes along dimension 1 of `map`
/// only, if at all; none for others.
std::optional<Numbers> numbersPerChannel(mlir::Value operand,
                                         mlir::AffineMap map, int64_t channels);

/// The elements of a constant, one if it is a splat; none without data, or of
/// another type.
std::optional<Numbers> numbersOf(mlir::ElementsAttr attr);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SCALARS_H
