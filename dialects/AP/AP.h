// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AP.h - The ap dialect ------------------------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_AP_AP_H
#define PUMICE_DIALECTS_AP_AP_H

#include "dialects/Crossbar/Crossbar.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/AP/APDialect.h.inc"
#include "dialects/AP/APEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/AP/APAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/AP/APOps.h.inc"

#include <optional>

namespace pumice::ap {

/// Checks that `program` holds bytes and that `window`, or without one a matrix
/// product, maps inputs of one type to `output` (C1 and C2 of ap.run).
llvm::LogicalResult
verifyRun(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
          mlir::ElementsAttr program, crossbar::WindowAttr window,
          mlir::Type inputType, mlir::Type otherType,
          llvm::ArrayRef<int64_t> output);

/// The shapes of a search, as of ap.cam_search.
struct SearchShapes {
  llvm::ArrayRef<int64_t> queries, distances;
  std::optional<llvm::ArrayRef<int64_t>> indices;
  mlir::Type distance; ///< the type of a distance
};
/// Checks C1 to C3 of ap.cam_search.
mlir::LogicalResult
verifySearch(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             mlir::ElementsAttr table, SearchKind kind, int64_t limit,
             CamMappingAttr mapping, const SearchShapes &shapes);

/// Checks the shapes of a look-up (C1 of ap.lookup).
llvm::LogicalResult
verifyLookup(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             mlir::ElementsAttr table, llvm::ArrayRef<int64_t> queries,
             llvm::ArrayRef<int64_t> result);

} // namespace pumice::ap

#endif // PUMICE_DIALECTS_AP_AP_H
