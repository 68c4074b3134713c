// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Crossbar.h - The crossbar dialect ------------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H
#define PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H

#include "dialects/Crossbar/Number.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Crossbar/CrossbarDialect.h.inc"
#include "dialects/Crossbar/CrossbarEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Crossbar/CrossbarAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Crossbar/CrossbarTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Crossbar/CrossbarOps.h.inc"

namespace pumice::crossbar {

/// Integer codes of one operand of a product: `bits` wide, two's complement
/// when `isSigned`, meaning `code - zeroPoint`.
struct Codes {
  unsigned bits;
  bool isSigned;
  int64_t zeroPoint;

  int64_t min() const { return isSigned ? -(int64_t(1) << (bits - 1)) : 0; }
  int64_t max() const {
    return (int64_t(1) << (isSigned ? bits - 1 : bits)) - 1;
  }
  /// Largest magnitude of `code - zeroPoint`.
  uint64_t magnitude() const;
};

/// Width of a two's complement integer that holds every sum of `terms`
/// products of the two operands.
unsigned accumulatorBits(const Codes &input, const Codes &weight,
                         uint64_t terms);

/// The window of a 2-D convolution, as the ops of several levels carry it.
struct ConvWindow {
  llvm::ArrayRef<int64_t> kernel, strides, dilations, padding;
  int64_t groups;
};

/// Checks that `window` maps an NCHW `input` shape to an NFHW `output` shape
/// (C1 of crossbar.conv_2d).
llvm::LogicalResult
verifyConvWindow(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                 const ConvWindow &window, llvm::ArrayRef<int64_t> input,
                 llvm::ArrayRef<int64_t> output);

/// Checks that `tiling` covers `grid` with arrays of shape `array` (C2 of
/// crossbar.program).
llvm::LogicalResult
verifyTiling(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             TilingAttr tiling, CrossbarArrayAttr array, GridType grid);

} // namespace pumice::crossbar

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H
