// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Measurements.h - Checks of measured tables ---------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_MEASUREMENTS_H
#define PUMICE_DIALECTS_CROSSBAR_MEASUREMENTS_H

#include "dialects/Crossbar/Number.h"
#include "mlir/IR/Diagnostics.h"

namespace pumice::crossbar {

/// What `AdcCodesAttr::verify` checks, from number `first` of both lists on: of
/// a converter whose codes come one after the other.
mlir::LogicalResult
verifyAdcCodes(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
               llvm::ArrayRef<Number> thresholds, llvm::ArrayRef<Number> values,
               size_t first);

} // namespace pumice::crossbar

#endif // PUMICE_DIALECTS_CROSSBAR_MEASUREMENTS_H
