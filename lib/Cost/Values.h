// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Values.h - Costs that depend on values -------------------*- C++ -*-===//
#ifndef PUMICE_LIB_COST_VALUES_H
#define PUMICE_LIB_COST_VALUES_H

#include "llvm/ADT/StringRef.h"

namespace pumice {
namespace model {
struct UnitGroup;
} // namespace model

/// The field of a group of crossbars by which programming costs what the levels
/// of the cells before and after make of it; empty if nothing does.
llvm::StringRef fieldOfContents(const model::UnitGroup &group);

/// Whether what a group of processors executes depends on values of weights.
bool compilesWeights(const model::UnitGroup &group);

} // namespace pumice

#endif // PUMICE_LIB_COST_VALUES_H
