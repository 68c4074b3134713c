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

def VerifyCrossbarContract : Pass<"verify-crossbar-contract", "::mlir::ModuleOp"> {
  let summary = "check that every crossbar layer is on a grid (L2)";
  let description = [{
    Needs nothing, changes nothing. Fails when the module names no device, a
    crossbar layer reads weights instead of a grid, or weights that are
    programmed are not constant on a device without `dynamic_matmul = crossbar`.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD
