// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_PUM_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_PUM_PASSES_TD

include "mlir/Pass/PassBase.td"

def PUMAttachDevice : Pass<"pum-attach-device", "::mlir::ModuleOp"> {
  let summary = "name the device that a module is compiled for";
  let description = [{
    Reads a device, a preset by name or a file by path, and sets it as the
    module's `pum.device`. Without a name, a module that has a device keeps it
    and one that has none is refused.
  }];
  let options = [Option<"device", "device", "std::string", "\"\"",
                        "name of a preset, or path of a device file">];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
}

def VerifyLevel : Pass<"verify-level", "::mlir::ModuleOp"> {
  let summary = "check that a pipeline starts from its level";
  let description = [{
    Requires nothing and changes nothing. Each pipeline from level to level
    begins with it. Fails, naming the pipeline to run instead, if the module is
    above the level `level` or more than one level below it: pipelines leave a
    module alone that they have already lowered. Modules of linalg and of
    quantized layers consist of the same ops; verify-linalg-contract and
    verify-quantized-contract tell them apart.
  }];
  let options = [
    Option<"level", "level", "std::string", "\"\"",
           "linalg, quantized, crossbar or pum">];
}

def PUMInsertProbes : Pass<"pum-insert-probes", "::mlir::ModuleOp"> {
  let summary = "show values of chosen nodes and nonlinear functions to observers";
  let description = [{
    Requires: L0 to L2; for `kinds`, `pum.nonlinear` ops (L1). Adds a `pum.probe` for

    - the results of each node of the graph in `nodes`, under the node's name (of
      a second result, `name.1`);
    - the inputs and results of each `pum.nonlinear` of a kind in `kinds`: inputs
      as `name.input`, `name.input1`, ..., results as above.

    Fails on an unknown kind or node. A value that already has a probe with the
    same name does not get another one. A probe does not change values, but keeps
    its operand from being fused with later ops.
  }];
  let options = [
    ListOption<"nodes", "nodes", "std::string", "names of nodes of the graph">,
    ListOption<"kinds", "kinds", "std::string", "kinds of nonlinear functions">];
  let statistics = [Statistic<"numProbes", "probes", "probes that were added">];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
}

def PUMSampleNonlinear : Pass<"pum-sample-nonlinear", "::mlir::ModuleOp"> {
  let summary = "print values of nonlinear functions";
  let description = [{
    Requires: L1. Compiles the region of each `pum.nonlinear` with the compiler of the
    digital unit, evaluates it and emits a remark for each of `count` points from
    `low` to `high`: the first element of the result when all elements of the
    operand have that value. Changes nothing. Skips regions with several operands
    or results, and those that are not on f32.
  }];
  let options = [
    Option<"low", "low", "double", /*default=*/"-1.0", "first point">,
    Option<"high", "high", "double", /*default=*/"1.0", "last point">,
    Option<"count", "count", "unsigned", /*default=*/"5", "number of points">];
}

def PUMAllocateArrays : Pass<"pum-allocate-arrays", "::mlir::ModuleOp"> {
  let summary = "place every programmed grid on arrays";
  let description = [{
    Requires: L3 and a device with enough arrays. Places each `pum.program`
    without a placement on the lowest free arrays of its group: the group that
    `pum.target` names, or the first one with its arrays and enough room.
    Programs of constant weights come first, otherwise program order counts.
    Existing placements are kept. If arrays run out, temporary weights take the
    arrays of others that all earlier tasks have finished reading; these appear
    in `replacing`, and the program waits for their readers. Layers of
    associative processors are placed on the lowest processors of their group
    that do not hold results for a later task.

    Fails if the device is too small; the error gives the number of arrays that
    are needed and available.
  }];
}

def PUMKeepCodes : Pass<"pum-keep-codes", "::mlir::ModuleOp"> {
  let summary = "leave quantized values in associative processors between layers";
  let description = [{
    Requires: L3, nothing placed on processors yet; does nothing without a device
    with associative processors. Marks a `pum.compute` of a microprogram with
    quantized results as `pum.kept` if only other microprograms of the same group
    read these, and reading them from its processors through links costs less
    than the buffer does: the results are not read out, and the readers load
    their inputs from processors (docs/ap.md, "Values that stay"). Costs are
    those of `lib/Cost`, of the task and its readers. Processors that hold values
    do nothing else until the last reader has ended, so there must be enough.

    With `objective=never`, nothing is kept. `--debug-only=pum-keep-codes` says
    why values leave processors.
  }];
  let options = [Option<"objective", "objective", "std::string", /*default=*/"\"energy\"",
                        "what is to become less: energy, latency or energy-delay; never: keep nothing">];
  let statistics = [Statistic<"numKept", "kept", "results that stay in processors">,
                    Statistic<"numLeave", "leave", "quantized results that leave processors">];
}

