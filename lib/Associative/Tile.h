// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tile.h - Operations of one tile of inputs ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_ASSOCIATIVE_TILE_H
#define PUMICE_LIB_ASSOCIATIVE_TILE_H

#include "lib/Associative/Sharing.h"
#include "lib/Model/ApProgram.h"
#include "lib/Model/DeviceSpec.h"

#include <cstdint>
#include <vector>

namespace pumice::associative {

/// Columns that are neither inputs nor accumulators.
struct FreeColumns {
  int64_t shared = 0; ///< first of those for shared sums
  int64_t sharedCount = 0;
  int64_t work = 0; ///< first of those for carries and unfinished sums
  int64_t workCount = 0;
};

struct Tile {
  std::vector<model::ApGroup> groups;
  /// What the first value of each accumulator needs, for biased operands.
  std::vector<int64_t> corrections;
};

/// Operations that add `expressions` of the inputs of channels
/// [firstChannel, firstChannel + lanes) of a slice to the accumulators of
/// `chunk`. Needs two columns to work in, and a column for each shared sum.
Tile emitTile(const model::ApProgram &program, const model::ApChunk &chunk,
              int64_t firstChannel, const Expressions &expressions,
              const FreeColumns &columns, const model::ApSpec &ap);

} // namespace pumice::associative

#endif // PUMICE_LIB_ASSOCIATIVE_TILE_H
