// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATOROPS_TD
#define PUMICE_DIALECTS_SIMULATOR_SIMULATOROPS_TD

include "dialects/Simulator/SimulatorAttrs.td"
include "dialects/Simulator/SimulatorTypes.td"
include "dialects/Crossbar/CrossbarAttrs.td"
include "dialects/Crossbar/CrossbarTypes.td"
include "dialects/PUM/PUMAttrs.td"
include "dialects/AP/APAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Simulator_Op<string mnemonic, list<Trait> traits = []>
    : Op<Simulator_Dialect, mnemonic, traits>;

def Simulator_Buffer : StaticShapeMemRefOf<[AnyType]>;

def Simulator_BufferOp : Simulator_Op<"buffer"> {
  let summary = "storage in a memory";
  let description = [{
    Reserves storage for the type's shape in the memory given by its memory
    space. Exactly one instruction writes it. In `processors`, it is what a
    `simulator.ap_exec` leaves in the associative processors of its placement,
    for others to read.

    ```mlir
    %b = simulator.buffer : memref<1x8x28x28xi8, #simulator.memory<buffer>>
    ```
  }];
  let results = (outs Simulator_Buffer:$memory);
  let assemblyFormat = "attr-dict `:` type($memory)";
  let hasVerifier = 1;
}

