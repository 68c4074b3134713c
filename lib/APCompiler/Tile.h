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

/// Columns that hold neither inputs nor accumulators.
struct FreeColumns {
  int64_t shared = 0; ///< first of those for shared sums
  int64_t sharedCount = 0;
  int64_t work = 0; ///< first of those for carries and unfinished sums
  int64_t workCount = 0;
};

struct Tile {
  std::vector<model::APBundle> groups;
  /// Correction of the initial value of each accumulator, for biased operands.
  std::vector<int64_t> corrections;
};

/// Operations that add `expressions` of the inputs of channels [firstChannel,
/// firstChannel + lanes) of a channel block to the accumulators of `chunk`.
/// Needs two work columns and a column for each shared sum.
Tile emitTile(const model::APMicroprogram &program, const model::APChunk &chunk,
              int64_t firstChannel, const Expressions &expressions,
              const FreeColumns &columns, const model::APSpec &ap);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_TILE_H
