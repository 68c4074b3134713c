// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Groups.h - Products with the groups in front -------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H
#define PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H

#include "lib/Model/Core/Value.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace pumice::model {

/// Calls `compute` for `x` and `y`, [groups][rows][...], as grids take and give
/// them: [rows][groups][...], copied there and back where that is another
/// order of elements.
llvm::Error withGroupsInside(
    const Value &x, Value &y,
    llvm::function_ref<llvm::Error(const Value &, Value &)> compute);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H
