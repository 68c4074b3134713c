// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_PIPELINES_PASSES_TD
#define PUMICE_LIB_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def ChooseTargets : Pass<"choose-targets", "::mlir::ModuleOp"> {
  let summary = "assign layers to the units that compute them at the least cost (L1)";
  let description = [{
    Requires: L1 and a device on the module. Sets `pum.target` on integer layers
    whose entry of `targets` is LAYER=auto (see assign-targets for LAYER): to the
    group of the device whose units compute the layer with the least `objective`.
    Groups of crossbars, of associative processors and of digital units compete,
    as far as they can compute the layer at all. Among equals, the first group of
    the device wins. Results do not depend on the choice.

    The costs are those of lib/Cost for one inference: the module is compiled to
    tasks once for each group. A layer's task counts, and so do the digital tasks
    that read its result, because units differ in how much of it they take over,
    and the writes of temporary weights. Static power does not.

    Constant weights stay in the arrays of their group where there is room. Weights
    for which there is none are written in each inference: energy and time of their
    program count too. What stays leaves room for the largest layer that is
    rewritten in the group, or nothing stays if that layer is larger than the
    group. Layers that are not chosen here have their arrays first. Of all
    assignments, the one with the least sum is chosen, for many layers the best
    that a bounded search finds.

    Without such an entry, the module stays as it is. Layers that have a target
    keep it. Fails if `auto` names a layer in full that is none, or the module
    has no device.

    Before, with `targets=net.*=auto`:
    ```mlir
    %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : ...)
    ```
    After, on a device with crossbars and processors:
    ```mlir
    %y = linalg.quantized_matmul {pum.target = #pum.target<ap in "processors">} ins(...)
    ```
  }];
  let options = [
    ListOption<"targets", "targets", "std::string",
               "targets of layers by module path, LAYER=TARGET; only auto matters here">,
    Option<"objective", "objective", "std::string", /*default=*/"\"energy\"",
           "what is made least: energy, latency or energy-delay">,
    Option<"apShare", "ap-share", "bool", /*default=*/"true", "as of ap-compile-programs">,
    Option<"apLayout", "ap-layout", "std::string", /*default=*/"\"\"", "as of ap-compile-programs">,
    Option<"apThreads", "ap-threads", "unsigned", /*default=*/"0", "as of ap-compile-programs">];
  let statistics = [Statistic<"numChosen", "chosen", "layers assigned by cost">];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
}

#endif // PUMICE_LIB_PIPELINES_PASSES_TD
