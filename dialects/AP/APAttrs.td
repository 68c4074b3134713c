// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APATTRS_TD
#define PUMICE_DIALECTS_AP_APATTRS_TD

include "dialects/AP/APDialect.td"
include "dialects/AP/APEnums.td"

def AP_ValueAttr : AttrDef<AP_Dialect, "Value"> {
  let mnemonic = "value";
  let summary = "where a value of a program is";
  let description = [{
    Bit `i` is in `column` at domain `domain + i`; of a `cell` value, at `domain`
    during step `i` only. Two's complement if `signed` (docs/ap.md).

    ```mlir
    #ap.value<column = 3, domain = 12, width = 4>
    ```
  }];
  let parameters = (ins "int64_t":$column, "int64_t":$domain, "int64_t":$width,
    DefaultValuedParameter<"bool", "false">:$is_signed,
    DefaultValuedParameter<"bool", "false">:$cell);
  let assemblyFormat = "`<` struct(params) `>`";
}

def AP_LookupMethodAttr : EnumAttr<AP_Dialect, AP_LookupMethod, "lookup_method"> {
  let summary = "how a look-up compares queries with rows";
}

def AP_OpcodeAttr : EnumAttr<AP_Dialect, AP_Opcode, "opcode"> {
  let summary = "a bit-serial operation of a program";
}

#endif // PUMICE_DIALECTS_AP_APATTRS_TD
