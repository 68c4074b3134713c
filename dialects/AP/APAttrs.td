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

def AP_CamMappingAttr : AttrDef<AP_Dialect, "CamMapping"> {
  let mnemonic = "cam_mapping";
  let summary = "where the words of a search are";
  let description = [{
    Words are cut into `parts` parts of `part_bits` bits (the last one may be
    shorter) and rows into `row_blocks` blocks of as many rows as an array has
    (the last one may be shorter). Each part of a block has an array of its own,
    but `stacked` parts of the last block share one, in different rows, and are
    searched one after the other. With `serial`, so are the arrays that share an
    instance of the lowest level of the group; otherwise all arrays are searched
    at once.

    ```mlir
    #ap.cam_mapping<part_bits = 256, parts = 4, row_blocks = 40, stacked = 1>
    ```
  }];
  let parameters = (ins "int64_t":$part_bits, "int64_t":$parts,
    "int64_t":$row_blocks, "int64_t":$stacked,
    DefaultValuedParameter<"bool", "false">:$serial);
  let assemblyFormat = "`<` struct(params) `>`";
}

def AP_SearchKindAttr : EnumAttr<AP_Dialect, AP_SearchKind, "search_kind"> {
  let summary = "what a search of stored words delivers";
}

def AP_LookupMethodAttr : EnumAttr<AP_Dialect, AP_LookupMethod, "lookup_method"> {
  let summary = "how a look-up compares queries with rows";
}

def AP_OpcodeAttr : EnumAttr<AP_Dialect, AP_Opcode, "opcode"> {
  let summary = "a bit-serial operation of a microprogram";
}

#endif // PUMICE_DIALECTS_AP_APATTRS_TD
