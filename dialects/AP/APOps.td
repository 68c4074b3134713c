// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APOPS_TD
#define PUMICE_DIALECTS_AP_APOPS_TD

include "dialects/AP/APAttrs.td"
include "dialects/Crossbar/CrossbarAttrs.td"
include "dialects/Interfaces/LayerOpInterface.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class AP_Op<string mnemonic, list<Trait> traits = []>
    : Op<AP_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// `methods` of the interface beyond its target and input.
class AP_LayerOp<string mnemonic, list<string> methods = [], list<Trait> traits = []>
    : AP_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<LayerOpInterface,
        ["getTarget", "getLayerInput"] # methods>] # traits>;

def AP_Codes : RankedTensorOf<[I8, I16]>;
def AP_Weights : RankedTensorOf<[I8]>;
def AP_CodesAttr : SignlessIntElementsAttr<8>;
def AP_Results : RankedTensorOf<[I8, I32, I64]>;
def AP_InputBits : ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<8>]>;

def AP_MVMOp : AP_LayerOp<"mvm", ["getLayerWeights", "getLayerInputFormat", "getLayerWeightFormat"]> {
  let summary = "integer matrix-vector products with ternary weights";
  let description = [{
    For each row `m` of `input`:
    `result[m, n] = sum_k (input[m, k] - input_zero_point) * weights[n, k]`.
    Weights are -1, 0 or 1 (a scale per output is a subsequent multiplication).
    Inputs are quantized values of `input_bits`, unsigned with `input_unsigned`.

    With `thresholds`, `[N, T]`, and `codes`, `[N, T + 1]`, the result is
    `codes[n, t]` instead, where `t` is the number of `thresholds[n]` that the
    sum reaches. This represents any step function of the sum.

    - C1: input is `[M, K]`, weights are `[N, K]`, the result is `[M, N]`.
    - C2: thresholds, which ascend, and codes come together, with a result of
      codes (i8), or not at all, with a result of sums (i32 or i64).

    ```mlir
    %y = ap.mvm %x, %w {input_unsigned, input_bits = 4 : i64}
       : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
    ```
  }];
  let arguments = (ins AP_Codes:$input, AP_Weights:$weights,
    UnitAttr:$input_unsigned, DefaultValuedAttr<I64Attr, "0">:$input_zero_point,
    AP_InputBits:$input_bits, OptionalAttr<I64ElementsAttr>:$thresholds,
    OptionalAttr<AP_CodesAttr>:$codes);
  let results = (outs AP_Results:$result);
  let assemblyFormat = [{
    $input `,` $weights attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def AP_Conv2DOp : AP_LayerOp<"conv_2d", ["getLayerWeights", "getLayerGroups",
    "getLayerInputFormat", "getLayerWeightFormat"]> {
  let summary = "integer 2-D convolution with ternary weights";
  let description = [{
    A convolution of `input` `[N, C, H, W]` with weights `[F, C/groups, KH, KW]`
    of -1, 0 and 1 to `[N, F, OH, OW]`, with windows as in
    `torch.nn.functional.conv2d`. Quantized values and the zero point are as in
    `ap.mvm`; a padded position holds the value `input_zero_point`. Thresholds
    and codes of the outputs `F` are as in `ap.mvm`.

    - C1: channels, groups, kernel and window sizes agree with the types.
    - C2: as in `ap.mvm`.

    ```mlir
    %y = ap.conv_2d %x, %w
         window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]>
         groups 1 {input_unsigned, input_bits = 4 : i64}
       : (tensor<1x3x32x32xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x32x32xi32>
    ```
  }];
  let arguments = (ins AP_Codes:$input, AP_Weights:$weights,
    Crossbar_WindowAttr:$window, I64Attr:$groups,
    UnitAttr:$input_unsigned, DefaultValuedAttr<I64Attr, "0">:$input_zero_point,
    AP_InputBits:$input_bits, OptionalAttr<I64ElementsAttr>:$thresholds,
    OptionalAttr<AP_CodesAttr>:$codes);
  let results = (outs AP_Results:$result);
  let assemblyFormat = [{
    $input `,` $weights `window` $window `groups` $groups attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def AP_MaxPool2DOp : AP_LayerOp<"max_pool_2d", ["getLayerInputFormat"]> {
  let summary = "maximum pooling of quantized values";
  let description = [{
    The maximum of each window of `input`, `[N, C, H, W]`, in each channel, with
    windows as in `ap.conv_2d`. A padded position holds the value
    `padding_code`.

    A window of one position without strides and padding folds to the input.

    - C1: channels, kernel and window sizes agree with the types.

    ```mlir
    %y = ap.max_pool_2d %x
         window <kernel = [3, 3], strides = [2, 2], dilations = [1, 1], padding = [1, 1, 1, 1]>
         {input_unsigned, input_bits = 4 : i64}
       : tensor<1x64x112x112xi8> -> tensor<1x64x56x56xi8>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$input,
    Crossbar_WindowAttr:$window, UnitAttr:$input_unsigned, DefaultValuedAttr<I64Attr, "0">:$padding_code,
    AP_InputBits:$input_bits);
  let results = (outs RankedTensorOf<[I8]>:$result);
  let assemblyFormat = [{
    $input `window` $window attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def AP_WeightedSumOp : AP_LayerOp<"weighted_sum", ["getLayerInputFormat"], [
    AllTypesMatch<["lhs", "rhs", "result"]>]> {
  let summary = "step function of a weighted sum of two quantized values";
  let description = [{
    For each element of channel `c`, the result is `codes[c, t]`, where `t` is
    the number of `thresholds[c]` that `factors[0] * lhs + factors[1] * rhs`
    reaches. Residual additions of quantized values with any scales have this
    form.

    - C1: operands are `[N, C, H, W]`; there are two factors.
    - C2: thresholds are `[C, T]` and ascend, codes are `[C, T + 1]`.

    ```mlir
    %y = ap.weighted_sum %a, %b by [3, 2] {input_unsigned, input_bits = 4 : i64,
         thresholds = dense<[[4, 9]]> : tensor<1x2xi64>, codes = dense<[[0, 1, 2]]> : tensor<1x3xi8>}
       : tensor<1x1x8x8xi8>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$lhs, RankedTensorOf<[I8]>:$rhs,
    DenseI64ArrayAttr:$factors, UnitAttr:$input_unsigned, AP_InputBits:$input_bits,
    OptionalAttr<I64ElementsAttr>:$thresholds, OptionalAttr<AP_CodesAttr>:$codes);
  let results = (outs RankedTensorOf<[I8]>:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `by` $factors attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def AP_RunOp : AP_LayerOp<"run"> {
  let summary = "run a microprogram on the rows of a layer";
  let description = [{
    A compiled `ap.conv_2d` (with a window) or `ap.mvm` (without). `program` is
    the blob of docs/ap.md, which contains the weights, the positions of all
    values, and the operations. The result is i8 if the microprogram has an
    epilogue. The channels of `other`, if present, follow those of `input`.

    - C1: the window fits the types; without one, input and result are matrices
      of as many rows. Both inputs have one type.
    - C2: the program's bytes are a tensor of i8.

    ```mlir
    %y = ap.run %x program dense<[80, 65, 80]> : tensor<3xi8>
       : tensor<8x64xi8> -> tensor<8x10xi32>
    ```
  }];
  let arguments = (ins AP_Codes:$input, Optional<AP_Codes>:$other, ElementsAttr:$program,
    OptionalAttr<Crossbar_WindowAttr>:$window,
    DefaultValuedAttr<I64Attr, "0">:$input_zero_point);
  let results = (outs AP_Results:$result);
  let assemblyFormat = [{
    $input (`with` $other^)? `program` $program
    (`window` $window^)? attr-dict
    `:` type($input) (`with` type($other)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def AP_LookupOp : AP_LayerOp<"lookup"> {
  let summary = "compare queries with stored rows";
  let description = [{
    Uses processors as content-addressable memories. They store `table`, `[R,
    W]` of 0 and 1, one word of `W` bits in each row. For each query, `[Q, W]`,
    and row, `method` gives

    - `exact`: 1 if they are equal, else 0;
    - `ternary`: the same, where an entry of 2, in the query or in the table,
      equals everything;
    - `hamming`: the number of bits in which they differ.

    The best match is the row with the smallest distance (a reduction on the
    digital unit).

    - C1: queries are `[Q, W]`, the table is `[R, W]` of i8, the result `[Q, R]`.

    ```mlir
    %d = ap.lookup %q in dense<[[0, 1, 1], [1, 0, 1]]> : tensor<2x3xi8> by hamming
       : tensor<5x3xi8> -> tensor<5x2xi32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$queries, ElementsAttr:$table,
                       AP_LookupMethodAttr:$method);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = [{
    $queries `in` $table `by` $method attr-dict `:` type($queries) `->` type($result)
  }];
  let hasVerifier = 1;
}

def AP_CamSearchOp : AP_LayerOp<"cam_search"> {
  let summary = "search words stored in content-addressable memories";
  let description = [{
    Compares each query with all stored words. `table`, `[R, W]`, holds a word
    of `W` cells in each row, `queries`, `[Q, W]`, a key in each row; entries are
    0, 1 and 2, where 2 is "don't care" in the table and "masked" in a query. The
    distance of a query and a word is the number of cells in which a 0 meets a 1.
    `kind` is what the search delivers:

    - `distances`: all distances, `[Q, R]`;
    - `within`: 1 where the distance is at most `limit`, else 0, `[Q, R]`. With
      the limit 0 this is an exact match, with entries of 2 a ternary match;
    - `best`: the `K` smallest distances in ascending order and the numbers of
      their rows, both `[Q, K]`. Of equal distances, that of the lower row comes
      first.

    `mapping`, which ap-map-searches sets, says how words are cut and placed.

    - C1: queries are `[Q, W]`, the table is `[R, W]` of i8.
    - C2: results are as above, of i32 (`within`: i8), numbers of rows of i64;
      `K` is 1 to `R`. The limit is at least 0, and 0 unless the kind is `within`.
    - C3: the parts and blocks of the mapping are at least 1 and cover the words
      and rows, the last ones not empty; at most all parts are stacked.
    - C4: the mapping suits the group: its columns and rows, `max_distance`,
      `merge_parts`, `best_matches` and `ternary` (verify-ap-contract).

    ```mlir
    %d, %i = ap.cam_search %q in dense<[[0, 1, 1], [1, 0, 2]]> : tensor<2x3xi8> for best
       : (tensor<5x3xi8>) -> (tensor<5x1xi32>, tensor<5x1xi64>)
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$queries, ElementsAttr:$table,
                       AP_SearchKindAttr:$kind,
                       DefaultValuedAttr<I64Attr, "0">:$limit,
                       OptionalAttr<AP_CamMappingAttr>:$mapping);
  let results = (outs RankedTensorOf<[I8, I32]>:$distances,
                      Optional<RankedTensorOf<[I64]>>:$indices);
  let assemblyFormat = [{
    $queries `in` $table `for` $kind (`limit` $limit^)? (`mapping` $mapping^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Microprograms
//===----------------------------------------------------------------------===//

class AP_PartOp<string mnemonic> : AP_Op<mnemonic, [NoTerminator, SingleBlock]> {
  let regions = (region SizedRegion<1>:$body);
}

def AP_ProgramOp : AP_PartOp<"program"> {
  let summary = "a microprogram, spelled out";
  let description = [{
    The content of the blob of an `ap.run` (docs/ap.md), as ap-disassemble
    writes it: output blocks (`ap.output_block`), which contain channel blocks
    (`ap.channel_block`), which contain bundles of operations (`ap.bundle`). It
    is for people to read and is never executed.

    ```mlir
    ap.program for "fc" attributes {columns = 256 : i64, domains = 64 : i64} {
    }
    ```
  }];
  let arguments = (ins StrAttr:$layer);
  let assemblyFormat = "`for` $layer attr-dict-with-keyword $body";
}

def AP_OutputBlockOp : AP_PartOp<"output_block"> {
  let summary = "outputs whose accumulators a processor holds at one time";
  let description = [{
    The outputs from `first_output` on. Accumulator `i` has `widths[i]` bits,
    starts as `initial[i]`, and is in column `column + i % columns` at domain `i
    / columns * slot`.

    ```mlir
    ap.output_block attributes {first_output = 0 : i64, widths = array<i64: 7>} {
    }
    ```
  }];
  let assemblyFormat = "attr-dict-with-keyword $body";
}

def AP_ChannelBlockOp : AP_PartOp<"channel_block"> {
  let summary = "input channels that a processor holds at one time";
  let description = [{
    The bundles that add `channels` channels, from `first_channel` on, to the
    accumulators of an output block.

    ```mlir
    ap.channel_block attributes {first_channel = 0 : i64, channels = 64 : i64} {
    }
    ```
  }];
  let assemblyFormat = "attr-dict-with-keyword $body";
}

def AP_EpilogueOp : AP_PartOp<"epilogue"> {
  let summary = "operations that turn accumulators into quantized values";
  let description = [{
    The bundles that run after all channel blocks of an output block. Results
    occupy the first domains of their accumulators.

    ```mlir
    ap.epilogue {
    }
    ```
  }];
  let assemblyFormat = "attr-dict-with-keyword $body";
}

def AP_BundleOp : AP_PartOp<"bundle"> {
  let summary = "operations that advance together, bit by bit";
  let description = [{
    In step `i`, each operation with more than `i` steps processes its bit `i`.

    ```mlir
    ap.bundle {
    }
    ```
  }];
  let assemblyFormat = "attr-dict-with-keyword $body";
}

def AP_SerialOp : AP_Op<"serial"> {
  let summary = "a bit-serial operation";
  let description = [{
    One of the operations of docs/ap.md by name, on values by position: `add` is
    `d = d + a`, `add_new` is `d = b + a`. `less` compares with `than`.

    ```mlir
    ap.serial add d = <column = 9, domain = 0, width = 7, is_signed = true>
              a = <column = 0, domain = 4, width = 4> carry 40 steps 7
    ```
  }];
  let arguments = (ins AP_OpcodeAttr:$code, OptionalAttr<AP_ValueAttr>:$d,
    OptionalAttr<AP_ValueAttr>:$b, OptionalAttr<AP_ValueAttr>:$a,
    OptionalAttr<I64Attr>:$than, OptionalAttr<I64Attr>:$carry, I64Attr:$steps,
    UnitAttr:$biased);
  let assemblyFormat = [{
    $code (`d` `=` $d^)? (`b` `=` $b^)? (`a` `=` $a^)? (`biased` $biased^)?
    (`than` $than^)? (`carry` $carry^)? `steps` $steps attr-dict
  }];
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
  let summary = "tag the rows that match a key";
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
  let summary = "write bits in the tagged rows";
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
  let summary = "shift the racetracks of columns";
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
