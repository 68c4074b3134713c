// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_TD

include "dialects/Crossbar/CrossbarDialect.td"

def Crossbar_GridType : TypeDef<Crossbar_Dialect, "Grid"> {
  let mnemonic = "grid";
  let summary = "weights of one layer, programmed into a grid of arrays";
  let description = [{
    A handle to programmed arrays. The shape is `groups x rows x columns`:
    `rows` inputs and `columns` outputs per group, of the element type of the
    weights (a signless integer of 1 to 16 bits, two's complement). The last
    type is the type of the inputs that the arrays stream: unsigned or two's
    complement integers of 1 to 16 bits. All layers that read the grid stream
    such inputs.

    ```mlir
    !crossbar.grid<1x27x16xi8, ui8>
    ```
  }];
  let parameters = (ins "int64_t":$groups, "int64_t":$rows, "int64_t":$columns,
                        "::mlir::IntegerType":$elementType,
                        "::mlir::IntegerType":$inputType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_TD
