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
    movement ops, linear arithmetic, ops whose result is the same for all inputs
    (a softmax of one key), and ops that are already in a region.
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

def ChooseNonlinearMethods
    : Pass<"choose-nonlinear-methods", "::mlir::ModuleOp"> {
  let summary = "set the method of nonlinear regions";
  let description = [{
    Requires: L1. Sets `method` of each `pum.nonlinear` that an entry KEY=METHOD
    of `methods` fits: KEY is a kind, or a glob pattern of module paths; METHOD is
    `digital`, `lut`, `neon` or `auto`. The first entry that fits counts, `*`
    after all others; regions that no entry fits keep their method.

    By a pattern, a region that needs no more than sums, products, comparisons and
    tanh becomes `digital`, because the periphery of arrays computes it exactly;
    to approximate it anyway, name its kind. A softmax or a norm with a mean over
    one element becomes `digital` in any case: its result is the same for all
    inputs.

    Fails if an entry without a pattern fits no region.
  }];
  let options = [
    ListOption<"methods", "methods", "std::string",
               "methods by kind or module path: a list of KEY=METHOD">];
  let statistics = [
    Statistic<"numDigital", "digital", "regions that entries make digital">,
    Statistic<"numOthers", "approximated", "regions that entries make neon, lut or auto">];
}

def DecomposeNonlinear : Pass<"decompose-nonlinear", "::mlir::func::FuncOp"> {
  let summary = "take nonlinear regions apart into functions of one number";
  let description = [{
    Requires: L1. Of regions with the method `neon`, `lut` or `auto`, those that
    compute each element of a result from one element of an operand stay as they
    are. Others, such as softmax and norms, are replaced by their ops, in which
    each exponential, logarithm, root, quotient and other function of math becomes
    a `pum.nonlinear` of its own with the same method: a quotient by a reciprocal
    and a product, computed for no more elements than the divisor has. Sums,
    products, maxima and tanh remain linalg.

    In a softmax that subtracts the maximum, the exponential has the domain -12
    to 0. A sigmoid of method `neon` becomes `digital` in terms of tanh, the
    native function of the arrays' periphery.

    Fails if a function is not of f32.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::pumice::pum::PUMDialect"];
  let statistics = [
    Statistic<"numRegions", "regions", "regions taken apart">,
    Statistic<"numFunctions", "functions", "functions made of them">];
}

def PUMRecordDomains : Pass<"pum-record-domains", "::mlir::ModuleOp"> {
  let summary = "record the domains of nonlinear functions from a run";
  let description = [{
    Requires: L1. Is used twice, on the same module. Without `file`, adds a
    `pum.probe` of the operand of each region that is to be approximated and needs
    a domain, and makes all regions digital: a run of the program on calibration
    data then shows these operands. With `file`, what the run showed as JSON
    (`pumice-sim --observe`), sets the `domain` of these regions to the least and
    the greatest element.

    A region needs a domain unless it has one, or is of a kind whose range is
    reduced by powers of two: log, sqrt, rsqrt, reciprocal.

    Fails if a region has not been observed, or the observed elements are none,
    all equal, or not all finite.
  }];
  let options = [
    Option<"file", "file", "std::string", "\"\"",
           "observations of a run, as JSON; empty: add probes">];
  let statistics = [
    Statistic<"numProbes", "probes", "probes that were added">,
    Statistic<"numDomains", "domains", "domains that were set">];
}

def PUMFitNets : Pass<"pum-fit-nets", "::mlir::ModuleOp"> {
  let summary = "approximate nonlinear functions by nets and tables on arrays";
  let description = [{
    Requires: L1. Replaces each `pum.nonlinear` of method `neon` or `lut` by a
    `crossbar.apply` of a `crossbar.neon_net` or `crossbar.table`, and one of
    method `auto` by whichever is best by `objective` within `max-error`; if that
    is the digital unit, its method becomes `digital`. The objective is the dynamic
    energy of the function, its latency, or their product (`energy-delay`), as the
    device's costs state them for all elements of the region.

    A region must be a function of one f32, and have a domain unless its range can
    be reduced by powers of two. The function is sampled by running the region.
    The domain is rounded outwards, so that more regions share a net, and ends
    where the function becomes a straight line. Widths are at most those of the
    device's arrays, and hidden units at most the rows that its converters sum
    exactly. Nets are fitted in parallel, with the same result for any number of
    threads, and kept in a cache on disk.

    Without `max-error`, a net is grown until its error is at most 8 output steps;
    a net that does not reach this is taken if its mean squared error is at most
    1e-4 of the function's variance.

    Arrays with analog cells or converters whose sums are not exact compute no
    functions: `neon` and `lut` fail there, and `auto` becomes `digital`.

    Fails, with the least error reached, if a bound cannot be met.
  }];
  let options = [
    Option<"maxError", "max-error", "double", "0",
           "bound on the largest error, as a part of the range of the function "
           "in its domain, with the rounding of the input; 0: none">,
    Option<"objective", "objective", "std::string", "\"energy\"",
           "what method auto makes least: energy, latency or energy-delay">,
    Option<"inputBits", "input-bits", "int64_t", "16", "bits of inputs">,
    Option<"hiddenBits", "hidden-bits", "int64_t", "16", "bits of hidden values">,
    Option<"outputBits", "output-bits", "int64_t", "16", "bits of results">,
    Option<"weightBits", "weight-bits", "int64_t", "16", "bits of weights">,
    Option<"maxHidden", "max-hidden", "int64_t", "64", "most hidden units of a net">,
    Option<"copies", "copies", "int64_t", "16",
           "elements that a net or table computes at a time">,
    Option<"cache", "cache", "std::string", "\"default\"",
           "directory of fitted nets; default: next to that of compiled code; "
           "none: no cache">,
    Option<"threads", "threads", "unsigned", "0",
           "threads to fit with; 0: as many as the machine has">];
  let statistics = [
    Statistic<"numFitted", "fitted", "nets that were fitted">,
    Statistic<"numCached", "cached", "nets that were in the cache">,
    Statistic<"numApplied", "applied", "regions that a net or table computes">];
}

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_TD
