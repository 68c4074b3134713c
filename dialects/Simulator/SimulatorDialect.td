// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATORDIALECT_TD
#define PUMICE_DIALECTS_SIMULATOR_SIMULATORDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def Simulator_Dialect : Dialect {
  let name = "simulator";
  let cppNamespace = "::pumice::simulator";
  let summary = "the machine program: instructions over named memories and units";
  let description = [{
    A program is one public function on memrefs: a straight line of the
    instructions below, each with its unit, its operands and the tokens for
    which it waits. The memory space of a memref is the memory of the buffer
    (`#simulator.memory`). Private functions on tensors hold the regions that
    the digital unit runs. With its module's `pum.device`, such a file is
    complete: `pumice-sim` runs it. See dialects/Simulator/README.md.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::pumice::ap::APDialect",
                           "::pumice::crossbar::CrossbarDialect",
                           "::pumice::pum::PUMDialect"];
}

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATORDIALECT_TD
