// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Groups.h - Products with the groups first ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H
#define PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H

#include "lib/Model/Core/Value.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace pumice::model {

/// Calls `compute` for `x` and `y`, [groups][rows][...], in the layout of
/// grids, [rows][groups][...]. Copies both if the order of elements differs.
llvm::Error withGroupsInside(
    const Value &x, Value &y,
    llvm::function_ref<llvm::Error(const Value &, Value &)> compute);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_GROUPS_H
