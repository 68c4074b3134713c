// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APTYPES_TD
#define PUMICE_DIALECTS_AP_APTYPES_TD

include "dialects/AP/APDialect.td"

def AP_ColumnType : TypeDef<AP_Dialect, "Column"> {
  let mnemonic = "column";
  let summary = "one integer in every row";
  let description = [{
    An operand column: each row of the memory holds one integer of `width` bits
    (1 to 64), unsigned (`u`) or two's complement (`s`).

    ```mlir
    !ap.column<u4>
    ```
  }];
  let parameters = (ins "unsigned":$width, "bool":$isSigned);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Least and greatest value; __int128 holds both for every width.
    __int128 min() const;
    __int128 max() const;
  }];
}

#endif // PUMICE_DIALECTS_AP_APTYPES_TD
