// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMTYPES_TD
#define PUMICE_DIALECTS_PUM_PUMTYPES_TD

include "dialects/PUM/PUMDialect.td"

def PUM_TokenType : TypeDef<PUM_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "the end of a task, for tasks that must come after it";
}

#endif // PUMICE_DIALECTS_PUM_PUMTYPES_TD
