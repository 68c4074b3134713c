// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tile.h - Operations of one channel set -------------------*- C++ -*-===//
#ifndef PUMICE_LIB_APCOMPILER_TILE_H
#define PUMICE_LIB_APCOMPILER_TILE_H

#include "lib/APCompiler/Sharing.h"
#include "lib/Model/AP/Microprogram.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>
#include <vector>

namespace pumice::apcompiler {

/// Columns that hold neither inputs nor accumulators: first column and count.
struct FreeColumns {
  int64_t shared =
      0; ///< for shared sums, one each if they lie along racetracks
  int64_t sharedCount = 0;
  int64_t work = 0; ///< for carries and unfinished sums (work columns)
  int64_t workCount = 0;
};

/// The operations of one channel set.
struct Tile {
  std::vector<model::APBundle> bundles;
  /// Correction of the initial value of each accumulator, for biased operands.
  std::vector<int64_t> corrections;
};

/// Operations that add `expressions` of the inputs of channels [firstChannel,
/// firstChannel + lanes) of a channel block to the accumulators of `block` from
/// `firstOutput` on. Needs two work columns and the columns of each shared sum.
Tile emitTile(const model::APMicroprogram &program,
              const model::APOutputBlock &block, int64_t firstChannel,
              int64_t firstOutput, const Expressions &expressions,
              const FreeColumns &columns, const model::APSpec &ap);

/// Columns that the shared sums of `expressions` take across columns.
int64_t sharedColumns(const model::APMicroprogram &program,
                      const Expressions &expressions);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_TILE_H
