// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Checks.h - What verifiers of devices share ---------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_PUM_CHECKS_H
#define PUMICE_DIALECTS_PUM_CHECKS_H

#include "dialects/PUM/PUM.h"

#include <utility>

namespace pumice::pum {

/// Every number must be at least (or, `positive`, above) zero, and within
/// limits that keep sums and ratios finite.
mlir::LogicalResult
checkNumbers(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             llvm::ArrayRef<std::pair<llvm::StringRef, double>> numbers,
             bool positive = false);

/// Every count must be at least 1.
mlir::LogicalResult
checkCounts(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
            llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> counts);

/// The tiles of an interconnect must exist, fit, and have a size.
mlir::LogicalResult
checkInterconnect(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                  mlir::ArrayAttr groups, mlir::ArrayAttr components,
                  InterconnectAttr interconnect);

} // namespace pumice::pum

#endif // PUMICE_DIALECTS_PUM_CHECKS_H
