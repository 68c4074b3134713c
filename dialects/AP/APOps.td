// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APOPS_TD
#define PUMICE_DIALECTS_AP_APOPS_TD

include "dialects/AP/APAttrs.td"
include "dialects/AP/APTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class AP_Op<string mnemonic, list<Trait> traits = []>
    : Op<AP_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

class AP_BinaryOp<string mnemonic> : AP_Op<mnemonic, [Pure]> {
  let arguments = (ins AP_ColumnType:$lhs, AP_ColumnType:$rhs);
  let results = (outs AP_ColumnType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` qualified(type($lhs)) `,` qualified(type($rhs))
    `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def AP_AddOp : AP_BinaryOp<"add"> {
  let summary = "add two columns in every row";
  let description = [{
    Bit-serial addition: four passes per bit in place, five out of place
    (derived pass tables, checked exhaustively where they are lowered).

    - C1: the result's type holds every sum.

    ```mlir
    %s = ap.add %a, %b : !ap.column<u4>, !ap.column<u4> -> !ap.column<u5>
    ```
  }];
}

def AP_SubOp : AP_BinaryOp<"sub"> {
  let summary = "subtract a column from another in every row";
  let description = [{
    Bit-serial subtraction `lhs - rhs`. In place it can only overwrite `lhs`:
    no order of one pass per changed row computes it into `rhs`.

    - C1: the result's type holds every difference.

    ```mlir
    %d = ap.sub %a, %b : !ap.column<u4>, !ap.column<u4> -> !ap.column<s5>
    ```
  }];
}

def AP_CopyOp : AP_Op<"copy", [Pure]> {
  let summary = "copy a column, to a wider type if asked for";
  let description = [{
    Writes the bits of `input` to another column, sign or zero extended.

    - C1: the result's type holds every value of the input's.

    ```mlir
    %c = ap.copy %a : !ap.column<u4> -> !ap.column<s8>
    ```
  }];
  let arguments = (ins AP_ColumnType:$input);
  let results = (outs AP_ColumnType:$result);
  let assemblyFormat = [{
    $input attr-dict `:` qualified(type($input)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def AP_ClearOp : AP_Op<"clear", [Pure]> {
  let summary = "a column of zeros";
  let description = [{
    One write of all the column's bits in every row. Accumulators start so.

    ```mlir
    %z = ap.clear : !ap.column<s12>
    ```
  }];
  let results = (outs AP_ColumnType:$result);
  let assemblyFormat = "attr-dict `:` qualified(type($result))";
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

class AP_PassOp<string mnemonic> : AP_Op<mnemonic, [
    MemoryEffects<[MemRead, MemWrite]>]> {
  let arguments = (ins DenseI64ArrayAttr:$columns, DenseBoolArrayAttr:$key);
  let assemblyFormat = "$columns `key` $key attr-dict";
  let hasVerifier = 1;
}

def AP_SearchOp : AP_PassOp<"search"> {
  let summary = "pass: tag the rows that match a key";
  let description = [{
    Tags exactly the rows whose bit columns `columns` hold `key`; the other
    columns are masked. One search of the memory.

    - C1: one key bit per column; columns are distinct and not negative.

    ```mlir
    ap.search [3, 7, 12] key [false, true, true]
    ```
  }];
}

def AP_WriteOp : AP_PassOp<"write"> {
  let summary = "pass: write bits in the tagged rows";
  let description = [{
    Sets the bit columns `columns` to `key` in every tagged row at once. Other
    rows and columns keep their contents.

    - C1: as for `ap.search`.

    ```mlir
    ap.write [3, 7] key [true, false]
    ```
  }];
}

def AP_MoveOp : AP_Op<"move", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "pass: shift racetracks";
  let description = [{
    Shifts the nanowires of the bit columns `columns` by `distance` domains, so
    that other domains lie under the access ports. Negative distances shift back.

    - C1: columns are distinct and not negative; the distance is not 0.

    ```mlir
    ap.move [0, 1, 2, 3] by 1
    ```
  }];
  let arguments = (ins DenseI64ArrayAttr:$columns, I64Attr:$distance);
  let assemblyFormat = "$columns `by` $distance attr-dict";
  let hasVerifier = 1;
}

#endif // PUMICE_DIALECTS_AP_APOPS_TD
