// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TernaryWeights.h - Weights of three values ---------------*- C++ -*-===//
#ifndef PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H
#define PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Value.h"
#include <optional>
#include <vector>

namespace pumice {

/// Weights of a layer as -1, 0 or 1 times a number of each output.
struct Ternary {
  std::vector<int8_t> weights; ///< [outputs][weights of an output]
  std::vector<int64_t> scales; ///< at least 1; [outputs]
  int64_t others = 0;          ///< weights that are none of three; then useless
};

/// The data of a constant of i8, if it is there.
std::optional<std::vector<int8_t>> codesOf(mlir::ElementsAttr attr);

/// `codes` less `zeroPoint`, [outputs][weights of an output]. All weights of an
/// output are -a, 0 or a.
Ternary toTernary(llvm::ArrayRef<int8_t> codes, int64_t outputs,
                  int64_t zeroPoint);

/// The same for a constant behind moves that keep its order, or one transpose
/// of a matrix. Outputs come first, or with `outputsLast` last, in `value`.
/// None if the data is not to be had.
std::optional<Ternary> readTernary(mlir::Value value, int64_t outputs,
                                   bool outputsLast, int64_t zeroPoint);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H