def Simulator_ConstantOp : Simulator_Op<"constant"> {
  let summary = "constant data in a memory";
  let description = [{
    Data that is in place before the program starts: weights in `dram`, tables
    and scales in `buffer`.

    - C1: `value` and the memref have one shape and element type.

    ```mlir
    %w = simulator.constant dense<1> : tensor<16x3x3x3xi8>
       to memref<16x3x3x3xi8, #simulator.memory<dram>>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Simulator_Buffer:$memory);
  let assemblyFormat = "$value attr-dict `to` type($memory)";
  let hasVerifier = 1;
}

def Simulator_ProbeOp : Simulator_Op<"probe"> {
  let summary = "show a value to observers of a run";
  let description = [{
    Shows `buffer` under `name` to whoever observes the run. No instruction: it
    takes no time and no energy, and changes no result. Probes see buffers in
    program order, after the instruction that writes them.

    ```mlir
    simulator.probe %y as "encoder.gelu" : memref<8x64xf32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$buffer, StrAttr:$name);
  let assemblyFormat = "$buffer `as` $name attr-dict `:` type($buffer)";
}

class Simulator_Instruction<string mnemonic, list<Trait> traits = []>
    : Simulator_Op<mnemonic, traits>;

def Simulator_TransferOp : Simulator_Instruction<"transfer"> {
  let summary = "instruction: copy a buffer to another memory";
  let description = [{
    Occupies the DRAM channel and a port of the on-chip buffer, depending on the
    two memories.

    - C1: source and destination have one shape and element type.

    ```mlir
    %t1 = simulator.transfer %x to %b after(%t0)
        : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$source,
                       Arg<Simulator_Buffer, "", [MemWrite]>:$destination,
                       Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $source `to` $destination (`after` `(` $after^ `)`)? attr-dict
    `:` type($source) `to` type($destination)
  }];
  let hasVerifier = 1;
}

def Simulator_ProgramOp : Simulator_Instruction<"program", [AttrSizedOperandSegments]> {
  let summary = "instruction: write weights into arrays";
  let description = [{
    Programs the arrays of `placement` with `weights`; `replacing` and `setup`
    as in `pum.program`. Rows of one array are written one after the other, all
    arrays simultaneously. Occupies the arrays, and for the weights the DRAM
    channel or a buffer port. Weights that are not constant are written in every
    run; cells that already have their level are not pulsed.

    - C1: the weights, the tiling, the part and the tiles fit the grid; the
      placement holds one or more copies of the written arrays. `part`, `tiles` and
      `matrix` are as in `pum.program`.

    ```mlir
    %g, %t = simulator.program %w on <"arrays", 0, 1> setup array #array tiling <row_tiles = 1,
          column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
        : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$weights,
    Variadic<Crossbar_GridType>:$replacing, Variadic<Simulator_TokenType>:$after,
    PUM_PlacementAttr:$placement, UnitAttr:$setup,
    Crossbar_TilingAttr:$tiling, Crossbar_ArrayAttr:$array,
    OptionalAttr<Crossbar_AdcRange>:$adc_range,
    OptionalAttr<Crossbar_PartAttr>:$part, OptionalAttr<DenseI64ArrayAttr>:$tiles,
    OptionalAttr<I64Attr>:$matrix);
  let results = (outs Crossbar_GridType:$grid, Simulator_TokenType:$token);
  let assemblyFormat = [{
    $weights (`part` $part^)? (`tiles` $tiles^)? `on` $placement (`setup` $setup^)?
    (`replacing` `(` $replacing^ `:` qualified(type($replacing)) `)`)?
    (`after` `(` $after^ `)`)?
    `array` qualified($array) `tiling` $tiling attr-dict
    `:` type($weights) `->` qualified(type($grid))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Copies of the weights that the placement holds.
    int64_t getReplicas() {
      return getPlacement().size() /
             ::pumice::crossbar::arraysPerCopy(getTiling(), getTiles());
    }
  }];
}

def Simulator_MVMOp : Simulator_Instruction<"mvm", [AttrSizedOperandSegments]> {
  let summary = "instruction: stream inputs through programmed arrays";
  let description = [{
    Reads every window position of `input`, multiplies it by the weights of
    `grid` and writes the accumulators to `output`: `crossbar.conv_2d` with a
    window, `crossbar.mvm` without. The type of the grid defines the number of
    groups and the inputs that are streamed. Occupies the grid's arrays for all
    window positions, which the copies of the weights share, and a buffer port
    for the moved bytes. If several instructions wrote the grid, `joining` lists
    the others; together they hold every tile once for each copy
    (verify-simulator-program). `part` is that of the grid.

    - C1: types and window fit as in those ops.

    ```mlir
    %t1 = simulator.mvm %g, %x, %y after(%t0)
          window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
        : !crossbar.grid<1x27x16xi8, ui8>, memref<1x3x8x8xi8, #simulator.memory<buffer>>,
          memref<1x16x6x6xi32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Crossbar_GridType:$grid,
    Arg<Simulator_Buffer, "", [MemRead]>:$input,
    Arg<Simulator_Buffer, "", [MemWrite]>:$output,
    Variadic<Simulator_TokenType>:$after, Variadic<Crossbar_GridType>:$joining,
    OptionalAttr<Crossbar_WindowAttr>:$window,
    DefaultValuedAttr<I64Attr, "0">:$input_zero_point,
    DefaultValuedAttr<I64Attr, "0">:$weight_zero_point,
    OptionalAttr<Crossbar_PartAttr>:$part);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $grid `,` $input `,` $output
    (`joining` `(` $joining^ `:` qualified(type($joining)) `)`)? (`part` $part^)? (`after` `(` $after^ `)`)?
    (`window` $window^)? attr-dict
    `:` qualified(type($grid)) `,` type($input) `,` type($output)
  }];
  let hasVerifier = 1;
}

def Simulator_APExecOp : Simulator_Instruction<"ap_exec", [AttrSizedOperandSegments]> {
  let summary = "instruction: run a microprogram on associative processors";
  let description = [{
    Writes the rows of `input` (and of `other`) into processors, runs the
    microprogram `program` (docs/ap.md) and writes the results to `output`, like
    `ap.run`. Occupies the processors of `placement` that the microprogram needs
    (its parts take turns on fewer), and a buffer port for the moved bytes.

    An output in the memory `processors` stays in the processors of `placement`.
    An input there comes from the processors of the instruction that left it,
    through links, and these processors are occupied, too (docs/ap.md, "Values
    that stay").

    - C1: as for `ap.run`.

    ```mlir
    %t1 = simulator.ap_exec %x, %y on <"processors", 0, 1>
          program dense<[80, 65, 80]> : tensor<3xi8> after(%t0)
        : memref<8x64xi8, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$input,
    Arg<Optional<Simulator_Buffer>, "", [MemRead]>:$other,
    Arg<Simulator_Buffer, "", [MemWrite]>:$output, PUM_PlacementAttr:$placement,
    ElementsAttr:$program, Variadic<Simulator_TokenType>:$after,
    OptionalAttr<Crossbar_WindowAttr>:$window,
    DefaultValuedAttr<I64Attr, "0">:$input_zero_point);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $input (`with` $other^)? `,` $output `on` $placement `program` $program (`after` `(` $after^ `)`)?
    (`window` $window^)? attr-dict
    `:` type($input) (`with` type($other)^)? `,` type($output)
  }];
  let hasVerifier = 1;
}

def Simulator_APLookupOp : Simulator_Instruction<"ap_lookup"> {
  let summary = "instruction: compare queries with rows of associative processors";
  let description = [{
    Executes `ap.lookup`. The rows of `table` are in place before the program
    starts. Occupies the processors of `placement`, which hold them, and a buffer
    port.

    - C1: as for `ap.lookup`.

    ```mlir
    %t1 = simulator.ap_lookup %q, %d on <"processors", 0, 1>
          in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact after(%t0)
        : memref<5x3xi8, #simulator.memory<buffer>>, memref<5x1xi32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$queries,
    Arg<Simulator_Buffer, "", [MemWrite]>:$output, PUM_PlacementAttr:$placement,
    ElementsAttr:$table, AP_LookupMethodAttr:$method,
    Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $queries `,` $output `on` $placement `in` $table `by` $method (`after` `(` $after^ `)`)?
    attr-dict `:` type($queries) `,` type($output)
  }];
  let hasVerifier = 1;
}

def Simulator_CamWriteOp : Simulator_Instruction<"cam_write"> {
  let summary = "instruction: store words in content-addressable memories";
  let description = [{
    Writes the rows of `table`, `[R, W]` of 0, 1 and 2 (don't care), into the
    memories of `placement`, cut as `mapping` says. It runs once, in the setup
    phase. Rows of one array are written one after the other, all arrays
    simultaneously. Occupies the arrays and, for the words, the DRAM channel.

    - C1: as C1 and C3 of `ap.cam_search`.
    - C2: the placement has the arrays of the mapping (verify-simulator-program).

    ```mlir
    %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 0, 1>
        mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
    ```
  }];
  let arguments = (ins ElementsAttr:$table, PUM_PlacementAttr:$placement,
    AP_CamMappingAttr:$mapping, Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $table `on` $placement `mapping` $mapping (`after` `(` $after^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Simulator_CamSearchOp : Simulator_Instruction<"cam_search", [AttrSizedOperandSegments]> {
  let summary = "instruction: search content-addressable memories";
  let description = [{
    Executes `ap.cam_search` on the words that a `simulator.cam_write` with the
    same table, placement and mapping has stored. Occupies the arrays of
    `placement` and a buffer port.

    - C1: as C1 to C3 of `ap.cam_search`.
    - C2: a `simulator.cam_write` stores the words before it, and nothing else
      uses their arrays (verify-simulator-program).

    ```mlir
    %t1 = simulator.cam_search %q, %d on <"cams", 0, 1>
          in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
          mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1> after(%t0)
        : memref<5x3xi8, #simulator.memory<buffer>>, memref<5x1xi32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins Arg<Simulator_Buffer, "", [MemRead]>:$queries,
    Arg<Simulator_Buffer, "", [MemWrite]>:$output,
    Arg<Optional<Simulator_Buffer>, "", [MemWrite]>:$indices,
    PUM_PlacementAttr:$placement, ElementsAttr:$table,
    AP_SearchKindAttr:$kind, DefaultValuedAttr<I64Attr, "0">:$limit,
    AP_CamMappingAttr:$mapping, Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $queries `,` $output (`,` $indices^)? `on` $placement `in` $table `for` $kind
    (`limit` $limit^)? `mapping` $mapping (`after` `(` $after^ `)`)?
    attr-dict `:` type($queries) `,` type($output) (`,` type($indices)^)?
  }];
  let hasVerifier = 1;
}

def Simulator_ApplyOp : Simulator_Instruction<"apply", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "instruction: apply a net or a table to every element";
  let description = [{
    Executes `crossbar.apply` with the arrays of `grids`, each copy of which
    computes one element at a time. Occupies these arrays and a buffer port. The
    two layers of a net work on consecutive elements at the same time.

    - C1: as for `crossbar.apply`; there are grids, and input and output are of
      one shape, of f32.

    ```mlir
    %t1 = simulator.apply @gelu on (%g1, %g2), %x, %y after(%t0)
        : (!crossbar.grid<1x1x1xi16, ui8>, !crossbar.grid<1x1x1xi16, si16>),
          memref<8x64xf32, #simulator.memory<buffer>>,
          memref<8x64xf32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function,
    Variadic<Crossbar_GridType>:$grids,
    Arg<Simulator_Buffer, "", [MemRead]>:$input,
    Arg<Simulator_Buffer, "", [MemWrite]>:$output,
    Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $function `on` `(` $grids `)` `,` $input `,` $output (`after` `(` $after^ `)`)?
    attr-dict `:` `(` qualified(type($grids)) `)` `,` type($input) `,` type($output)
  }];
}

def Simulator_DigitalOp : Simulator_Instruction<"digital", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "instruction: run a function on the digital unit";
  let description = [{
    Runs the private function `callee`, whose parameters and results are tensors
    of the shapes of `inputs` and `outputs`. Occupies one digital unit for the
    function's scalar operations and a buffer port for the moved bytes.

    - C1: `callee` is a function of the module with matching types.

    ```mlir
    %t1 = simulator.digital @digital_0 (%x) to (%y) after(%t0)
        : (memref<4xf32, #simulator.memory<buffer>>) -> memref<4xf32, #simulator.memory<buffer>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee,
    Arg<Variadic<Simulator_Buffer>, "", [MemRead]>:$inputs,
    Arg<Variadic<Simulator_Buffer>, "", [MemWrite]>:$outputs,
    Variadic<Simulator_TokenType>:$after);
  let results = (outs Simulator_TokenType:$token);
  let assemblyFormat = [{
    $callee `(` $inputs `)` `to` `(` $outputs `)` (`after` `(` $after^ `)`)?
    attr-dict `:` functional-type($inputs, $outputs)
  }];
}

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATOROPS_TD
