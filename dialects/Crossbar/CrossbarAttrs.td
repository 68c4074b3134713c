// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD

include "dialects/Crossbar/CrossbarDialect.td"
include "dialects/Crossbar/CrossbarEnums.td"

class Crossbar_Attr<string name, string attrMnemonic>
    : AttrDef<Crossbar_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Crossbar_AdcAttr : Crossbar_Attr<"Adc", "adc"> {
  let summary = "an analog-to-digital converter";
  let description = [{
    Maps the ideal sum `v >= 0` of one column to a code:
    - `lossless`: `v` itself; `bits` only enters costs.
    - `clip`: step 1, saturating: `min(v, 2^bits - 1)`.

    `bits` is the width of the code, 1 to 32.

    ```mlir
    #crossbar.adc<bits = 8, mode = clip>
    ```
  }];
  let parameters = (ins "int64_t":$bits, EnumParameter<Crossbar_AdcMode>:$mode);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_ArrayAttr : Crossbar_Attr<"CrossbarArray", "array"> {
  let summary = "the numerical shape of one crossbar array";
  let description = [{
    - `rows`, `columns`: wordlines and bitlines, 1 to 65536.
    - `cell_bits`: bits in one cell; divides `weight_bits`.
    - `weight_bits`, `input_bits`: the widest weight and input that the
      periphery can recombine and stream. A layer with narrower codes uses
      fewer cells and fewer reads.
    - `dac_bits`: input bits that one read applies to a wordline.
    - `adc`: the converter; `columns_per_adc` columns share one.
    - `encoding`: `offset` stores `w + 2^(b-1)` for a weight of `b` bits and
      subtracts `2^(b-1)` times the input sum digitally.

    ```mlir
    #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
                    input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>,
                    columns_per_adc = 128, encoding = offset>
    ```
  }];
  let parameters = (ins
    "int64_t":$rows, "int64_t":$columns, "int64_t":$cell_bits,
    "int64_t":$weight_bits, "int64_t":$input_bits, "int64_t":$dac_bits,
    "::pumice::crossbar::AdcAttr":$adc, "int64_t":$columns_per_adc,
    EnumParameter<Crossbar_Encoding>:$encoding);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_TilingAttr : Crossbar_Attr<"Tiling", "tiling"> {
  let summary = "how a weight matrix is cut to arrays";
  let description = [{
    - `row_tiles`: wordline tiles of a group (partial sums are added digitally);
    - `column_tiles`: tiles of output columns;
    - `slices`: cells that hold one weight, least significant first, side by
      side in one array;
    - `groups_per_array`: groups of a grouped layer that share one array on its
      block diagonal; their reads are serialised;
    - `arrays`: arrays in total,
      `ceil(groups / groups_per_array) * row_tiles * column_tiles`.

    ```mlir
    #crossbar.tiling<row_tiles = 2, column_tiles = 4, slices = 4,
                     groups_per_array = 1, arrays = 8>
    ```
  }];
  let parameters = (ins "int64_t":$row_tiles, "int64_t":$column_tiles,
    "int64_t":$slices, "int64_t":$groups_per_array, "int64_t":$arrays);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD
