// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATORTYPES_TD
#define PUMICE_DIALECTS_SIMULATOR_SIMULATORTYPES_TD

include "dialects/Simulator/SimulatorDialect.td"

def Simulator_TokenType : TypeDef<Simulator_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "the end of an instruction";
}

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATORTYPES_TD
