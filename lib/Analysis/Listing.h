// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Listing.h - The text of a module with the origin of its lines ------===//
#ifndef PUMICE_LIB_ANALYSIS_LISTING_H
#define PUMICE_LIB_ANALYSIS_LISTING_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// The text of a module for readers: values have the names of the layers that
/// compute them, so that a pass that changes one layer changes only its lines.
/// The data of large constants is left out.
///
/// \param locations if given, gets the line (from 1) of each op.
std::string readableText(mlir::ModuleOp module,
                         mlir::AsmState::LocationMap *locations = nullptr);

/// `text`, the readable text, and `ops`: for each function and each outermost
/// op in one, in order, `line` (from 0) and `name`, and where known `layer`,
/// `node`, `file` and `source_line`. An op that becomes an instruction has
/// `instruction`, its id in a report; `setup` is true for one of the setup.
llvm::json::Object listingOf(mlir::ModuleOp module);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_LISTING_H
