// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD

include "dialects/Crossbar/CrossbarDialect.td"
include "dialects/Crossbar/CrossbarEnums.td"
include "mlir/IR/CommonAttrConstraints.td"

class Crossbar_Attr<string name, string attrMnemonic>
    : AttrDef<Crossbar_Dialect, name> {
  let mnemonic = attrMnemonic;
}

class Crossbar_Real<string text = "0">
    : DefaultValuedParameter<"::pumice::Number", "::pumice::Number{" # text # "}">;

def Crossbar_AdcCodesAttr : Crossbar_Attr<"AdcCodes", "adc_codes"> {
  let summary = "the measured output codes of one converter";
  let description = [{
    A converter of `n` codes has `n - 1` `thresholds` and `n` `values`, as
    fractions of its range. The output code of a sum is the number of thresholds
    that are not above it, and stands for the value with that number. Thresholds
    are between 0 and 1, values between -1 and 2; neither decrease.

    ```mlir
    #crossbar.adc_codes<thresholds = [0.1, 0.3, 0.7], values = [0, 0.2, 0.5, 1]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::pumice::Number">:$thresholds,
                        ArrayRefParameter<"::pumice::Number">:$values);
  let assemblyFormat = [{
    `<` `thresholds` `=` `[` $thresholds `]` `,` `values` `=` `[` $values `]` `>`
  }];
  let genVerifyDecl = 1;
}

def Crossbar_AdcTableAttr : Crossbar_Attr<"AdcTable", "adc_table"> {
  let summary = "the measured output codes of the converters of an array";
  let description = [{
    `converters` lists `#crossbar.adc_codes`: converter `i` of an array has those
    of number `i` modulo the length of the list. In a device file, `file` may
    stand for the list: the path of a table (docs/devices.md, "Tables of
    measurements"), relative to the device file. Reading the device puts the list
    in its place.

    ```mlir
    #crossbar.adc_table<converters = [
      #crossbar.adc_codes<thresholds = [0.45], values = [0, 1]>]>
    ```
    ```mlir
    #crossbar.adc_table<file = "adc.csv">
    ```
  }];
  let parameters = (ins StringRefParameter<"", [{""}]>:$file,
                        OptionalParameter<"::mlir::ArrayAttr">:$converters);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Checks it for converters of `bits` bits.
    ::llvm::LogicalResult
    verifyFor(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
              int64_t bits, AdcMode mode);
  }];
}

def Crossbar_AdcAttr : Crossbar_Attr<"Adc", "adc"> {
  let summary = "an analog-to-digital converter";
  let description = [{
    Maps the sum `v` of one column to an output code of `bits` bits, 1 to 32:
    - `lossless`: `v` itself, rounded to the nearest integer; `bits` affects
      only costs.
    - `clip`: step 1, saturating: `v` rounded half to even, in
      `[0, 2^bits - 1]`.
    - `full_scale`: `2^bits - 1` steps that cover the largest sum that the rows
      of one read, the DAC and the cells can produce.
    - `calibrated`: the same number of steps, covering `adc_range` of the layer
      (`crossbar.program`), which calibration determines from data.

    The last two are `clip` when the range has no more than `2^bits - 1` levels:
    a converter does not resolve less than one level. docs/numerics.md contains
    the formulas.

    With `table`, converters of these two modes have measured output codes
    instead of equal steps, whatever the number of levels; `bits` is then at most
    12.

    ```mlir
    #crossbar.adc<bits = 8, mode = clip>
    ```
  }];
  let parameters = (ins "int64_t":$bits, EnumParameter<Crossbar_AdcMode>:$mode,
    OptionalParameter<"::pumice::crossbar::AdcTableAttr">:$table);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_CellLevelAttr : Crossbar_Attr<"CellLevel", "cell_level"> {
  let summary = "what was measured of cells of one level";
  let description = [{
    - `temperature_k`: of the measurement, above 0; 0 (the default) if the table
      does not state temperatures.
    - `mean_siemens`: the mean conductance of cells that are programmed to the
      level; `spread_siemens`: its standard deviation (programming error).
    - `drift_exponent`, `drift_exponent_sigma`: mean and standard deviation of
      the exponents with which these cells drift.
    - `read_noise_siemens`: standard deviation of what a cell conducts from one
      read to the next.

    All are at least 0.

    ```mlir
    #crossbar.cell_level<mean_siemens = 25.0e-6, spread_siemens = 1.1e-6, drift_exponent = 0.05>
    ```
  }];
  let parameters = (ins Crossbar_Real<>:$temperature_k,
    "::pumice::Number":$mean_siemens, Crossbar_Real<>:$spread_siemens,
    Crossbar_Real<>:$drift_exponent, Crossbar_Real<>:$drift_exponent_sigma,
    Crossbar_Real<>:$read_noise_siemens);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_CellTableAttr : Crossbar_Attr<"CellTable", "cell_table"> {
  let summary = "what was measured of cells, by level";
  let description = [{
    `levels` lists a `#crossbar.cell_level` for each level, from the lowest, and
    for several temperatures one such list after the other. Means increase with
    the level. In a device file, `file` may stand for the list: the path of a
    table (docs/devices.md, "Tables of measurements"), relative to the device
    file. Reading the device puts the list in its place.

    ```mlir
    #crossbar.cell_table<levels = [#crossbar.cell_level<mean_siemens = 1.0e-6>,
                                   #crossbar.cell_level<mean_siemens = 25.0e-6>]>
    ```
    ```mlir
    #crossbar.cell_table<file = "cells.csv">
    ```
  }];
  let parameters = (ins StringRefParameter<"", [{""}]>:$file,
                        OptionalParameter<"::mlir::ArrayAttr">:$levels);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Checks it for cells of `cellBits` bits at a temperature.
    ::llvm::LogicalResult
    verifyFor(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
              int64_t cellBits, double temperature);
  }];
}

