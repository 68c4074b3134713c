// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Layouts.h - Where values of a layer lie ------------------*- C++ -*-===//
#ifndef PUMICE_LIB_APCOMPILER_LAYOUTS_H
#define PUMICE_LIB_APCOMPILER_LAYOUTS_H

#include "lib/APCompiler/Compiler.h"
#include "lib/APCompiler/Epilogue.h"
#include "lib/APCompiler/Sharing.h"
#include "lib/APCompiler/Tile.h"

#include <cstdint>
#include <vector>

namespace pumice::apcompiler {

/// A layer, its accumulators and what becomes of its sums.
struct PreparedLayer {
  explicit PreparedLayer(const Layer &layer) : layer(layer) {}

  /// The weights of a channel set: [outputs][inputs of the set]. `firstOutput`
  /// is an output of the block, `firstChannel` a channel of the layer.
  std::vector<int8_t> matrixOf(const model::APOutputBlock &block,
                               int64_t firstOutput, int64_t outputs,
                               int64_t firstChannel, int64_t channels) const;

  const Layer &layer;
  int64_t nonzeros = 0; ///< weights that are not 0
  std::vector<model::APAccumulator> accumulators;
  std::vector<StepFunction> stepFunctions; ///< empty if results are sums
  Codes codes;                             ///< width of the results
  int64_t flags = 0; ///< most columns that the thresholds of an output need
};

/// The layout of a layer on processors.
struct Layout {
  model::APMicroprogram program; ///< without bundles
  FreeColumns columns;
  int64_t slotsPerColumn = 0;
  /// Across columns: each channel set meets all accumulators before the next
  /// one, instead of the other way round.
  bool setsOutermost = false;
};

/// The expressions of a matrix, with as many shared sums as there are columns.
Expressions expressionsOf(const model::APMicroprogram &program, int64_t outputs,
                          llvm::ArrayRef<int8_t> matrix, int64_t inputs,
                          const FreeColumns &columns, int64_t mostTries = 8);

/// The layout with which a layer costs the least. Fails if none fits.
llvm::Expected<Layout> chooseLayout(const PreparedLayer &layer,
                                    const model::APSpec &ap,
                                    const Options &options);

/// Across columns, energy decides: half of the time is worth 4 % of energy.
/// Along racetracks, it is the product of both.
constexpr double timeExponentAcross = 1.0 / 16;

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_LAYOUTS_H
