// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Crossbar.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace pumice::crossbar;
using pumice::Number;

#include "dialects/Crossbar/CrossbarDialect.cpp.inc"
#include "dialects/Crossbar/CrossbarEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Crossbar/CrossbarAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Crossbar/CrossbarTypes.cpp.inc"

namespace {
/// Prints array shapes once, as an alias at the top of the file.
struct AsmInterface : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    if (!isa<CrossbarArrayAttr>(attr))
      return AliasResult::NoAlias;
    os << "array";
    return AliasResult::OverridableAlias;
  }
};
} // namespace

void CrossbarDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Crossbar/CrossbarAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Crossbar/CrossbarTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Crossbar/CrossbarOps.cpp.inc"
      >();
  addInterfaces<AsmInterface>();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

static LogicalResult
verifyRange(llvm::function_ref<InFlightDiagnostic()> emitError, StringRef field,
            int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high)
    return success();
  return emitError() << field << " must be between " << low << " and " << high
                     << ", got " << value;
}

LogicalResult AdcAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              int64_t bits, AdcMode mode, AdcTableAttr table) {
  if (failed(verifyRange(emitError, "adc bits", bits, 1, 32)))
    return failure();
  return table ? table.verifyFor(emitError, bits, mode) : success();
}

LogicalResult CrossbarArrayAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
    int64_t cellBits, int64_t weightBits, int64_t inputBits, int64_t dacBits,
    AdcAttr, int64_t columnsPerAdc, Encoding encoding,
    std::optional<int64_t> rowsPerRead, AnalogAttr analog) {
  if (failed(verifyRange(emitError, "rows", rows, 1, 65536)) ||
      failed(verifyRange(emitError, "columns", columns, 1, 65536)) ||
      failed(verifyRange(emitError, "cell_bits", cellBits, 1, 8)) ||
      failed(verifyRange(emitError, "weight_bits", weightBits, 1, 16)) ||
      failed(verifyRange(emitError, "input_bits", inputBits, 1, 16)) ||
      failed(verifyRange(emitError, "dac_bits", dacBits, 1, 8)) ||
      failed(verifyRange(emitError, "columns_per_adc", columnsPerAdc, 1,
                         columns)) ||
      failed(verifyRange(emitError, "rows_per_read", rowsPerRead.value_or(rows),
                         1, rows)))
    return failure();
  if (weightBits % cellBits)
    return emitError() << "cell_bits must divide weight_bits, got " << cellBits
                       << " and " << weightBits;
  int64_t slices =
      weightBits / cellBits * (encoding == Encoding::differential ? 2 : 1);
  if (slices > columns)
    return emitError() << "a weight takes " << slices
                       << " cells of a wordline, but columns is " << columns;
  // Each cell of an array has its own numbers.
  constexpr int64_t mostAnalogCells = int64_t(1) << 26;
  if (analog && rows * columns > mostAnalogCells)
    return emitError() << "rows times columns must be at most "
                       << mostAnalogCells << " with analog, got "
                       << rows * columns;
  if (analog && analog.getCells())
    return analog.getCells().verifyFor(emitError, cellBits,
                                       analog.getTemperatureK());
  return success();
}

