// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Passes.h - Pass tables of associative processors ---------*- C++ -*-===//
//
// The passes of one bit of each operation, derived from its truth table
// (docs/ap.md, "Passes"). This is the only place that turns arithmetic into
// passes.
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

/// A search of some columns for a key, followed by a write to some columns of
/// the tagged rows. Masks and bits are indexed by role.
struct APPass {
  uint8_t searched = 0;
  uint8_t key = 0;
  uint8_t written = 0;
  uint8_t bits = 0;
};

/// Properties of a step that are known before it runs.
struct APStep {
  APOpcode code = APOpcode::clear;
  bool isFirst = false; ///< step 0; for `top`, its only step
  bool isTop = false; ///< for compare and less: the sign bit of signed operands
  bool aIsZero = false;     ///< operand A is known to be 0
  bool bIsZero = false;     ///< operand B is known to be 0
  bool aInverted = false;   ///< operand A is read inverted
  bool bit = false;         ///< for less: the bit of the constant
  bool carryIsZero = false; ///< for less: the carry is still 0
};

/// The properties of step `i` of `op`.
APStep stepOf(const APOperation &op, int64_t i);

/// The passes of a step, including those that first clear the carry and the
/// destination.
llvm::ArrayRef<APPass> passesOf(const APStep &step);

/// The result of an operation for one bit. The passes are derived from this
/// definition. `x` is D for operations that change D in place, else B.
struct APBits {
  bool carry, result;
};
APBits evaluate(const APStep &step, bool carry, bool x, bool a);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_PASSES_H
