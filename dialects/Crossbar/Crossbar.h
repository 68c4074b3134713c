// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Crossbar.h - The crossbar dialect ------------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H
#define PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H

#include "dialects/Crossbar/CrossbarTypes.h"
#include "dialects/Crossbar/QuantizedFormat.h"
#include "dialects/Interfaces/LayerOpInterface.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "dialects/Crossbar/CrossbarOps.h.inc"

namespace pumice::crossbar {

/// Width of a two's complement integer that holds every exact sum of `terms`
/// products of the two operands. (What lossy converters may deliver is
/// model::accumulatorBits.)
unsigned exactSumBits(const QuantizedFormat &input,
                      const QuantizedFormat &weight, uint64_t terms);

/// Checks that `window` maps an NCHW `input` shape to an NFHW `output` shape,
/// in `groups` groups of channels (C1 of crossbar.conv_2d).
llvm::LogicalResult
verifyWindow(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             WindowAttr window, int64_t groups, llvm::ArrayRef<int64_t> input,
             llvm::ArrayRef<int64_t> output);

/// Checks that `part` holds as much as `grid` has.
llvm::LogicalResult
verifyPart(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
           PartAttr part, GridType grid);

/// Checks what a task or an instruction writes of a grid: that `weights` has
/// the elements of the grid or, with `part`, of the whole matrix; that `tiles`,
/// [first, count], are within the tiling; and that `arrays` (0: not placed) are
/// a multiple of the tiles that are written.
llvm::LogicalResult
verifyProgram(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
              mlir::ShapedType weights, GridType grid, TilingAttr tiling,
              PartAttr part, std::optional<llvm::ArrayRef<int64_t>> tiles,
              int64_t arrays);

/// Arrays of one copy of what `tiles` (none: all) of a tiling says.
int64_t arraysPerCopy(TilingAttr tiling,
                      std::optional<llvm::ArrayRef<int64_t>> tiles);

/// The same as verifyWindow for a layer on `grid`, which holds `part`.
llvm::LogicalResult verifyPartOfConvolution(
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError, WindowAttr window,
    PartAttr part, GridType grid, llvm::ArrayRef<int64_t> input,
    llvm::ArrayRef<int64_t> output);

/// Checks that elements of `width` bits hold the inputs that `grid` streams.
llvm::LogicalResult
verifyInputs(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             GridType grid, unsigned width);

/// Checks that `tiling` covers `grid` with arrays of shape `array` (C2 of
/// crossbar.program).
llvm::LogicalResult
verifyTiling(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             TilingAttr tiling, CrossbarArrayAttr array, GridType grid);

/// Copies of the function `function`, a `crossbar.neon_net` or a
/// `crossbar.table`, that `grids` hold. Fails if it is neither, or they do not
/// suit it (C1 and C2 of `crossbar.apply`).
mlir::FailureOr<int64_t>
copiesOf(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
         mlir::Operation *function, mlir::TypeRange grids);

} // namespace pumice::crossbar

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBAR_H