LogicalResult AnalogAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, int64_t seed,
    Number programErrorAbsolute, Number programErrorRelative, Number readNoise,
    Number onOffRatio, bool, Number nonlinearity, Number stuckOn,
    Number stuckOff, Number driftExponent, Number driftExponentSigma,
    Number driftTime, Number wireResistance, Number onResistance,
    CellTableAttr cells, Number temperature, bool, WriteVerifyAttr) {
  if (seed < 0)
    return emitError() << "seed must be at least 0, got " << seed;
  for (auto [field, value] :
       {std::pair<StringRef, double>{"program_error_absolute",
                                     programErrorAbsolute},
        {"program_error_relative", programErrorRelative},
        {"read_noise", readNoise},
        {"on_off_ratio", onOffRatio},
        {"stuck_on", stuckOn},
        {"stuck_off", stuckOff},
        {"drift_exponent", driftExponent},
        {"drift_exponent_sigma", driftExponentSigma},
        {"drift_time_s", driftTime},
        {"wire_resistance_ohm", wireResistance},
        {"on_resistance_ohm", onResistance},
        {"temperature_k", temperature}})
    if (!std::isfinite(value) || value < 0)
      return emitError() << field << " must be at least 0, got " << value;
  if (!cells && temperature != 0)
    return emitError() << "temperature_k must be 0 without cells, got "
                       << double(temperature);
  for (auto [field, value] :
       {std::pair<StringRef, double>{"program_error_absolute",
                                     programErrorAbsolute},
        {"program_error_relative", programErrorRelative},
        {"on_off_ratio", onOffRatio},
        {"nonlinearity", nonlinearity},
        {"drift_exponent", driftExponent},
        {"drift_exponent_sigma", driftExponentSigma}})
    if (cells && value != 0)
      return emitError() << field << " must be 0 with cells, which say it, got "
                         << value;
  if (onOffRatio != 0 && onOffRatio <= 1)
    return emitError() << "on_off_ratio must be 0 (no limit) or above 1, got "
                       << double(onOffRatio);
  if (!(std::abs(nonlinearity) <= 20))
    return emitError() << "nonlinearity must be between -20 and 20, got "
                       << double(nonlinearity);
  if (stuckOn + stuckOff > 1)
    return emitError() << "stuck_on and stuck_off must be at most 1 in sum, "
                          "got "
                       << stuckOn + stuckOff;
  if (driftTime != 0 && driftTime < 1)
    return emitError() << "drift_time_s must be 0 (no drift) or at least 1, "
                          "got "
                       << double(driftTime);
  if (wireResistance != 0 && onResistance == 0)
    return emitError() << "on_resistance_ohm must be above 0 where "
                          "wire_resistance_ohm is, got 0";
  return success();
}

LogicalResult TilingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rowTiles, int64_t columnTiles,
                                 int64_t slices, int64_t groupsPerArray,
                                 int64_t arrays) {
  for (auto [field, value] :
       {std::pair<StringRef, int64_t>{"row_tiles", rowTiles},
        {"column_tiles", columnTiles},
        {"slices", slices},
        {"groups_per_array", groupsPerArray},
        {"arrays", arrays}})
    if (value < 1)
      return emitError() << field << " must be at least 1, got " << value;
  return success();
}

LogicalResult PartAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t groups, int64_t rows, int64_t columns,
                               int64_t firstGroup, int64_t firstRow,
                               int64_t firstColumn) {
  for (auto [name, value, low, high] :
       {std::tuple<StringRef, int64_t, int64_t, int64_t>{"groups", groups, 1,
                                                         INT64_MAX},
        {"rows", rows, 1, INT64_MAX},
        {"columns", columns, 1, INT64_MAX},
        {"first_group", firstGroup, 0, groups - 1},
        {"first_row", firstRow, 0, rows - 1},
        {"first_column", firstColumn, 0, columns - 1}})
    if (failed(verifyRange(emitError, name, value, low, high)))
      return failure();
  int64_t weights;
  if (llvm::MulOverflow(groups, rows, weights) ||
      llvm::MulOverflow(weights, columns, weights))
    return emitError() << "expects a matrix of fewer than 2^63 weights, got "
                       << groups << " groups of " << rows << "x" << columns;
  return success();
}

LogicalResult WindowAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> dilations,
                                 ArrayRef<int64_t> padding) {
  for (auto [name, values, size, low] :
       {std::tuple<StringRef, ArrayRef<int64_t>, size_t, int64_t>{"kernel",
                                                                  kernel, 2, 1},
        {"strides", strides, 2, 1},
        {"dilations", dilations, 2, 1},
        {"padding", padding, 4, 0}}) {
    if (values.size() != size)
      return emitError() << name << " must have " << size << " values, got "
                         << values.size();
    for (int64_t value : values)
      if (failed(verifyRange(emitError, name, value, low, INT32_MAX)))
        return failure();
  }
  return success();
}

bool WindowAttr::isPadded() const {
  return llvm::any_of(getPadding(), [](int64_t size) { return size > 0; });
}

