// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifySimulatorProgram : Pass<"verify-simulator-program", "::mlir::ModuleOp"> {
  let summary = "check that a machine program is complete and race free (L4)";
  let description = [{
    Requires nothing and changes nothing. Fails unless

    - the module names a device and has one public function, which contains only
      instructions on memrefs with a memory;
    - every buffer is written by one instruction, and every instruction that
      reads it waits for that instruction, directly or indirectly;
    - an instruction that reads a grid waits for its `simulator.program`, and a
      program that replaces a grid waits for all its readers;
    - private functions contain only linalg, tensor, arith and math ops.
  }];
}

#endif // PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_TD
