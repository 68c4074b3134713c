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

def PUMAllocateArrays : Pass<"pum-allocate-arrays", "::mlir::ModuleOp"> {
  let summary = "place every programmed grid on arrays";
  let description = [{
    Needs: L3 and a device with enough arrays. Places each `pum.program` without
    a placement on the lowest arrays that no other placement covers, in program
    order, those of constant weights first; placements that are already there are
    kept. Where arrays run out, temporary weights take those of others that every
    task before has read for the last time: these are named in `replacing`, and
    the readers are waited for. Fails, with the number
    of arrays that are needed and there, when the device is too small.
  }];
}

def VerifyPUMScheduled : Pass<"verify-pum-scheduled", "::mlir::ModuleOp"> {
  let summary = "check that tasks are placed and that no task overwrites what another reads (L3)";
  let description = [{
    Needs nothing, changes nothing. Fails unless

    - the module names a device and every function holds tasks only;
    - every `pum.program` has a placement within the device, and weights that are
      constant or, outside of the setup phase, made by another task;
    - programs on common arrays are ordered: the later one names the earlier
      one's grid in `replacing`, and every task that reads that grid comes
      before it by data or tokens.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_PUM_PASSES_TD
