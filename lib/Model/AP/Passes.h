// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- APPasses.h - Pass tables of associative processors -------*- C++ -*-===//
//
// The passes of one bit of each operation, derived from its truth table
// (docs/ap.md, "Passes"). Nothing else knows how arithmetic becomes passes.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_PASSES_H
#define PUMICE_LIB_MODEL_AP_PASSES_H

#include "lib/Model/AP/Microprogram.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace pumice::model {

/// Columns of a pass, as bits of a mask.
enum APRole : uint8_t { roleA = 1, roleB = 2, roleD = 4, roleC = 8 };
constexpr unsigned numApRoles = 4;

/// A search of some columns for a key, then a write of bits to some columns of
/// the tagged rows. Masks and bits by role.
struct APPass {
  uint8_t searched = 0;
  uint8_t key = 0;
  uint8_t written = 0;
  uint8_t bits = 0;
};

/// What is known of a step before it runs.
struct APStep {
  APOpcode code = APOpcode::clear;
  bool isFirst = false; ///< step 0; of `top`, its only one
  bool isTop = false; ///< of compare and less: the sign bit of signed operands
  bool aIsZero = false;     ///< operand A is known to be 0
  bool bIsZero = false;     ///< operand B is known to be 0
  bool aInverted = false;   ///< operand A is read inverted
  bool bit = false;         ///< of less: the constant's
  bool carryIsZero = false; ///< of less: the carry is still 0
};

/// The step of `op` in step `i`.
APStep stepOf(const APOperation &op, int64_t i);

/// The passes of a step, those that clear the carry and the destination first
/// included.
llvm::ArrayRef<APPass> passesOf(const APStep &step);

/// What an operation makes of one bit: the definition that the passes are
/// derived from. `x` is D of operations that change D in place, else B.
struct APBits {
  bool carry, result;
};
APBits evaluate(const APStep &step, bool carry, bool x, bool a);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_PASSES_H
