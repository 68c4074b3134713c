// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD

include "mlir/Pass/PassBase.td"

def CrossbarTileToArrays : Pass<"crossbar-tile-to-arrays", "::mlir::ModuleOp"> {
  let summary = "cut the weights of crossbar layers to the device's arrays";
  let description = [{
    Needs: L2 and a device on the module. Gives each `crossbar.mvm` and
    `crossbar.conv_2d` on weights a `crossbar.program` of them, with the tiling
    that the device's arrays ask for, and makes it read the grid. Layers that
    are already on a grid stay as they are. Layers that share weights share a
    grid when they read codes of one width and sign.

    Fails, naming the field, when a weight or an input is wider than the
    periphery handles.
  }];
  let statistics = [Statistic<"numArrays", "arrays", "arrays that all grids take">];
}

def CrossbarInferBitWidths : Pass<"crossbar-infer-bit-widths", "::mlir::ModuleOp"> {
  let summary = "widths of codes below those of their types";
  let description = [{
    Needs: L2 and a device on the module. Gives a `crossbar.mvm` or
    `crossbar.conv_2d` on weights `input_bits`, when all its input codes (and the
    zero point, where it pads) provably fit in less than their type: by the clamp
    that quantizes them, through moves, concatenations and maximum poolings. It
    gives `weight_bits`, when all weights fit in a width that takes fewer cells
    each: by the data of constants, and by the clamp of codes that are written at
    run time. Of the latter, unsigned codes of `b` bits are stored less `2^(b-1)`
    instead of less 128. Widths that are there already stay.

    Sums stay as they are, unless lossy converters see smaller partial sums.
  }];
  let statistics = [
    Statistic<"numInputs", "inputs", "layers whose inputs are narrower than their type">,
    Statistic<"numWeights", "weights", "layers whose weights are narrower than their type">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def VerifyCrossbarContract : Pass<"verify-crossbar-contract", "::mlir::ModuleOp"> {
  let summary = "check that every crossbar layer is on a grid (L2)";
  let description = [{
    Needs nothing, changes nothing. Fails when the module names no device, a
    crossbar layer reads weights instead of a grid, a nonlinear region is left, or
    weights that are programmed are not constant on a device without
    `dynamic_matmul = crossbar`.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD
