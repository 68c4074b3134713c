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

    A sum over windows or whole images, of which a mean is a function, becomes an
    `ap.conv_2d` of each channel with weights of 1 if it can be folded too.

    All scalar arithmetic is folded, including sigmoid, tanh and GELU: the
    compiler of the digital unit compiles the function, which need not be
    monotone. The pass leaves alone ops with wider results, ops whose result
    changes more than twice as often as there are quantized values, ops that
    assert for some sum (a division by zero), and layers whose sums take more
    than 2^31 values over all outputs.
  }];
  let options = [
    Option<"layout", "layout", "std::string", /*default=*/"\"\"",
           "as of ap-compile-programs: windows of means fit into it">,
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
    - elementwise functions of two tensors `[N, C, H, W]` or `[N, C]`, such as a residual
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

def APRaiseSearches : Pass<"ap-raise-searches", "::mlir::func::FuncOp"> {
  let summary = "raise nearest neighbours to searches of content-addressable memories";
  let description = [{
    Requires: L1 without `pum.nonlinear` regions, and a device with
    content-addressable memories; does nothing without these. Sums of terms over
    pairs of a query and a constant word become `ap.cam_search`:

        sum[q, r] = sum_k term(query[q, k], word[r, k])

    in a reduction over broadcast operands (`cdist`, `(x != y).sum(-1)`, squared
    differences) or in a matrix product. The pass evaluates the term for all
    values that an element of a query may have (which it infers from the ops that
    make it, such as a comparison) and for all symbols of words (tuples of the
    constants that a term reads, so that masks of "don't care" count), and looks
    for codes of both in 0, 1 and 2 with which each term is an offset plus a
    factor times the number of differing cells. Nothing depends on names. Sums
    must be exact in their type, whatever the order of their terms.

    If what reads the sums, possibly through elementwise functions, is an
    arg-reduction, or a stable ranking, and these functions are strictly monotone
    in the distance, the search is for the `best` matches. If they have one value
    up to a distance and another one beyond, it is for words `within` that
    distance. Otherwise `distances` replace sums that are not matrix products.

    If a sum has the form of a search but is none, or one that the group cannot do
    (ap-map-searches), a remark and `pum.reason` say why. `targets` is that of
    assign-targets: a layer that is assigned to another target is left alone, and
    one that is named in full and is not a search is an error.

    Before:
    ```mlir
    %s = linalg.matmul ins(%signs, %words : ...) outs(%zeros : ...)
    %best:2 = linalg.generic ... ins(%s : tensor<8x100xf32>) // maximum and where it is
    ```
    After:
    ```mlir
    %d, %i = ap.cam_search %keys in dense<...> : tensor<100x512xi8> for best
      : (tensor<8x512xi8>) -> (tensor<8x1xi32>, tensor<8x1xi64>)
    ```
  }];
  let options = [ListOption<"targets", "targets", "std::string",
                            "targets of layers by module path, LAYER=TARGET; the first match counts">];
  let statistics = [
    Statistic<"numSearches", "searches", "sums that became searches">,
    Statistic<"numLeft", "left", "sums that have the form of a search but are none">];
  let dependentDialects = ["::pumice::ap::APDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def APMapSearches : Pass<"ap-map-searches", "::mlir::ModuleOp"> {
  let summary = "cut stored words to content-addressable memories";
  let description = [{
    Requires: L2; a device with content-addressable memories if there are
    searches. Gives each `ap.cam_search` without a mapping one for its group.
    Words are cut into the widest parts whose distances the group's sense
    amplifiers can tell apart, rows into blocks as high as an array. `goal`
    decides how they are placed:

    - `latency`: each part of a block has an array, and all arrays are searched at
      once;
    - `power`: the same, but the arrays of an instance of the group's lowest level
      are searched one after the other;
    - `density`: parts of the last block (the only one of small tables) share
      arrays, as many as fit above each other, and are searched one after the
      other.

    A search that the group cannot do (a word of more parts than the periphery
    merges, more best matches than it ranks, distances that cannot be told apart)
    is an error with the numbers.

    Before:
    ```mlir
    %d = ap.cam_search %q in dense<...> : tensor<10x1024xi8> for distances : ...
    ```
    After, with 256 columns:
    ```mlir
    %d = ap.cam_search %q in dense<...> : tensor<10x1024xi8> for distances
      mapping <part_bits = 256, parts = 4, row_blocks = 1, stacked = 1> : ...
    ```
  }];
  let options = [Option<"goal", "goal", "std::string", /*default=*/"\"latency\"",
                        "latency, power or density">];
  let statistics = [Statistic<"numSearches", "searches", "searches that got a mapping">];
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
           "where the bits of values lie: along (racetracks), across (columns), or whichever takes less energy in a layer (cheapest, the default)">,
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
