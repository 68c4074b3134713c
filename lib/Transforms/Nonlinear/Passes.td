// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseNonlinear : Pass<"raise-nonlinear", "::mlir::func::FuncOp"> {
  let summary = "gather nonlinear subroutines in regions";
  let description = [{
    Needs: L1, before fuse-elementwise hides the shapes. Finds softmax, norms,
    activations, pools, roots, exponentials and quotients on floats by their
    arithmetic, however it is spread over ops, and moves each into a
    `pum.nonlinear` with its kind; docs/nonlinear.md lists them. Any other
    elementwise op on floats that is more than sums, products and moves becomes
    one of kind `elementwise`. An intermediate value that the program reads too
    is an additional result: nothing is lost or computed twice.

    Leaves alone: ops on integers, quantize, dequantize and rescale, moves,
    linear arithmetic, and what is in a region already.
  }];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
  let statistics = [Statistic<"numRegions", "regions", "regions made">];
}

def ExpandNonlinear : Pass<"expand-nonlinear", "::mlir::func::FuncOp"> {
  let summary = "put digital nonlinear regions back in line";
  let description = [{
    Needs: L1. Replaces each `pum.nonlinear` of method `digital` by the ops of
    its region, whose locations then carry the kind as metadata
    (`fused<#pum<nonlinear_kind softmax>>[...]`). Fails on any other method.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD
