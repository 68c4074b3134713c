// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Functions.h - Nets and tables in the IR ------------------*- C++ -*-===//
#ifndef PUMICE_LIB_ANALYSIS_FUNCTIONS_H
#define PUMICE_LIB_ANALYSIS_FUNCTIONS_H

#include "dialects/Crossbar/Crossbar.h"
#include "lib/Neon/Net.h"
#include "mlir/IR/Builders.h"

namespace pumice {

/// The net of an op. Its reduction is the op's alone.
neon::Net toNet(crossbar::NeonNetOp op);

/// An op for `net`, at the builder's position. `reduction`, `errors` and `fit`
/// may be null.
crossbar::NeonNetOp createNet(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef name, const neon::Net &net,
                              crossbar::ReductionAttr reduction,
                              mlir::DictionaryAttr errors,
                              mlir::DictionaryAttr fit);

neon::Format toFormat(crossbar::FormatAttr attr);
crossbar::FormatAttr toAttr(mlir::MLIRContext *context,
                            const neon::Format &format);
/// Null for a tail that saturates.
crossbar::LineAttr toAttr(mlir::MLIRContext *context, const neon::Tail &tail);

/// The values of a table, unsigned.
std::vector<int32_t> valuesOf(crossbar::TableOp op);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_FUNCTIONS_H
