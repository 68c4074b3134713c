// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_AP_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_AP_PASSES_TD

include "mlir/Pass/PassBase.td"

def APFuseElementwise : Pass<"ap-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "what follows a layer is computed by its processors";
  let description = [{
    Needs: `ap.conv_2d`, `ap.mvm` and a device with `elementwise_bits`; does
    nothing without these. What makes codes of at most that many bits of a
    layer's sums, by arithmetic with numbers that depend on the output channel
    only, becomes the layer's `thresholds` and `codes`: the function is computed
    for every sum that weights and inputs can give, with the rounding of the
    digital unit, so that no code changes. If another tensor comes in later, as
    in a residual addition, the rest of the op remains.

    Any arithmetic is folded, sigmoid, tanh and GELU included: functions are
    compiled with the compiler of the digital unit and evaluated, not assumed to
    be monotone. Other ops stay: those that make more codes, or change their code
    more than twice as often as there are codes, that assert (a division by zero)
    for some sum, or whose sums can take too many values (2^31 over all outputs).
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads to evaluate functions with; 0: as many as the machine has">];
  let statistics = [
    Statistic<"numFused", "layers", "layers whose results are codes">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APConvertElementwise : Pass<"ap-convert-elementwise", "::mlir::ModuleOp"> {
  let summary = "poolings and additions of codes are computed by processors";
  let description = [{
    Needs: linalg on codes and a device with `elementwise_bits`; does nothing
    without it. Where codes have at most that many bits:

    - maximum poolings of images become `ap.max_pool_2d`, padding included;
    - elementwise functions of two tensors `[N, C, H, W]`, such as a residual
      addition with its rescaling, become `ap.weighted_sum`: factors are looked
      for, the cheapest first, with which the function's table, computed with
      the rounding of the digital unit, is one of the weighted sum.

    Ops that are no such function stay.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads to compile functions with; 0: as many as the machine has">];
  let statistics = [
    Statistic<"numPoolings", "poolings", "maximum poolings">,
    Statistic<"numSums", "sums", "functions of two tensors">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APCompilePrograms : Pass<"ap-compile-programs", "::mlir::ModuleOp"> {
  let summary = "ternary layers become programs of the device's processors";
  let description = [{
    Needs: L2 and, if there are layers of associative processors, a device that
    has these. Makes an `ap.run` of each `ap.conv_2d` and `ap.mvm`: weights are
    unrolled to additions and subtractions, sums that outputs have in common are
    shared, widths are exact, columns and domains are given out (docs/ap.md).

    Fails, with what would fit, when a layer does not fit the processors.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads to compile with; 0: as many as the machine has">,
    Option<"share", "share", "bool", /*default=*/"true",
           "compute sums that several outputs have in common once">,
    Option<"lanes", "lanes", "int64_t", /*default=*/"0",
           "input channels side by side; 0: what costs least">,
    Option<"chunks", "chunks", "int64_t", /*default=*/"0",
           "parts of the outputs that have processors of their own; 0: what costs least">,
    Option<"spread", "spread", "int64_t", /*default=*/"0",
           "processors that share the input channels of an output; 0: what costs least">];
  let statistics = [
    Statistic<"numNonzeros", "nonzero weights", "additions without sharing">,
    Statistic<"numAdditions", "additions", "additions and subtractions of all programs">,
    Statistic<"numFewest", "bound", "additions that no sharing within a tile gets below">,
    Statistic<"numBytes", "bytes", "size of all programs">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APDisassemble : Pass<"ap-disassemble", "::mlir::ModuleOp"> {
  let summary = "spell programs of associative processors out";
  let description = [{
    Adds an `ap.program` to the end of the module for each `ap.run` and
    `simulator.ap_exec`, in their order. Changes nothing else; a module with such
    ops is for people. Fails on a program that cannot be read.
  }];
  let options = [
    Option<"passes", "passes", "bool", /*default=*/"false",
           "also list the passes of each group, as ap.move, ap.search and ap.write">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def VerifyAPContract : Pass<"verify-ap-contract", "::mlir::ModuleOp"> {
  let summary = "check that layers of associative processors are programs (L2)";
  let description = [{
    Needs nothing, changes nothing. Fails when a layer of associative processors
    is not compiled, the device has no processors, or a program is not one that
    they can run.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_AP_PASSES_TD
