// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ReportParts.h - Parts of a report ------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_REPORTPARTS_H
#define PUMICE_LIB_MODEL_MACHINE_REPORTPARTS_H

#include "lib/Model/Core/JsonWriter.h"
#include "lib/Model/Machine/Machine.h"

#include "llvm/Support/JSON.h"

#include <cstdint>

namespace pumice::model {

inline double ns(int64_t ps) { return double(ps) / 1000; }

/// Writes `wear`; with a `lifetime` unless that is null.
void writeWear(JsonWriter &to, const Machine &machine,
               const llvm::json::Value &lifetime);

/// The lifetime of the cells of `machine` if runs follow each other without a
/// pause: the time until the first cell reaches the endurance of its group.
llvm::json::Object lifetimeToJson(const Machine &setup, const Machine &machine);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_REPORTPARTS_H