static LogicalResult verifyFinite(function_ref<InFlightDiagnostic()> emitError,
                                  StringRef field, double value) {
  if (std::isfinite(value))
    return success();
  return emitError() << field << " must be finite, got " << value;
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bits, Number low, Number high) {
  if (failed(verifyRange(emitError, "bits", bits, 2, 16)) ||
      failed(verifyFinite(emitError, "low", low)) ||
      failed(verifyFinite(emitError, "high", high)))
    return failure();
  if (double(low) < double(high))
    return success();
  return emitError() << "low must be less than high, got " << double(low)
                     << " and " << double(high);
}

LogicalResult TanhAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t bits, Number range) {
  if (failed(verifyRange(emitError, "bits", bits, 2, 16)))
    return failure();
  if (std::isfinite(range) && range > 0)
    return success();
  return emitError() << "range must be finite and above 0, got "
                     << double(range);
}

LogicalResult LineAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               Number slope, Number offset) {
  if (failed(verifyFinite(emitError, "slope", slope)) ||
      failed(verifyFinite(emitError, "offset", offset)))
    return failure();
  return success();
}

LogicalResult
ReductionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t base, int64_t shift, Number offset, bool,
                      Number zero) {
  if (base != 2 && base != 4)
    return emitError() << "base must be 2 or 4, got " << base;
  if (failed(verifyRange(emitError, "shift", shift, -4, 4)) ||
      failed(verifyFinite(emitError, "offset", offset)) ||
      failed(verifyFinite(emitError, "zero", zero)))
    return failure();
  return success();
}

LogicalResult NetLayerAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   DenseIntElementsAttr weights,
                                   DenseFPElementsAttr scales,
                                   DenseFPElementsAttr biases) {
  auto type = dyn_cast<RankedTensorType>(weights.getType());
  if (!type || type.getRank() != 2 || !type.getElementType().isInteger(16) ||
      type.getNumElements() == 0)
    return emitError() << "weights must be i16 of 2 dimensions, got "
                       << weights.getType();
  for (auto [field, values] :
       {std::pair<StringRef, DenseFPElementsAttr>{"scales", scales},
        {"biases", biases}}) {
    if (!values.getElementType().isF32() ||
        values.getNumElements() != type.getDimSize(0))
      return emitError() << field << " must be " << type.getDimSize(0)
                         << " of f32, one for each column, got "
                         << values.getType();
    for (float value : values.getValues<float>())
      if (failed(verifyFinite(emitError, field, value)))
        return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type GridType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  IntegerType element, input;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseComma() ||
      parser.parseType(input) || parser.parseGreater())
    return {};
  if (shape.size() != 3) {
    parser.emitError(loc, "a grid has the shape groups x rows x columns, got ")
        << shape.size() << " dimensions";
    return {};
  }
  return parser.getChecked<GridType>(loc, parser.getContext(), shape[0],
                                     shape[1], shape[2], element, input);
}

void GridType::print(AsmPrinter &printer) const {
  printer << '<' << getGroups() << 'x' << getRows() << 'x' << getColumns()
          << 'x' << getElementType() << ", " << getInputType() << '>';
}

LogicalResult GridType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t groups, int64_t rows, int64_t columns,
                               IntegerType elementType, IntegerType inputType) {
  if (groups < 1 || rows < 1 || columns < 1)
    return emitError() << "the sizes of a grid must be at least 1, got "
                       << groups << "x" << rows << "x" << columns;
  std::optional<int64_t> size = llvm::checkedMul(groups, rows);
  if (!size || !llvm::checkedMul(*size, columns))
    return emitError() << "a grid of " << groups << "x" << rows << "x"
                       << columns << " is too large";
  if (!elementType.isSignless() || elementType.getWidth() > 16)
    return emitError()
           << "a grid holds signless integers of at most 16 bits, got "
           << elementType;
  if (inputType.isSignless() || inputType.getWidth() < 1 ||
      inputType.getWidth() > 16)
    return emitError() << "a grid streams unsigned or signed integers of 1 to "
                          "16 bits, such as ui8, got "
                       << inputType;
  return success();
}