def PUMCompressWeights : Pass<"pum-compress-weights", "::mlir::ModuleOp"> {
  let summary = "compress constant weights in DRAM";
  let description = [{
    Requires: L3 and a device with a group of crossbars that has a
    `weight_decoder`. Sets `pum.compressed_bytes` on each `pum.program` of a
    constant of 8-bit weights on such a group: the bytes that the constant takes
    in the best prefix code whose words have at most 15 bits, with a table of
    128 bytes. Weights that would not become smaller stay as they are. Transfers
    from DRAM then have these bytes, and decoding takes energy and perhaps time;
    weights and results are the same (docs/reencoding.md).

    Fails if no group has a decoder.
  }];
  let statistics = [
    Statistic<"numCompressed", "compressed", "constants of weights compressed">,
    Statistic<"numSaved", "saved", "bytes saved in DRAM">];
}

def PUMSchedule : Pass<"pum-schedule", "::mlir::ModuleOp"> {
  let summary = "schedule a network on fewer arrays than it has weights for";
  let description = [{
    Needs: L3, nothing placed yet. Decides where and when constant weights are
    written (docs/scheduling.md) and puts the tasks in that order:

    - each `pum.program` gets a placement, names in `replacing` what its arrays
      held, and waits for the tasks that read that;
    - a grid that is written as arrays become free has several programs with
      `tiles`, joined in the task that reads them;
    - a layer that is larger than the machine has several tasks on parts of its
      weights; a `pum.digital` puts their results together;
    - copies of weights are multiples in the placement;
    - nets and tables (`crossbar.apply`) stay in arrays that the schedule does
      not use, as many tasks share them;
    - weights that stay between inferences (`steady`) keep `setup`, others lose
      it: they are written in each inference.

    A `schedule-file` in JSON, as `json` writes it or its `schedule` alone, takes
    the place of an algorithm. It is verified against the problem: what breaks a
    rule is refused with the unit, what it needs and what there is.

    With `reencode`, weights that are rewritten get the attribute
    `pum.reencoding`: a run chooses levels that are close to those in the cells
    (docs/reencoding.md). The tables count as bytes from DRAM. Needs cells of 2
    bits, the encoding `offset`, converters that are lossless or clip, and pulses
    that depend on what cells hold.

    Without an `algorithm` or file, functions whose weights fit are left to
    pum-allocate-arrays; others are scheduled with `overlap`. Functions with a
    placement are left alone. Sets `pum.schedule` on the module: the algorithm,
    the time and its lower bound, arrays of one copy, arrays that are written in
    an inference and that stay, and the number of layers in parts.

    Fails if the device has no arrays, or a layer's smallest split needs more
    than there are. Converters whose codes are rescaled need whole columns, and
    cells that are not ideal or calibrated converters all arrays of a layer at
    once: otherwise results would differ from those on unlimited arrays.
  }];
  let options = [
    Option<"algorithm", "algorithm", "std::string", /*default=*/"\"\"",
           "naive, strong, overlap, copies or steady; empty: overlap, and only "
           "if the weights do not fit">,
    Option<"scheduleFile", "schedule-file", "std::string", /*default=*/"\"\"",
           "file to read the schedule from, instead of an algorithm">,
    Option<"reencoding", "reencode", "std::string", /*default=*/"\"\"",
           "how weights that are rewritten are re-encoded: centre, fitted, "
           "columns or bitlines; empty: not at all">,
    Option<"timeShare", "time-share", "double", /*default=*/"0",
           "share of the best time that may be given up for fewer writes">,
    Option<"moves", "moves", "int64_t", /*default=*/"-1",
           "local moves tried; -1: as many as the size allows">,
    Option<"seed", "seed", "uint64_t", /*default=*/"0", "of the local moves">,
    Option<"json", "json", "std::string", /*default=*/"\"\"",
           "file to write the problem and its schedule to">];
  let statistics = [
    Statistic<"numParts", "parts", "parts of layers that compute together">,
    Statistic<"numWritten", "arrays", "arrays written in one inference">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def VerifyPUMScheduled : Pass<"verify-pum-scheduled", "::mlir::ModuleOp"> {
  let summary = "check that tasks are placed and that no task overwrites what another reads (L3)";
  let description = [{
    Requires nothing and changes nothing. Fails unless

    - the module names a device and every function holds tasks only;
    - every `pum.program` has a placement within the device, and weights that are
      constant or, outside of the setup phase, made by another task;
    - programs on common arrays are ordered: the later one names the earlier
      one's grid in `replacing`, and every task that reads that grid comes
      before it by data or tokens.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_PUM_PASSES_TD
