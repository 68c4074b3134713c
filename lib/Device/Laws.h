// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Laws.h - Costs that follow a device ----------------------*- C++ -*-===//
//
// Laws (lib/Support/Laws.h) are applied in their order, so that a law sees the
// fields that laws before it have changed. A law whose variables have the
// values of its point leaves its figure as it is.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DEVICE_LAWS_H
#define PUMICE_LIB_DEVICE_LAWS_H

#include "lib/Model/Machine/DeviceSpec.h"
#include "lib/Support/Laws.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"

#include <optional>
#include <string>
#include <vector>

namespace pumice {

/// The value of a law for its variables, in their order; only ratios of such
/// values have a meaning.
double valueOf(const LawInfo &law, llvm::ArrayRef<double> variables);

/// What a law reads of a device; nullopt if the device has no such number: a
/// level without a limit, a buffer without a capacity, lanes without a width.
std::optional<double> variableOf(const model::DeviceSpec &device,
                                 const model::LawSpec &law,
                                 LawVariable variable);

/// The figure that a law scales, by its path; nullopt if there is none.
std::optional<double> figureOf(const model::DeviceSpec &device,
                               llvm::StringRef path);

/// Scales the figures of a device by its laws. Appends a note for each law that
/// leaves the range of its source, or cannot be applied.
void applyLaws(model::DeviceSpec &device,
               std::vector<std::string> *notes = nullptr);

/// Moves the points of laws to `device` itself if their figure is stated anew:
/// it differs from that of `old`, and the point does not.
void restatePoints(const model::DeviceSpec &old, model::DeviceSpec &device);

/// All laws: [{name, formula, source, variables [{name, unit, meaning, least,
/// most}]}], without bounds that a source does not give.
llvm::json::Array lawsToJson();

} // namespace pumice

#endif // PUMICE_LIB_DEVICE_LAWS_H
