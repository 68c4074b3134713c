// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD

include "mlir/Pass/PassBase.td"

def CrossbarTileToArrays : Pass<"crossbar-tile-to-arrays", "::mlir::ModuleOp"> {
  let summary = "cut the weights of crossbar layers into the device's arrays";
  let description = [{
    Requires: L2 and a device on the module. Creates a `crossbar.program` for
    the weights of each `crossbar.mvm` and `crossbar.conv_2d`, with the tiling
    that the device's arrays require, and makes the layer read the grid. Layers
    that already read a grid are left alone. Layers that share weights share a
    grid if their inputs have the same width and sign.

    Fails, naming the field, if a weight or an input is wider than the periphery
    supports.
  }];
  let statistics = [Statistic<"numArrays", "arrays", "arrays that all grids take">];
}

def CrossbarMapFunctions : Pass<"crossbar-map-functions", "::mlir::ModuleOp"> {
  let summary = "program nets and tables into the device's arrays";
  let description = [{
    Requires: L2 and a device on the module. Creates the `crossbar.program` ops for
    the nets and tables of `crossbar.apply` ops without grids, and makes these read
    the grids: of a net, one for each layer, with the weights of copies on the
    diagonal as far as an array has room; of a table, one with its values. Ops
    that apply the same function with the same number of copies share grids. The
    number of copies becomes the next multiple of those in one array.

    Fails if the converters do not deliver exact sums of as many rows as a net has
    hidden units, or an array does not take the widths of a net or table.
  }];
  let statistics = [Statistic<"numArrays", "arrays", "arrays that nets and tables take">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def CrossbarInferBitWidths : Pass<"crossbar-infer-bit-widths", "::mlir::ModuleOp"> {
  let summary = "infer bit widths of quantized values that are narrower than their types";
  let description = [{
    Requires: L2 and a device on the module. Sets `input_bits` of a
    `crossbar.mvm` or `crossbar.conv_2d` on weights if all its inputs (and the
    zero point, if the layer pads) provably fit in fewer bits than their type.
    The proof uses the clamp that quantizes them, through data movement ops,
    concatenations and maximum poolings. Sets `weight_bits` if all weights fit
    in a width that takes fewer cells, by the data of constants or by the clamp
    of values that are written at run time. In the latter case, unsigned values
    of `b` bits are stored minus `2^(b-1)` instead of minus 128. Existing widths
    are left alone.

    Sums do not change, unless lossy converters convert smaller partial sums.
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
    Requires nothing and changes nothing. Fails if the module does not name a
    device, a crossbar layer reads weights instead of a grid, a net or table is
    applied without grids, a nonlinear region remains, or programmed weights are not constant on a device without
    `dynamic_matmul = crossbar`.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_TD
