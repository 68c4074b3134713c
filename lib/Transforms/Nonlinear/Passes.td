// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseNonlinear : Pass<"raise-nonlinear", "::mlir::func::FuncOp"> {
  let summary = "wrap nonlinear functions in regions";
  let description = [{
    Requires: L1, before fuse-elementwise hides the shapes. Matches softmax,
    norms, activations, pools, roots, exponentials and quotients on floats by
    their arithmetic, regardless of how many ops it spans, and moves each into a
    `pum.nonlinear` with its kind; docs/nonlinear.md lists the kinds. Any other
    elementwise op on floats that is more than sums, products and data movement
    becomes one of kind `elementwise`. An intermediate value that the program
    also reads becomes an additional result, so nothing is lost or computed
    twice.

    Leaves alone: ops on integers, quantize, dequantize and rescale, data
    movement ops, linear arithmetic, and ops that are already in a region.
  }];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
  let statistics = [Statistic<"numRegions", "regions", "regions made">];
}

def ExpandNonlinear : Pass<"expand-nonlinear", "::mlir::func::FuncOp"> {
  let summary = "inline digital nonlinear regions";
  let description = [{
    Requires: L1. Replaces each `pum.nonlinear` of method `digital` by the ops
    of its region. The locations of these ops then carry the kind as metadata
    (`fused<#pum<nonlinear_kind softmax>>[...]`). Fails on any other method.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD
