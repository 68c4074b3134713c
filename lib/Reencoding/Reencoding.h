// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reencoding.h - Levels that keep what cells hold ----------*- C++ -*-===//
//
// Weights of 8 bits lie in four cells of 2 bits each, on four bitlines. An
// array that holds a tile of one layer is written with a tile of another one.
// Cells whose level stays the same need no pulse. The same products can be
// computed from many levels, so this library chooses levels that are close to
// those that the cells hold:
//
//   offset, sign    weight w of a column is stored as o + w or o - w
//   bitlines        a digit lies on any bitline of the array
//   flips           a bitline holds 3 - d in place of d
//
// All of them are undone exactly, by integers:
//
//   sum x w = sign (sum over digits i of 4^i y_i - sum over groups g of o_g
//   x_g) y_i     = the bitline's sum, or 3 sum x - that x_g     = sum x of the
//   rows of a group, which share an offset
//
// docs/reencoding.md derives this. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_REENCODING_REENCODING_H
#define PUMICE_LIB_REENCODING_REENCODING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::reencoding {

/// Cells, and so bitlines, of a weight.
constexpr int digits = 4;
/// Levels of a cell.
constexpr int levels = 4;
/// Pairs (old level, new level): index levels * old + new.
using Transitions = std::array<int64_t, levels * levels>;

enum class Method {
  Offset,  ///< o = 128 for all columns
  Centre,  ///< o of each column as close to 85 as its weights allow; a sign
  Fitted,  ///< o and sign of each column that suit the old levels
  Columns, ///< and any four neighbouring bitlines
  Bitlines ///< and any bitlines, with flips
};

struct Options {
  Method method = Method::Bitlines;
  int64_t rows = 128;     ///< wordlines of an array
  int64_t bitlines = 128; ///< a multiple of `digits`
  /// Rows are cut into so many groups of about the same size. Each has its own
  /// offset in a column, except with the method `Offset`.
  int64_t rowGroups = 1;
  /// Least sum of |old - new|; else, most cells that keep their level.
  bool minimizesSteps = false;
  /// Offsets that clip weights to [0, 255] are used while the root of the mean
  /// squared error of a column is at most this share of the root of its mean
  /// square. 0: products stay exact.
  double clipError = 0;
  /// The chain repeats: the first tile follows the last one.
  bool isCyclic = true;
  unsigned threads = 1;
};

/// A tile of codes, row by row. The caller owns them.
struct Tile {
  const int8_t *codes = nullptr;
  int64_t rows = 0, columns = 0;
};

/// How a tile is written. Digit i of column c has index digits * c + i; digit 0
/// is the least significant one.
struct Encoding {
  std::vector<uint8_t> offsets;  ///< by column and group of rows
  std::vector<uint8_t> negated;  ///< by column: stores o - w
  std::vector<uint16_t> bitline; ///< by digit
  std::vector<uint8_t> flipped;  ///< by digit: the cells hold 3 - d
  Transitions transitions{};     ///< of the cells in use
  double squaredError = 0;       ///< of clipped weights, summed
  bool isPlain = false;          ///< as `Offset`, whatever the method
};

/// Encodes tiles that follow one another in one array, for each chain. The
/// transitions of a cyclic chain are those of one of many repetitions. The
/// first tile of other chains finds cells of level 0. The result does not
/// depend on the number of threads.
///
/// Refuses arrays and tiles whose sizes do not match.
llvm::Expected<std::vector<std::vector<Encoding>>>
encode(llvm::ArrayRef<std::vector<Tile>> chains, const Options &options);

/// Encodes a tile for an array whose cells hold `cells`, by bitline and row,
/// and writes it there. Products stay exact: with `largestSum` above 0, a tile
/// one of whose bitlines has a larger sum of levels, with or without
/// re-encoding, is stored as `Offset` does it. `options.isCyclic` and `threads`
/// do not matter.
Encoding encodeInto(llvm::MutableArrayRef<uint8_t> cells, const Tile &tile,
                    const Options &options, int64_t largestSum);
/// Writes a tile with an encoding that is known. Returns its transitions.
Transitions writeInto(llvm::MutableArrayRef<uint8_t> cells, const Tile &tile,
                      const Encoding &encoding, const Options &options);
/// The weights that cells hold which were written with this encoding.
std::vector<int> decode(llvm::ArrayRef<uint8_t> cells, const Tile &tile,
                        const Encoding &encoding, const Options &options);

/// The method with a name; none for other texts.
std::optional<Method> methodOf(llvm::StringRef name);

/// Bytes in DRAM of what a tile needs in addition to its weights.
int64_t tableBytes(Method method, int64_t columns, int64_t bitlines,
                   int64_t rowGroups);

/// Multiply-accumulates that undo offsets and flips of one window of a tile,
/// beyond those of `Offset`, whose constant is a shift.
int64_t correctionsOf(Method method, int64_t columns, int64_t rowGroups);

llvm::ArrayRef<llvm::StringRef> methodNames();

} // namespace pumice::reencoding

#endif // PUMICE_LIB_REENCODING_REENCODING_H
