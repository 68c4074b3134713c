// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APATTRS_TD
#define PUMICE_DIALECTS_AP_APATTRS_TD

include "dialects/AP/APDialect.td"
include "dialects/AP/APEnums.td"

def AP_ValueAttr : AttrDef<AP_Dialect, "Value"> {
  let mnemonic = "value";
  let summary = "the position of a value of a microprogram";
  let description = [{
    Bit `i` is in `column` at domain `domain + i`. Bit `i` of a `cell` value is
    at `domain`, during step `i` only. Bit `i` of a value `across` columns is in
    column `column + i` at `domain`. The value is two's complement if `is_signed`
    (docs/ap.md).

    ```mlir
    #ap.value<column = 3, domain = 12, width = 4>
    ```
  }];
  let parameters = (ins "int64_t":$column, "int64_t":$domain, "int64_t":$width,
    DefaultValuedParameter<"bool", "false">:$is_signed,
    DefaultValuedParameter<"bool", "false">:$cell,
    DefaultValuedParameter<"bool", "false">:$across);
  let assemblyFormat = "`<` struct(params) `>`";
}

def AP_LookupMethodAttr : EnumAttr<AP_Dialect, AP_LookupMethod, "lookup_method"> {
  let summary = "how a look-up compares queries with rows";
}

def AP_OpcodeAttr : EnumAttr<AP_Dialect, AP_Opcode, "opcode"> {
  let summary = "a bit-serial operation of a microprogram";
}

#endif // PUMICE_DIALECTS_AP_APATTRS_TD
