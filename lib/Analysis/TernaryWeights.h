// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TernaryWeights.h - Ternary weights -----------------------*- C++ -*-===//
#ifndef PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H
#define PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Value.h"
#include <optional>
#include <vector>

namespace pumice {

/// The weights of a layer as -1, 0 or 1 times a number per output.
struct Ternary {
  std::vector<int8_t> weights; ///< [outputs][weights of an output]
  std::vector<int64_t> scales; ///< at least 1; [outputs]
  int64_t others =
      0; ///< weights that are not ternary; if nonzero, the rest is invalid
};

/// The data of a constant of i8, if it is available.
std::optional<std::vector<int8_t>> codesOf(mlir::ElementsAttr attr);

/// Decomposes `codes` minus `zeroPoint`, [outputs][weights of an output], where
/// all weights of an output are -a, 0 or a.
Ternary toTernary(llvm::ArrayRef<int8_t> codes, int64_t outputs,
                  int64_t zeroPoint);

/// The same for a constant behind data movement ops that keep its order, or
/// behind one transpose of a matrix. Outputs are the first dimension of
/// `value`, or the last with `outputsLast`. Returns nullopt if the constant's
/// data is unavailable (an elided resource).
std::optional<Ternary> readTernary(mlir::Value value, int64_t outputs,
                                   bool outputsLast, int64_t zeroPoint);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_TERNARYWEIGHTS_H
