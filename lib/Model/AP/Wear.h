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

/// Writes of a layer of `windows` output positions. `taggedWrites` are the bits
/// that passes wrote, from `runLayer`; if absent, their expected values are
/// used. Processors are numbered by part of the microprogram, then by row
/// block. If there are too few, numbering starts again with the device's first
/// processor.
std::vector<ArrayWrites>
apWrites(const DeviceSpec &device, const APMicroprogram &program,
         const APMicroprogramWork &work, int64_t windows,
         std::optional<llvm::ArrayRef<uint64_t>> taggedWrites = std::nullopt);

/// Writes made by look-ups, excluding the writes that store the table.
std::vector<ArrayWrites>
lookupWrites(const DeviceSpec &device, const LookupSpec &spec,
             const LookupWork &work,
             std::optional<uint64_t> taggedWrites = std::nullopt);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_WEAR_H
