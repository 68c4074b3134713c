// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reencode.cpp - Writing weights that keep what cells hold -----------===//
//
// Products are computed from the weights themselves: undoing offsets, signs and
// flips gives the same integers, and no column sum is clipped that would not be
// without re-encoding. What the cells hold decides what a write costs.
//
//===----------------------------------------------------------------------===//
#include "lib/Interpreter/Interpreter.h"
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Support/Parallel.h"

#include <algorithm>
#include <cassert>

using namespace mlir;
using namespace pumice;
using reencoding::Encoding;
using reencoding::Tile;

namespace {
/// Codes of the tile that an array holds.
struct Codes {
  std::vector<int8_t> values;
  Tile tile;
};
} // namespace

static Codes codesOf(const GridSpec &spec, const model::ArraySpec &array,
                     const model::WeightReader &weights, int64_t number) {
  const model::Tiling &tiling = spec.tiling;
  const int64_t column = number % tiling.columnTiles * tiling.weightsPerRow;
  const int64_t block = number / tiling.columnTiles;
  const int64_t row = block % tiling.rowTiles * array.rows;
  Codes codes;
  codes.tile.rows = std::min(array.rows, spec.matrix.rows - row);
  codes.tile.columns =
      std::min(tiling.weightsPerRow, spec.matrix.columns - column);
  codes.values.resize(codes.tile.rows * codes.tile.columns);
  std::vector<int32_t> own(codes.tile.rows);
  for (int64_t c = 0; c < codes.tile.columns; ++c) {
    weights.read(block / tiling.rowTiles, column + c, row, own);
    for (int64_t r = 0; r < codes.tile.rows; ++r)
      codes.values[r * codes.tile.columns + c] = static_cast<int8_t>(own[r]);
  }
  codes.tile.codes = codes.values.data();
  return codes;
}

model::ChangedCells Interpreter::writeReencoded(simulator::ProgramOp op,
                                                StringRef method,
                                                const model::Value &weights) {
  const model::UnitGroup &group =
      *program.device().find(op.getPlacement().getGroup().str());
  const model::ArraySpec &array = group.crossbar()->array;
  const GridSpec spec = program.gridSpec(op);
  const model::WeightReader reader(spec.matrix, weights,
                                   model::WeightLayout::filters);
  reencoding::Options options;
  options.method = *reencoding::methodOf(method);
  options.rows = array.rows;
  options.bitlines = array.columns;
  options.minimizesSteps = group.crossbar()->energy.setStepPj.has_value();
  // Above this sum of levels, some inputs are clipped.
  const int64_t largestSum =
      array.adcMode == model::AdcMode::clip
          ? std::max<int64_t>(((int64_t(1) << array.adcBits) - 1) /
                                  ((int64_t(1) << array.dacBits) - 1),
                              1)
          : 0;
  std::vector<llvm::MutableArrayRef<uint8_t>> cells;
  for (const model::ArrayRange &range : rangesOf(op.getPlacement().getRanges()))
    for (int64_t i = 0; i < range.count; ++i)
      cells.push_back(contents[group.index].levelsOf(range.first + i));
  std::vector<Encoding> &own = encodings[op];
  const bool isKnown = !own.empty();
  own.resize(cells.size());
  const int64_t perCopy = spec.arraysPerCopy();
  std::vector<reencoding::Transitions> transitions(cells.size());
  // Arrays do not share anything.
  model::parallelFor(
      this->options.threads, static_cast<int64_t>(cells.size()),
      [&](int64_t i) {
        const int64_t number =
            spec.tiles ? model::arrayOfTile(spec.tiling,
                                            spec.tiles->first + i % perCopy)
                       : i % perCopy;
        const Codes codes = codesOf(spec, array, reader, number);
        if (isKnown) {
          transitions[i] =
              reencoding::writeInto(cells[i], codes.tile, own[i], options);
        } else {
          own[i] =
              reencoding::encodeInto(cells[i], codes.tile, options, largestSum);
          transitions[i] = own[i].transitions;
        }
        assert(llvm::equal(
                   reencoding::decode(cells[i], codes.tile, own[i], options),
                   codes.values) &&
               "cells hold the weights");
      });
  model::ChangedCells changed;
  changed.levels = reencoding::levels;
  changed.byLevels.resize(changed.levels * changed.levels);
  for (const reencoding::Transitions &pairs : transitions) {
    int64_t count = 0;
    for (size_t pair = 0; pair < pairs.size(); ++pair) {
      changed.byLevels[pair] += pairs[pair];
      if (pair / changed.levels != pair % changed.levels)
        count += pairs[pair];
    }
    changed.byArray.push_back(count);
  }
  return changed;
}
