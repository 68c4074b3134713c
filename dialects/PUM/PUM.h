// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PUM.h - The pum dialect ----------------------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_PUM_PUM_H
#define PUMICE_DIALECTS_PUM_PUM_H

#include "dialects/Crossbar/Crossbar.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

/// A number of a device file that may be left out.
template <>
struct mlir::FieldParser<std::optional<pumice::Number>> {
  static FailureOr<std::optional<pumice::Number>> parse(AsmParser &parser) {
    FailureOr<pumice::Number> number =
        FieldParser<pumice::Number>::parse(parser);
    if (failed(number))
      return failure();
    return std::optional<pumice::Number>(*number);
  }
};

#include "dialects/PUM/PUMAttrInterfaces.h.inc"
#include "dialects/PUM/PUMDialect.h.inc"
#include "dialects/PUM/PUMEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/PUM/PUMAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/PUM/PUMTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/PUM/PUMOps.h.inc"

namespace pumice::pum {

/// Name of the module attribute that holds the device.
inline constexpr llvm::StringLiteral deviceAttrName = "pum.device";
/// Attribute of a module, a dictionary: how pum-schedule has scheduled it.
inline constexpr llvm::StringLiteral scheduleAttrName = "pum.schedule";
/// The attribute of a module that holds what calibration saw: an array of
/// #pum.calibration.
inline constexpr llvm::StringLiteral calibrationAttrName = "pum.calibration";
/// The attribute of an argument that is kept between runs: a #pum.state.
inline constexpr llvm::StringLiteral stateAttrName = "pum.state";

/// Discardable attribute of programs, a string: the method by which their
/// weights are re-encoded, so that more cells keep their level
/// (docs/reencoding.md).
inline constexpr llvm::StringLiteral reencodingAttrName = "pum.reencoding";

/// Discardable attribute of programs of constants, an integer: the bytes that
/// all of the constant takes in DRAM, compressed (docs/reencoding.md).
inline constexpr llvm::StringLiteral compressedBytesAttrName =
    "pum.compressed_bytes";

/// Discardable attribute, a #pum.target: the units that compute a layer.
inline constexpr llvm::StringLiteral targetAttrName = "pum.target";

/// The target that a layer is assigned to, if it is assigned.
std::optional<LayerTarget> targetOf(mlir::Operation *op);

/// The group of units that a layer, task or instruction is assigned to; empty
/// if it may run on the first group of its kind.
llvm::StringRef targetGroupOf(mlir::Operation *op);

/// Copies the target of `from` to `to` if it names a group.
void copyTargetGroup(mlir::Operation *from, mlir::Operation *to);

/// Whether a nonlinear region of this kind works along dimensions.
bool hasDimensions(NonlinearKind kind);

} // namespace pumice::pum

#endif // PUMICE_DIALECTS_PUM_PUM_H
