// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Wear.h - Writes to racetracks ----------------------------*- C++ -*-===//
//
// The writes to the racetracks of processors (docs/ap.md, "Wear"): an upper
// bound for each racetrack from the microprogram alone, and the sum from the
// writes of a run.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_WEAR_H
#define PUMICE_LIB_MODEL_AP_WEAR_H

#include "lib/Model/AP/Costs.h"
#include "lib/Model/AP/Lookup.h"
#include "lib/Model/Machine/Costs.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

/// Writes of a layer of `windows` output positions. `taggedWrites`: bits that
/// passes wrote, as of `runLayer`; without them they are expected. Parts of the
/// program have processors in their order, blocks of rows within a part; they
/// start anew with the first of `processors` when there are too few.
std::vector<ArrayWrites>
apWrites(const UnitGroup &group, llvm::ArrayRef<ArrayRange> processors,
         const APMicroprogram &program, const APMicroprogramWork &work,
         int64_t windows,
         std::optional<llvm::ArrayRef<uint64_t>> taggedWrites = std::nullopt);

/// Writes made by look-ups, excluding those that store the table.
std::vector<ArrayWrites>
lookupWrites(const UnitGroup &group, llvm::ArrayRef<ArrayRange> processors,
             const LookupSpec &spec, const LookupWork &work,
             std::optional<uint64_t> taggedWrites = std::nullopt);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_WEAR_H
