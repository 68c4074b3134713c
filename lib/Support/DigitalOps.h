// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DigitalOps.h - Kinds of work of a digital unit -----------*- C++ -*-===//
//
// The one list of kinds: device files state a cost for each, regions are
// counted by them, reports add them up. lib/Digital/OpCounts.h says which op is
// of which kind.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_DIGITALOPS_H
#define PUMICE_LIB_SUPPORT_DIGITALOPS_H

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <optional>

namespace pumice {

/// Kinds of scalar operations of the digital unit.
enum class DigitalOpKind {
  add,
  multiply,
  divide,
  compare,
  convert,
  special,
  move
};

/// Their names, in their order.
inline constexpr llvm::StringLiteral digitalOpNames[] = {
    "add", "multiply", "divide", "compare", "convert", "special", "move"};
inline constexpr size_t numDigitalOps =
    sizeof(digitalOpNames) / sizeof(digitalOpNames[0]);
static_assert(size_t(DigitalOpKind::move) + 1 == numDigitalOps,
              "every kind has a name");

inline llvm::StringRef name(DigitalOpKind op) {
  return digitalOpNames[static_cast<size_t>(op)];
}

inline std::optional<DigitalOpKind> parseDigitalOpKind(llvm::StringRef name) {
  for (size_t i = 0; i < numDigitalOps; ++i)
    if (name == digitalOpNames[i])
      return static_cast<DigitalOpKind>(i);
  return std::nullopt;
}

/// A number of operations of each kind.
struct DigitalOps : std::array<int64_t, numDigitalOps> {
  using Array = std::array<int64_t, numDigitalOps>;
  DigitalOps() : Array{} {}

  using Array::operator[];
  int64_t &operator[](DigitalOpKind op) {
    return (*this)[static_cast<size_t>(op)];
  }
  int64_t operator[](DigitalOpKind op) const {
    return (*this)[static_cast<size_t>(op)];
  }
};

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_DIGITALOPS_H
