// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATORENUMS_TD
#define PUMICE_DIALECTS_SIMULATOR_SIMULATORENUMS_TD

include "mlir/IR/EnumAttr.td"

def Simulator_Memory : I32EnumAttr<"Memory", "the memory that holds a buffer", [
  I32EnumAttrCase<"host", 0>,
  I32EnumAttrCase<"dram", 1>,
  I32EnumAttrCase<"buffer", 2>,
  I32EnumAttrCase<"processors", 3>
]> {
  let cppNamespace = "::pumice::simulator";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATORENUMS_TD
