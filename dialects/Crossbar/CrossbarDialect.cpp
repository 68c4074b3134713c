// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Crossbar.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace pumice::crossbar;

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
                              int64_t bits, AdcMode) {
  return verifyRange(emitError, "adc bits", bits, 1, 32);
}

LogicalResult CrossbarArrayAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
    int64_t cellBits, int64_t weightBits, int64_t inputBits, int64_t dacBits,
    AdcAttr, int64_t columnsPerAdc, Encoding) {
  if (failed(verifyRange(emitError, "rows", rows, 1, 65536)) ||
      failed(verifyRange(emitError, "columns", columns, 1, 65536)) ||
      failed(verifyRange(emitError, "cell_bits", cellBits, 1, 8)) ||
      failed(verifyRange(emitError, "weight_bits", weightBits, 1, 16)) ||
      failed(verifyRange(emitError, "input_bits", inputBits, 1, 16)) ||
      failed(verifyRange(emitError, "dac_bits", dacBits, 1, 8)) ||
      failed(
          verifyRange(emitError, "columns_per_adc", columnsPerAdc, 1, columns)))
    return failure();
  if (weightBits % cellBits)
    return emitError() << "cell_bits must divide weight_bits, got " << cellBits
                       << " and " << weightBits;
  if (weightBits / cellBits > columns)
    return emitError() << "a weight takes " << weightBits / cellBits
                       << " cells of a wordline, but columns is " << columns;
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

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type GridType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  IntegerType element;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseGreater())
    return {};
  if (shape.size() != 3) {
    parser.emitError(loc, "a grid has the shape groups x rows x columns, got ")
        << shape.size() << " dimensions";
    return {};
  }
  return parser.getChecked<GridType>(loc, parser.getContext(), shape[0],
                                     shape[1], shape[2], element);
}

void GridType::print(AsmPrinter &printer) const {
  printer << '<' << getGroups() << 'x' << getRows() << 'x' << getColumns()
          << 'x' << getElementType() << '>';
}

LogicalResult GridType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t groups, int64_t rows, int64_t columns,
                               IntegerType elementType) {
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
  return success();
}
