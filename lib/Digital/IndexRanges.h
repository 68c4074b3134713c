// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- IndexRanges.h - What an integer can be -------------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_INDEXRANGES_H
#define PUMICE_LIB_DIGITAL_INDEXRANGES_H

#include "lib/Support/IntegerRange.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace pumice::digital {

/// The signed value of `range` under `expr`; none if it may overflow 64 bits or
/// divides by what is not a positive constant. `ranges` are those of the
/// dimensions, then of the symbols; none stands for any value.
std::optional<IntegerRange>
rangeOf(mlir::AffineExpr expr, unsigned numDims,
        llvm::ArrayRef<std::optional<IntegerRange>> ranges);

/// Ranges of integers and indices in a function, from constants, loop bounds,
/// element types and arithmetic. Signed; none where nothing is known or the
/// computation may overflow.
class IndexRanges {
public:
  std::optional<IntegerRange> of(mlir::Value value);

private:
  std::optional<IntegerRange> compute(mlir::Value value);

  llvm::DenseMap<mlir::Value, std::optional<IntegerRange>> known;
  unsigned depth = 0;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_INDEXRANGES_H
