// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ScalarFunction.h - Regions that are functions of a number -*- C++ -*-==//
#ifndef PUMICE_LIB_ANALYSIS_SCALARFUNCTION_H
#define PUMICE_LIB_ANALYSIS_SCALARFUNCTION_H

#include "dialects/PUM/PUM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace pumice {

/// A function of one f32 that gives one f32 and computes each element of the
/// result of `op` from the element of its operand at the same position. Null if
/// the region is not such a function; `why` then has the reason.
mlir::OwningOpRef<mlir::func::FuncOp> scalarFunctionOf(pum::NonlinearOp op,
                                                       std::string &why);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_SCALARFUNCTION_H
