// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATORATTRS_TD
#define PUMICE_DIALECTS_SIMULATOR_SIMULATORATTRS_TD

include "dialects/Simulator/SimulatorDialect.td"
include "dialects/Simulator/SimulatorEnums.td"

def Simulator_MemoryAttr : EnumAttr<Simulator_Dialect, Simulator_Memory, "memory"> {
  let summary = "memory space of a memref: `host`, `dram`, the on-chip `buffer` or `processors`";
  let assemblyFormat = "`<` $value `>`";
}

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATORATTRS_TD
