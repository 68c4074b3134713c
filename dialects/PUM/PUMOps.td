// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMOPS_TD
#define PUMICE_DIALECTS_PUM_PUMOPS_TD

include "dialects/PUM/PUMAttrs.td"
include "dialects/PUM/PUMTypes.td"
include "dialects/Crossbar/CrossbarAttrs.td"
include "dialects/Crossbar/CrossbarTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class PUM_Op<string mnemonic, list<Trait> traits = []>
    : Op<PUM_Dialect, mnemonic, traits>;

def PUM_Value : AnyTypeOf<[AnyRankedTensor, Crossbar_GridType],
    "a tensor or programmed arrays">;

def PUM_ProgramOp : PUM_Op<"program", [AttrSizedOperandSegments]> {
  let summary = "task: write weights into arrays";
  let description = [{
    Programs `weights` as `crossbar.program` does, into the arrays of
    `placement`. `replacing` lists what those arrays held before, so that
    unchanged cells are known; arrays that held nothing are erased ones. With
    `setup` the task runs once, before the first inference: its time and
    energy are reported apart and it is done at time 0. Weights that another
    task computes are temporary ones, written in every run.

    - C1: the weights and the tiling fit the grid (`crossbar.program` C1, C2).
    - C2: a placement has a multiple of the tiling's arrays. Every multiple is a
      copy of the weights; copies share the windows of the layers that read them.
    - C3: nothing reads a grid that `replacing` names after this task started:
      order with tokens (checked by verify-pum-scheduled).
    - C4: the weights of a task with `setup` are constant (verify-pum-scheduled).
    - C5: with `part`, `weights` is the whole matrix, of which the grid holds a
      part. With `tiles`, `[first, count]`, the task writes only these tiles of
      the grid: the placement has an array for each of them, copy after copy, in
      their order. Tiles are numbered by block of groups that share arrays, in it
      by column, in it by row. `crossbar.join` puts such grids together.

    Copies of a grid in several tasks are written by all of them. `matrix`
    numbers the matrix in the program; it is the order of the programs if it is
    absent. Cells and noise that are not ideal depend on it.

    ```mlir
    %g, %t = pum.program %w on <"arrays", 0, 1> setup array #array tiling <row_tiles = 1,
          column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
        : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$weights,
    Variadic<Crossbar_GridType>:$replacing, Variadic<PUM_TokenType>:$after,
    OptionalAttr<PUM_PlacementAttr>:$placement, UnitAttr:$setup,
    Crossbar_TilingAttr:$tiling, Crossbar_ArrayAttr:$array,
    OptionalAttr<Crossbar_AdcRange>:$adc_range,
    OptionalAttr<Crossbar_PartAttr>:$part, OptionalAttr<DenseI64ArrayAttr>:$tiles,
    OptionalAttr<I64Attr>:$matrix);
  let results = (outs Crossbar_GridType:$grid, PUM_TokenType:$token);
  let builders = [OpBuilder<(ins "::mlir::Type":$grid, "::mlir::Type":$token,
      "::mlir::Value":$weights, "::mlir::ValueRange":$replacing,
      "::mlir::ValueRange":$after, "PlacementAttr":$placement,
      "::mlir::UnitAttr":$setup, "::pumice::crossbar::TilingAttr":$tiling,
      "::pumice::crossbar::CrossbarArrayAttr":$array,
      "::mlir::IntegerAttr":$adc_range), [{
    build($_builder, $_state, grid, token, weights, replacing, after, placement,
          setup, tiling, array, adc_range, ::pumice::crossbar::PartAttr(),
          ::mlir::DenseI64ArrayAttr(), ::mlir::IntegerAttr());
  }]>];
  let assemblyFormat = [{
    $weights (`part` $part^)? (`tiles` $tiles^)? (`on` $placement^)? (`setup` $setup^)?
    (`replacing` `(` $replacing^ `:` qualified(type($replacing)) `)`)?
    (`after` `(` $after^ `)`)?
    `array` qualified($array) `tiling` $tiling attr-dict
    `:` type($weights) `->` qualified(type($grid))
  }];
  let hasVerifier = 1;
}

class PUM_TransferOp<string mnemonic> : PUM_Op<mnemonic, [
    TypesMatchWith<"result has the type of the operand", "input", "result", "$_self">]> {
  let arguments = (ins AnyRankedTensor:$input, Variadic<PUM_TokenType>:$after);
  let results = (outs AnyRankedTensor:$result, PUM_TokenType:$token);
  let assemblyFormat = [{
    $input (`after` `(` $after^ `)`)? attr-dict `:` type($input)
  }];
}

def PUM_LoadOp : PUM_TransferOp<"load"> {
  let summary = "task: move a tensor from the host to the device's buffer";
  let description = [{
    Occupies the DRAM channel and a port of the buffer for the tensor's bytes.

    ```mlir
    %x, %t = pum.load %arg0 : tensor<1x3x224x224xf32>
    ```
  }];
}

def PUM_StoreOp : PUM_TransferOp<"store"> {
  let summary = "task: move a tensor from the device's buffer to the host";
  let description = [{
    Occupies a port of the buffer and the DRAM channel for the tensor's bytes.

    ```mlir
    %y, %t = pum.store %v after(%t0) : tensor<1x10xf32>
    ```
  }];
}

class PUM_RegionOp<string mnemonic> : PUM_Op<mnemonic, [
    AttrSizedOperandSegments, IsolatedFromAbove, RecursiveMemoryEffects,
    SingleBlockImplicitTerminator<"YieldOp">, RecursivelySpeculatable]> {
  let results = (outs Variadic<AnyRankedTensor>:$results, PUM_TokenType:$token);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
}

def PUM_ComputeOp : PUM_RegionOp<"compute"> {
  let summary = "task: run a layer on programmed arrays";
  let description = [{
    The region's arguments are `inputs`, tensors and grids; it holds ops of a
    target dialect (`crossbar.conv_2d`, `crossbar.mvm`) on them and yields the
    task's results. The task occupies the arrays of the grids that it reads, or
    the associative processors or content-addressable memories of `placement`.

    - C1: the region's arguments and yielded values have the types of the
      inputs and the results.
    - C2: at least one input is a grid, or the region holds layers of associative
      processors (`ap.run`), whose programs are in the op, or a search
      (`ap.cam_search`), whose words are.
    - C3: a task that reads a grid has no placement: it runs where the grid is.

    ```mlir
    %y, %t = pum.compute (%x, %g) : (tensor<1x3x8x8xi8>, !crossbar.grid<1x27x16xi8, ui8>)
        -> tensor<1x16x6x6xi32> {
    ^bb0(%a: tensor<1x3x8x8xi8>, %b: !crossbar.grid<1x27x16xi8, ui8>):
      %0 = crossbar.conv_2d %a, %b
           window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
           groups 1
         : (tensor<1x3x8x8xi8>, !crossbar.grid<1x27x16xi8, ui8>) -> tensor<1x16x6x6xi32>
      pum.yield %0 : tensor<1x16x6x6xi32>
    }
    ```
  }];
  let arguments = (ins Variadic<PUM_Value>:$inputs, Variadic<PUM_TokenType>:$after,
    OptionalAttr<PUM_PlacementAttr>:$placement);
  let assemblyFormat = [{
    `(` $inputs `)` (`on` $placement^)? (`after` `(` $after^ `)`)? attr-dict
    `:` functional-type($inputs, $results) $body
  }];
}

def PUM_DigitalOp : PUM_RegionOp<"digital"> {
  let summary = "task: run upstream ops on the digital unit";
  let description = [{
    The region holds ops of linalg, tensor, arith and math on static shapes. Its
    cost comes from its scalar operations, counted by kind. Canonicalization
    removes inputs and results that nobody reads.

    - C1: as for `pum.compute`.
    - C2: every input is a tensor.

    ```mlir
    %y, %t = pum.digital (%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      %0 = math.tanh %a : tensor<4xf32>
      pum.yield %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<PUM_Value>:$inputs, Variadic<PUM_TokenType>:$after);
  let assemblyFormat = [{
    `(` $inputs `)` (`after` `(` $after^ `)`)? attr-dict
    `:` functional-type($inputs, $results) $body
  }];
  let hasCanonicalizeMethod = 1;
}

def PUM_NonlinearOp : PUM_Op<"nonlinear", [
    IsolatedFromAbove, RecursiveMemoryEffects, RecursivelySpeculatable,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "a nonlinear subroutine, to be computed exactly or approximated";
  let description = [{
    The region says what is computed, in upstream ops on the operands; whatever
    approximates it is measured against it. `kind` names the function,
    `dimensions` the dimensions of the first operand that it reduces,
    normalises or slides a window over, `parameters` its scalars (numbers, or
    unit for flags). `method` says how it is to be computed: `digital`
    (the default) runs the region, `lut` approximates it by tables in arrays,
    `neon` by small networks on arrays, and `auto` in the cheapest of these ways.
    `domain` is the range of the elements of the first operand for which an
    approximation is made.

    The first operand is the function's argument; others are masks, scales and
    shifts. The first result is the function's value; others are intermediate
    values of the region that the program needs too. Canonicalization drops
    other operands that the region does not read and other results that nothing
    reads.

    - C1: the region's arguments and yielded values have the types of the
      operands and the results, of which there is at least one each.
    - C2: operands and results have static shapes.
    - C3: `dimensions` are there for the kinds softmax, log_softmax, layer_norm,
      rms_norm, group_norm, l2_norm, squash, max_pool and avg_pool, and for no
      other; they are ascending and within the rank of the first operand.
    - C4: the region holds ops of linalg, tensor, arith and math; inside linalg
      also cf.assert.
    - C5: every parameter is a number or unit.
    - C6: `domain` goes from a finite number to a greater one.

    ```mlir
    %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      %0 = math.tanh %a : tensor<4xf32>
      pum.yield %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins PUM_NonlinearKindAttr:$kind,
    Variadic<AnyRankedTensor>:$inputs, OptionalAttr<DenseI64ArrayAttr>:$dimensions,
    OptionalAttr<DictionaryAttr>:$parameters,
    OptionalAttr<DenseF64ArrayAttr>:$domain,
    DefaultValuedAttr<PUM_NonlinearMethodAttr,
                      "::pumice::pum::NonlinearMethod::digital">:$method);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `` $kind `(` $inputs `)` (`dimensions` $dimensions^)? (`parameters` $parameters^)?
    (`domain` $domain^)? (`method` `` $method^)? attr-dict `:` functional-type($inputs, $results) $body
  }];
  let hasCanonicalizeMethod = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
}

def PUM_ProbeOp : PUM_Op<"probe"> {
  let summary = "show a tensor to observers of a run";
  let description = [{
    Shows `input` under `name` to whoever observes the run (`simulator.probe`).
    It is in a function, at any level up to L3, and in no task. A probe costs
    nothing and changes no result, but the tensor has to exist: passes do not
    fuse the ops before it with those behind it. Probes that are put in at L4
    leave the program as it is.

    ```mlir
    pum.probe %y as "encoder.gelu" : tensor<8x64xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, StrAttr:$name);
  let assemblyFormat = "$input `as` $name attr-dict `:` type($input)";
}

def PUM_YieldOp : PUM_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["ComputeOp", "DigitalOp", "NonlinearOp"]>]> {
  let summary = "results of a region";
  let description = [{
    Ends the region of `pum.compute`, `pum.digital` or `pum.nonlinear`; its
    operands are the results of that op.

    ```mlir
    pum.yield %0 : tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // PUMICE_DIALECTS_PUM_PUMOPS_TD
