// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBAROPS_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBAROPS_TD

include "dialects/Crossbar/CrossbarAttrs.td"
include "dialects/Crossbar/CrossbarTypes.td"
include "dialects/Interfaces/LayerOpInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Crossbar_Op<string mnemonic, list<Trait> traits = []>
    : Op<Crossbar_Dialect, mnemonic, traits>;

def Crossbar_Codes : RankedTensorOf<[I8, I16]>;
def Crossbar_WeightCodes : RankedTensorOf<[I8, I16]>;
def Crossbar_Weights : AnyTypeOf<[Crossbar_WeightCodes, Crossbar_GridType],
    "integer weights, or a grid that holds them">;
def Crossbar_Accumulators : RankedTensorOf<[I32, I64]>;

def Crossbar_ProgramOp : Crossbar_Op<"program", [Pure]> {
  let summary = "write weights into a grid of arrays";
  let description = [{
    Cuts `weights` into arrays according to `tiling` and yields a handle to
    them. The weights are laid out as `[groups * columns, ...]` whose trailing
    dimensions flatten to the rows of a group: a convolution's `[F, C/groups,
    KH, KW]`, a linear layer's `[N, K]`; or as `[G, N, K]`, those of a product
    of `G` groups. If they are not constant, the arrays are written in every
    run.

    - C1: the weights are `groups * rows * columns` in the layout above, of a
      type that is at least as wide as the grid's, whose range they keep. The
      array streams inputs at least as wide as the grid's.
    - C2: `tiling` covers the grid with arrays of this shape: `slices` cells hold
      a weight and fit a wordline, the row and column tiles cover the matrix (or
      `groups_per_array` groups fit one array), and `arrays` is their product.
    - C3: `adc_range`, the largest column sum in cell levels that a `calibrated`
      converter resolves, is between 1 and 2^31 - 1.

    ```mlir
    %g = crossbar.program %w
           array #crossbar.array<rows = 128, columns = 128, cell_bits = 2,
             weight_bits = 16, input_bits = 16, dac_bits = 1,
             adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
           tiling <row_tiles = 1, column_tiles = 1, slices = 4,
             groups_per_array = 1, arrays = 1>
         : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
    ```
  }];
  let arguments = (ins Crossbar_WeightCodes:$weights,
                       Crossbar_TilingAttr:$tiling, Crossbar_ArrayAttr:$array,
                       OptionalAttr<Crossbar_AdcRange>:$adc_range);
  let results = (outs Crossbar_GridType:$grid);
  let assemblyFormat = [{
    $weights `array` qualified($array) `tiling` $tiling attr-dict
    `:` type($weights) `->` qualified(type($grid))
  }];
  let hasVerifier = 1;
}

class Crossbar_LayerOp<string mnemonic>
    : Crossbar_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<LayerOpInterface, [
        "getTarget", "getLayerInput", "getLayerWeights", "getLayerGroups",
        "getLayerInputFormat", "getLayerWeightFormat"]>]> {
  let extraClassDeclaration = [{
    /// How inputs and weights are quantized: by the grid's type or, without a
    /// grid, by attributes and element types.
    QuantizedFormat getInputFormat();
    QuantizedFormat getWeightFormat();
  }];
}

def Crossbar_MVMOp : Crossbar_LayerOp<"mvm"> {
  let summary = "integer matrix-vector products on programmed weights";
  let description = [{
    For each row `m` of `input` (and each group `g` in front of `m`, `n` and `k`,
    if there are three dimensions):
    `result[m, n] = sum_k (input[m, k] - input_zero_point)
                        * (weights[n, k] - weight_zero_point)`.
    `input` holds quantized values of `input_bits` (if absent, of its element
    type's width), which are unsigned with `input_unsigned`; `weights` are two's
    complement values of `weight_bits` (or of their element type's width), with
    the shape `[N, K]`, or a grid of one group, whose type then defines these
    properties. The arrays deliver `sum input * weights` (bit-sliced, through
    their converters); zero points are corrected digitally with exact sums.

    - C1: the inner sizes agree: input `[M, K]`, weights `[N, K]`, result
      `[M, N]`, or all three with `G` groups in front.
    - C2: a grid has `G` groups, without that dimension one.
    - C3: the result's type holds every possible sum.
    - C5: `part` is there if the grid holds a part of the weights. The input is
      that of the whole layer, of which the grid's groups and rows are read; the
      result has the grid's groups and columns, and sums over its rows.
    - C4: `input_bits` and `weight_bits` are at most the width of the element
      types. A layer on a grid has no `input_bits`, `input_unsigned` or
      `weight_bits`, and the inputs that the grid streams fit the element type.

    ```mlir
    %y = crossbar.mvm %x, %w {input_unsigned, input_zero_point = 3 : i64}
       : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
    ```
  }];
  let arguments = (ins Crossbar_Codes:$input, Crossbar_Weights:$weights,
    UnitAttr:$input_unsigned,
    DefaultValuedAttr<I64Attr, "0">:$input_zero_point,
    DefaultValuedAttr<I64Attr, "0">:$weight_zero_point,
    OptionalAttr<Crossbar_Bits>:$input_bits,
    OptionalAttr<Crossbar_Bits>:$weight_bits,
    OptionalAttr<Crossbar_PartAttr>:$part);
  let results = (outs Crossbar_Accumulators:$result);
  let assemblyFormat = [{
    $input `,` $weights attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Crossbar_JoinOp : Crossbar_Op<"join", [Pure]> {
  let summary = "the tiles of several grids as one grid";
  let description = [{
    A large grid may be written by several tasks, each of which writes some of
    its tiles as arrays become free. The result holds the tiles of all operands.
    It occurs in the body of a `pum.compute`, in front of the layer. The join of
    one grid folds to the grid; operands that are joins themselves, or occur
    twice, are replaced by their parts.

    - C1: there is an operand, and all operands have the result's type.

    ```mlir
    %j = crossbar.join %g0, %g1 : !crossbar.grid<1x256x64xi8, ui8>
    ```
  }];
  let arguments = (ins Variadic<Crossbar_GridType>:$grids);
  let results = (outs Crossbar_GridType:$grid);
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Crossbar_Conv2DOp : Crossbar_LayerOp<"conv_2d"> {
  let summary = "integer 2-D convolution on programmed weights";
  let description = [{
    A convolution of `input` `[N, C, H, W]` with weights `[F, C/groups, KH, KW]`
    (or a grid of `groups` groups, `C/groups*KH*KW` rows, `F/groups` columns) to
    `[N, F, OH, OW]`, with windows as in `torch.nn.functional.conv2d`. Quantized
    values and zero points are as in `crossbar.mvm`. A padded position holds the
    value `input_zero_point` and contributes nothing.

    - C1: channels, groups, kernel and window sizes agree with the types.
    - C2: a grid has `groups` groups of the matching size.
    - C3: the result's type holds every possible sum.
    - C4, C5: as for `crossbar.mvm`. `groups` are those of the grid.

    ```mlir
    %y = crossbar.conv_2d %x, %w
         window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]>
         groups 1 {input_unsigned, input_zero_point = 127 : i64}
       : (tensor<1x3x32x32xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x32x32xi32>
    ```
  }];
  let arguments = (ins Crossbar_Codes:$input, Crossbar_Weights:$weights,
    Crossbar_WindowAttr:$window, I64Attr:$groups,
    UnitAttr:$input_unsigned,
    DefaultValuedAttr<I64Attr, "0">:$input_zero_point,
    DefaultValuedAttr<I64Attr, "0">:$weight_zero_point,
    OptionalAttr<Crossbar_Bits>:$input_bits,
    OptionalAttr<Crossbar_Bits>:$weight_bits,
    OptionalAttr<Crossbar_PartAttr>:$part);
  let results = (outs Crossbar_Accumulators:$result);
  let assemblyFormat = [{
    $input `,` $weights `window` $window `groups` $groups attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

class Crossbar_FunctionOp<string mnemonic, list<Trait> traits = []>
    : Crossbar_Op<mnemonic, [Symbol] # traits>;

def Crossbar_NeonNetOp : Crossbar_FunctionOp<"neon_net"> {
  let summary = "a small tanh network that stands for a function of one number";
  let description = [{
    A net of one input, a hidden layer of tanh units and one output. For an
    input value `q` of the format `input`, with layers `(w1, s1, b1)` and
    `(w2, s2, b2)`:

        z_j = clamp(round(fl(fl(w1_j * q * s1_j) + b1_j) / step))
        h_j = round(tanh(z_j * step) * H),  H = 2^(hidden.bits - 1) - 1
        y   = fl(fl(sum_j w2_j * h_j * s2) + b2)
        p   = clamp(round((y - output.low) / output.step))

    `fl` rounds to f32, `round` rounds half to even, `step` is `hidden.range /
    2^(hidden.bits - 1)`, and the result `p` is of the format `output`. Sums of
    weights and values are exact. A number outside of the domain, the range of
    `input`, has the value of the line `below` or `above`; without a line, that
    of the nearest number of the domain. With a `reduction`, the net is the
    function of the reduced range.

    `errors` states the errors over all values of `input`, `fit` how the net was
    found; neither has a meaning for the compiler. `pum-fit-nets` names nets by
    their content, so that equal nets are one.

    - C1: there are two layers: of one row, and of one column with a row for each
      column of the first.
    - C2: weights fit `weight_bits`, 2 to 16.
    - C3: a net with a `reduction` has an input from 1 to its base, and no lines.

    ```mlir
    crossbar.neon_net @half input <bits = 8, low = -1, high = 1>
      hidden <bits = 16, range = 4> output <bits = 8, low = -0.5, high = 0.5>
      weight_bits 16 layers [
        #crossbar.net_layer<weights = dense<32767> : tensor<1x1xi16>,
          scales = dense<2.4e-07> : tensor<1xf32>, biases = dense<-1.0> : tensor<1xf32>>,
        #crossbar.net_layer<weights = dense<32767> : tensor<1x1xi16>,
          scales = dense<6.0e-10> : tensor<1xf32>, biases = dense<0.0> : tensor<1xf32>>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Crossbar_FormatAttr:$input,
    Crossbar_TanhAttr:$hidden, Crossbar_FormatAttr:$output,
    ConfinedAttr<I64Attr, [IntMinValue<2>, IntMaxValue<16>]>:$weight_bits,
    TypedArrayAttrBase<Crossbar_NetLayerAttr, "layers of a net">:$layers,
    OptionalAttr<Crossbar_LineAttr>:$below, OptionalAttr<Crossbar_LineAttr>:$above,
    OptionalAttr<Crossbar_ReductionAttr>:$reduction,
    OptionalAttr<DictionaryAttr>:$errors, OptionalAttr<DictionaryAttr>:$fit);
  let assemblyFormat = [{
    $sym_name `input` $input `hidden` $hidden `output` $output
    `weight_bits` $weight_bits `layers` $layers
    (`below` $below^)? (`above` $above^)? (`reduction` $reduction^)?
    (`errors` $errors^)? (`fit` $fit^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    NetLayerAttr getLayer(unsigned i) {
      return ::mlir::cast<NetLayerAttr>(getLayers()[i]);
    }
    /// Number of hidden units.
    int64_t getHiddenSize() { return getLayer(0).getColumns(); }
    /// Bits that the weights of a layer take in an array: those of the hidden
    /// layer are often only 1 and -1.
    int64_t getWeightBitsOf(unsigned layer);
  }];
}

def Crossbar_TableOp : Crossbar_FunctionOp<"table"> {
  let summary = "a table that stands for a function of one number";
  let description = [{
    `values` holds the result for each value of `input`, as integers of the format
    `output` (unsigned, in i16). `below`, `above`, `reduction`, `errors` and `fit`
    as for `crossbar.neon_net`.

    - C1: there is one value for each of `input`, and it is of `output`.
    - C2: a table with a `reduction` has an input from 1 to its base, and no
      lines.

    ```mlir
    crossbar.table @ramp input <bits = 2, low = 0, high = 3>
      output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Crossbar_FormatAttr:$input,
    Crossbar_FormatAttr:$output, ElementsAttr:$values,
    OptionalAttr<Crossbar_LineAttr>:$below, OptionalAttr<Crossbar_LineAttr>:$above,
    OptionalAttr<Crossbar_ReductionAttr>:$reduction,
    OptionalAttr<DictionaryAttr>:$errors, OptionalAttr<DictionaryAttr>:$fit);
  let assemblyFormat = [{
    $sym_name `input` $input `output` $output `values` $values
    (`below` $below^)? (`above` $above^)? (`reduction` $reduction^)?
    (`errors` $errors^)? (`fit` $fit^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Crossbar_ApplyOp : Crossbar_Op<"apply", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    TypesMatchWith<"result has the type of the input", "input", "result", "$_self">]> {
  let summary = "apply a net or a table to every element";
  let description = [{
    Applies the function `function`, a `crossbar.neon_net` or `crossbar.table`,
    to every element of `input`. The number that an input value of the function
    stands for is the nearest to the element; the result is the number that the
    output value stands for, rounded to f32. A NaN has the result NaN.

    `copies` elements are computed at a time. `grids` are the arrays of these
    copies: two of a net, with the weights of its layers on their diagonals, one
    of a table. Without grids, `crossbar-map-functions` has not run yet.

    - C1: `function` is a `crossbar.neon_net` or a `crossbar.table`.
    - C2: grids suit it and the number of copies: of a net with `h` hidden units,
      `G x C x C*h` that streams the net's inputs and `G x C*h x C` that streams
      its hidden values, where `G * C` is `copies`; of a table, `G x R x N` with
      a number of groups for each copy that holds all values.

    ```mlir
    %y = crossbar.apply @gelu(%x) copies 16 : tensor<8x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, F32Tensor:$input,
    Variadic<Crossbar_GridType>:$grids,
    ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<65536>]>:$copies);
  let results = (outs F32Tensor:$result);
  let assemblyFormat = [{
    $function `(` $input `)` (`on` `(` $grids^ `:` qualified(type($grids)) `)`)?
    `copies` $copies attr-dict `:` type($input)
  }];
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBAROPS_TD