def Crossbar_WriteVerifyAttr : Crossbar_Attr<"WriteVerify", "write_verify"> {
  let summary = "programming by pulses and verifying reads";
  let description = [{
    A cell gets pulses until a verifying read finds its conductance within
    `tolerance` of that of its level, as a fraction of the range of the levels,
    above 0; at most `pulses` of them, 1 to 1024. The programming error of the
    first pulse is that of the cells; that of each later pulse is drawn anew,
    with `shrink` times the standard deviation of the one before (above 0 and at
    most 1, which is the default).

    ```mlir
    #crossbar.write_verify<pulses = 8, tolerance = 0.02, shrink = 0.9>
    ```
  }];
  let parameters = (ins "int64_t":$pulses, "::pumice::Number":$tolerance,
                        Crossbar_Real<"1">:$shrink);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_AnalogAttr : Crossbar_Attr<"Analog", "analog"> {
  let summary = "non-ideal effects of the cells of an array";
  let description = [{
    Every effect is disabled by default; docs/numerics.md contains the formulas
    and their sources. The same seed gives the same cells and the same noise for
    any number of threads.
    - `seed`: at least 0.
    - `program_error_absolute`, `program_error_relative`: standard deviations of
      the programmed conductance, as a fraction of the on-conductance and of its
      own value, at least 0.
    - `read_noise`: standard deviation of the noise of one conversion, in cell
      levels, at least 0.
    - `on_off_ratio`: conductance of the highest level divided by that of the
      lowest, above 1; 0 means infinite. With `reference_column`, the
      conductance of the lowest level is subtracted before the conversion.
    - `nonlinearity`: exponent of the curve from levels to conductances, -20 to
      20; 0 means linear.
    - `stuck_on`, `stuck_off`: fractions of cells that always have the highest or
      the lowest level, in sum at most 1.
    - `drift_exponent`, `drift_exponent_sigma`: a cell's conductance decays as
      `(drift_time_s / 1 s)^-exponent`, with a normally distributed exponent;
      both at least 0. `drift_time_s` is 0 (no drift), or at least 1.
    - `wire_resistance_ohm`: resistance of the wire between two cells, at least
      0, and `on_resistance_ohm`: resistance of a cell at the highest level,
      above 0 if there is wire resistance. Wire resistance lowers the voltage at
      the far cells.
    - `cells`: measurements by level, in place of programming errors,
      `on_off_ratio`, `nonlinearity` and exponents of drift, which must be 0;
      `temperature_k`: the temperature at which the array works, between those of
      the table.
    - `drift_compensation`: one factor for each array brings its mean
      conductance back to that before the drift.
    - `write_verify`: cells are programmed by pulses and verifying reads.

    ```mlir
    #crossbar.analog<seed = 1, program_error_relative = 0.05, stuck_off = 0.001>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "0">:$seed,
    Crossbar_Real<>:$program_error_absolute,
    Crossbar_Real<>:$program_error_relative,
    Crossbar_Real<>:$read_noise,
    Crossbar_Real<>:$on_off_ratio,
    DefaultValuedParameter<"bool", "false">:$reference_column,
    Crossbar_Real<>:$nonlinearity,
    Crossbar_Real<>:$stuck_on, Crossbar_Real<>:$stuck_off,
    Crossbar_Real<>:$drift_exponent, Crossbar_Real<>:$drift_exponent_sigma,
    Crossbar_Real<>:$drift_time_s,
    Crossbar_Real<>:$wire_resistance_ohm, Crossbar_Real<>:$on_resistance_ohm,
    OptionalParameter<"::pumice::crossbar::CellTableAttr">:$cells,
    Crossbar_Real<>:$temperature_k,
    DefaultValuedParameter<"bool", "false">:$drift_compensation,
    OptionalParameter<"::pumice::crossbar::WriteVerifyAttr">:$write_verify);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

/// Width of codes that are stored in wider elements.
def Crossbar_Bits : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<16>]>;

/// The largest column sum, in cell levels, that a `calibrated` converter
/// resolves.
def Crossbar_AdcRange
    : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<2147483647>]>;

def Crossbar_ArrayAttr : Crossbar_Attr<"CrossbarArray", "array"> {
  let summary = "the numerical shape of one crossbar array";
  let description = [{
    - `rows`, `columns`: wordlines and bitlines, 1 to 65536.
    - `cell_bits`: bits in one cell; divides `weight_bits`.
    - `weight_bits`, `input_bits`: the widest weight and input that the
      periphery can recombine and stream. A layer with narrower values uses
      fewer cells and fewer reads.
    - `dac_bits`: input bits that one read applies to a wordline.
    - `adc`: the converter; `columns_per_adc` columns share one.
    - `encoding`: `offset` stores `w + 2^(b-1)` for a weight of `b` bits and
      subtracts `2^(b-1)` times the input sum digitally; `offset_flip` stores a
      column inverted where that lowers its sum (ISAAC); `differential` stores
      the positive and the negative parts of weights on separate columns.
    - `rows_per_read`: wordlines that one read drives, at most `rows`; if
      absent, all. An array with more wordlines in use is read in several steps.
    - `analog`: non-ideal effects of the cells; if absent, cells are ideal. With
      it, an array has at most 2^26 cells, each of which is modelled.

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
    EnumParameter<Crossbar_Encoding>:$encoding,
    OptionalParameter<"::std::optional<int64_t>">:$rows_per_read,
    OptionalParameter<"::pumice::crossbar::AnalogAttr">:$analog);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_TilingAttr : Crossbar_Attr<"Tiling", "tiling"> {
  let summary = "how a weight matrix is cut into arrays";
  let description = [{
    - `row_tiles`: wordline tiles of a group (partial sums are added digitally);
    - `column_tiles`: tiles of output columns;
    - `slices`: adjacent cells of one array that hold one weight, least
      significant first; with `differential` encoding, the slices of the
      positive part come before those of the negative part;
    - `groups_per_array`: groups of a grouped layer that share one array on its
      block diagonal; their reads are serialized;
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

def Crossbar_PartAttr : Crossbar_Attr<"Part", "part"> {
  let summary = "where a grid that holds a part of a weight matrix begins";
  let description = [{
    The whole matrix has `groups` groups of `rows` x `columns` weights. The grid
    holds those from `first_group`, `first_row` and `first_column` on, as many as
    its type says. Sizes are at least 1, positions at least 0 and within the
    whole.

    ```mlir
    #crossbar.part<groups = 1, rows = 4608, columns = 512,
                   first_group = 0, first_row = 1152, first_column = 128>
    ```
  }];
  let parameters = (ins "int64_t":$groups, "int64_t":$rows, "int64_t":$columns,
    "int64_t":$first_group, "int64_t":$first_row, "int64_t":$first_column);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_WindowAttr : Crossbar_Attr<"Window", "window"> {
  let summary = "the window of a 2-D convolution or pooling";
  let description = [{
    `torch.nn.functional.conv2d` defines the terms. `kernel`, `strides` and
    `dilations` are `[height, width]`, at least 1; `padding` is
    `[top, left, bottom, right]`, at least 0.

    ```mlir
    #crossbar.window<kernel = [3, 3], strides = [2, 2], dilations = [1, 1], padding = [1, 1, 1, 1]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$kernel,
    ArrayRefParameter<"int64_t">:$strides, ArrayRefParameter<"int64_t">:$dilations,
    ArrayRefParameter<"int64_t">:$padding);
  let assemblyFormat = [{
    `<` `kernel` `=` `[` $kernel `]` `,` `strides` `=` `[` $strides `]` `,`
    `dilations` `=` `[` $dilations `]` `,` `padding` `=` `[` $padding `]` `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Positions of the kernel.
    int64_t getKernelSize() const { return getKernel()[0] * getKernel()[1]; }
    /// True if any side has padding.
    bool isPadded() const;
  }];
}

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

def Crossbar_FormatAttr : Crossbar_Attr<"Format", "format"> {
  let summary = "integers that stand for equidistant numbers";
  let description = [{
    The unsigned integers of `bits` bits, 2 to 16, stand for the `2^bits`
    equidistant numbers from `low` to `high`, both finite, with `low < high`.

    ```mlir
    #crossbar.format<bits = 12, low = -8, high = 8>
    ```
  }];
  let parameters = (ins "int64_t":$bits, "::pumice::Number":$low,
                        "::pumice::Number":$high);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_TanhAttr : Crossbar_Attr<"Tanh", "tanh"> {
  let summary = "the tanh unit of a net";
  let description = [{
    Inputs and results have `bits` bits, 2 to 16, in two's complement. Inputs
    stand for numbers in `[-range, range)`, with a finite `range` above 0.

    ```mlir
    #crossbar.tanh<bits = 16, range = 4>
    ```
  }];
  let parameters = (ins "int64_t":$bits, "::pumice::Number":$range);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_LineAttr : Crossbar_Attr<"Line", "line"> {
  let summary = "a straight line that continues a function";
  let description = [{
    `slope * x + offset`, both finite. With a slope of 0, `offset` whatever `x`
    is, infinite too.

    ```mlir
    #crossbar.line<slope = 1, offset = 0>
    ```
  }];
  let parameters = (ins "::pumice::Number":$slope, "::pumice::Number":$offset);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_ReductionAttr : Crossbar_Attr<"Reduction", "reduction"> {
  let summary = "reduction of a range by powers of two";
  let description = [{
    For `x = m * base^k` with `base` 2 or 4 and `m` in `[1, base)`, the result is
    `f(m) * 2^(shift * k) + offset * k`, where `f` is the function on the reduced
    range: a detector of the leading one and shifts instead of a wide domain.
    With `odd`, the result for `-x` is that for `x` with the other sign; without
    it, numbers below 0 are taken for 0. The result for 0, and for numbers below
    the least normal one, is `zero`. `shift` is between -4 and 4.

    ```mlir
    #crossbar.reduction<base = 4, shift = -1, zero = 3.4028234663852886e+38>
    ```
  }];
  let parameters = (ins "int64_t":$base, "int64_t":$shift,
    Crossbar_Real<>:$offset, DefaultValuedParameter<"bool", "false">:$odd,
    Crossbar_Real<>:$zero);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Crossbar_NetLayerAttr : Crossbar_Attr<"NetLayer", "net_layer"> {
  let summary = "one layer of a net";
  let description = [{
    Integer `weights`, `[columns, rows]`, two's complement; the sum of each
    column is multiplied by its scale, and its bias is added, in f32.

    ```mlir
    #crossbar.net_layer<weights = dense<[[32767], [-32767]]> : tensor<2x1xi16>,
                        scales = dense<[1.0e-6, 2.0e-6]> : tensor<2xf32>,
                        biases = dense<[-1.0, 0.5]> : tensor<2xf32>>
    ```
  }];
  let parameters = (ins "::mlir::DenseIntElementsAttr":$weights,
    "::mlir::DenseFPElementsAttr":$scales, "::mlir::DenseFPElementsAttr":$biases);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getColumns() const { return getWeights().getType().getDimSize(0); }
    int64_t getRows() const { return getWeights().getType().getDimSize(1); }
  }];
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARATTRS_TD
