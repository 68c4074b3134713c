// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_AP_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_AP_PASSES_TD

include "mlir/Pass/PassBase.td"

def APFuseElementwise : Pass<"ap-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "fold elementwise ops after AP layers into thresholds";
  let description = [{
    Requires: `ap.conv_2d` or `ap.mvm` and a device with `elementwise_bits`; does
    nothing without these. Elementwise ops that turn the sums of a layer into
    quantized values of at most that many bits become `thresholds` and `codes` of
    the layer. Their other operands may be constants per output channel. The
    function is evaluated for every sum that the weights and inputs can give,
    with the rounding of the digital unit, so results do not change. If the op
    also reads another tensor, as in a residual addition, the part of the op that
    depends on that tensor remains.

    All scalar arithmetic is folded, including sigmoid, tanh and GELU: the
    compiler of the digital unit compiles the function, which need not be
    monotone. The pass leaves alone ops with wider results, ops whose result
    changes more than twice as often as there are quantized values, ops that
    assert for some sum (a division by zero), and layers whose sums take more
    than 2^31 values over all outputs.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads that evaluate functions; 0: as many as the machine has">];
  let statistics = [
    Statistic<"numFused", "layers", "layers that got thresholds">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APConvertElementwise : Pass<"ap-convert-elementwise", "::mlir::ModuleOp"> {
  let summary = "convert poolings and quantized additions to AP ops";
  let description = [{
    Requires: a device with `elementwise_bits`; does nothing without it. Converts
    linalg ops on quantized values of at most that many bits:

    - maximum poolings of images, with their padding, to `ap.max_pool_2d`;
    - elementwise functions of two tensors `[N, C, H, W]`, such as a residual
      addition with its rescaling, to `ap.weighted_sum`. The pass tabulates the
      function with the rounding of the digital unit, and searches for the
      cheapest factors with which the table is a step function of the weighted
      sum of the operands.

    Leaves ops alone that have no such factors.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads that compile functions; 0: as many as the machine has">];
  let statistics = [
    Statistic<"numPoolings", "poolings", "converted maximum poolings">,
    Statistic<"numSums", "sums", "converted functions of two tensors">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APCompilePrograms : Pass<"ap-compile-programs", "::mlir::ModuleOp"> {
  let summary = "compile AP layers to microprograms";
  let description = [{
    Requires: L2 and, if there are `ap` layers, a device with associative
    processors. Replaces each `ap.conv_2d`, `ap.mvm`, `ap.max_pool_2d` and
    `ap.weighted_sum` by an `ap.run` with its microprogram (docs/ap.md): ternary
    weights become additions and subtractions of exact width, sums that several
    outputs share are computed once, and values get columns and domains.

    Fails if a layer does not fit the processors; the error gives the columns and
    domains that it needs.
  }];
  let options = [
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads that compile; 0: as many as the machine has">,
    Option<"share", "share", "bool", /*default=*/"true",
           "compute sums that several outputs have in common once">,
    Option<"layout", "layout", "std::string", /*default=*/"\"\"",
           "where the bits of values lie: along (racetracks), across (columns), or whichever takes less energy (cheapest); along by default, if processors have more than one domain">,
    Option<"lanes", "lanes", "int64_t", /*default=*/"0",
           "interleaved input channels; 0: the cheapest number">,
    Option<"outputBlocks", "output-blocks", "int64_t", /*default=*/"0",
           "output blocks, each with its own processors; 0: the cheapest number">,
    Option<"spread", "spread", "int64_t", /*default=*/"0",
           "processors that share an output block; 0: the cheapest number">];
  let statistics = [
    Statistic<"numNonzeros", "nonzero weights", "additions without sharing">,
    Statistic<"numAdditions", "additions", "additions and subtractions of all microprograms">,
    Statistic<"numFewest", "bound", "lower bound for additions with any sharing within channel sets">,
    Statistic<"numBytes", "bytes", "size of all microprograms">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def APDisassemble : Pass<"ap-disassemble", "::mlir::ModuleOp"> {
  let summary = "spell out the microprograms of associative processors";
  let description = [{
    Appends an `ap.program` to the module for each `ap.run` and
    `simulator.ap_exec`, in order, and changes nothing else. The result is for
    people to read. Fails if a microprogram cannot be decoded.
  }];
  let options = [
    Option<"passes", "passes", "bool", /*default=*/"false",
           "also list the passes of each bundle, as ap.move, ap.search and ap.write">];
  let dependentDialects = ["::pumice::ap::APDialect"];
}

def VerifyAPContract : Pass<"verify-ap-contract", "::mlir::ModuleOp"> {
  let summary = "check that AP layers are compiled (L2)";
  let description = [{
    Requires nothing and changes nothing. Fails if an `ap` layer is not compiled,
    the device has no associative processors, or they cannot run a microprogram.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_AP_PASSES_TD
