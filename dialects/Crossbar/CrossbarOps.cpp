// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Crossbar.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::crossbar;

#define GET_OP_CLASSES
#include "dialects/Crossbar/CrossbarOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

uint64_t QuantizedFormat::magnitude() const {
  return std::max<uint64_t>(std::abs(max() - zeroPoint),
                            std::abs(min() - zeroPoint));
}

unsigned pumice::crossbar::exactSumBits(const QuantizedFormat &input,
                                        const QuantizedFormat &weight,
                                        uint64_t terms) {
  llvm::APInt bound(192, input.magnitude());
  bound *= llvm::APInt(192, weight.magnitude());
  bound *= llvm::APInt(192, terms);
  return bound.getActiveBits() + 1;
}

LogicalResult pumice::crossbar::verifyWindow(
    function_ref<InFlightDiagnostic()> emitError, WindowAttr window,
    int64_t groups, ArrayRef<int64_t> input, ArrayRef<int64_t> output) {
  if (input.size() != 4 || output.size() != 4)
    return emitError() << "input and result must have 4 dimensions, got "
                       << input.size() << " and " << output.size();
  if (input[0] != output[0])
    return emitError() << "input and result differ in batch size: " << input[0]
                       << " and " << output[0];
  if (groups < 1 || input[1] % groups || output[1] % groups)
    return emitError() << "groups must divide the " << input[1]
                       << " input and the " << output[1]
                       << " output channels, got " << groups;
  ArrayRef<int64_t> padding = window.getPadding();
  for (unsigned d : {0u, 1u}) {
    int64_t padded = input[2 + d] + padding[d] + padding[2 + d];
    int64_t extent = window.getDilations()[d] * (window.getKernel()[d] - 1) + 1;
    int64_t size = (padded - extent) / window.getStrides()[d] + 1;
    if (padded < extent)
      return emitError() << "the kernel covers " << extent << " positions of a "
                         << "padded input of " << padded;
    if (size != output[2 + d])
      return emitError() << "dimension " << 2 + d << " of the result must be "
                         << size << ", got " << output[2 + d];
  }
  return success();
}

LogicalResult pumice::crossbar::verifyPartOfConvolution(
    function_ref<InFlightDiagnostic()> emitError, WindowAttr window,
    PartAttr part, GridType grid, ArrayRef<int64_t> input,
    ArrayRef<int64_t> output) {
  const int64_t channels = grid.getGroups() * grid.getColumns();
  if (output.size() != 4 || output[1] != channels)
    return emitError() << "expects a result of " << channels
                       << " channels (those of the grid), got ["
                       << ArrayRef<int64_t>(output) << "]";
  // The positions are those of the whole layer.
  SmallVector<int64_t> whole(output);
  whole[1] = part.getGroups() * part.getColumns();
  if (failed(verifyWindow(emitError, window, part.getGroups(), input, whole)))
    return failure();
  const int64_t rows = input[1] / part.getGroups() * window.getKernelSize();
  if (part.getRows() != rows)
    return emitError() << "expects a part of a matrix of " << rows
                       << " rows, got " << part.getRows();
  return success();
}

LogicalResult
pumice::crossbar::verifyInputs(function_ref<InFlightDiagnostic()> emitError,
                               GridType grid, unsigned width) {
  if (grid.getInputType().getWidth() <= width)
    return success();
  return emitError() << "reads a grid that streams " << grid.getInputType()
                     << ", but has elements of " << width << " bits";
}

LogicalResult
pumice::crossbar::verifyTiling(function_ref<InFlightDiagnostic()> emitError,
                               TilingAttr tiling, CrossbarArrayAttr array,
                               GridType grid) {
  int64_t bits = grid.getElementType().getWidth();
  if (bits > array.getWeightBits())
    return emitError() << "weights of " << bits << " bits, but the array takes "
                       << array.getWeightBits();
  if (grid.getInputType().getWidth() > array.getInputBits())
    return emitError() << "inputs of " << grid.getInputType().getWidth()
                       << " bits, but the array takes " << array.getInputBits();
  int64_t slices = llvm::divideCeil(bits, array.getCellBits());
  if (array.getEncoding() == Encoding::differential)
    slices *= 2;
  if (tiling.getSlices() != slices)
    return emitError() << "weights of " << bits << " bits take " << slices
                       << " slices of " << array.getCellBits() << " bits, got "
                       << tiling.getSlices();
  int64_t weightsPerRow = array.getColumns() / slices;
  int64_t shared = tiling.getGroupsPerArray();
  if (shared > grid.getGroups())
    return emitError() << "groups_per_array is " << shared << " of "
                       << grid.getGroups() << " groups";
  auto covers = [&](StringRef field, int64_t tiles, int64_t size,
                    int64_t perTile) -> LogicalResult {
    if (tiles == (int64_t)llvm::divideCeil(size, perTile))
      return success();
    return emitError() << field << " must be "
                       << llvm::divideCeil(size, perTile) << " for " << size
                       << " of " << perTile << ", got " << tiles;
  };
  if (failed(covers("row_tiles", tiling.getRowTiles(), shared * grid.getRows(),
                    array.getRows())) ||
      failed(covers("column_tiles", tiling.getColumnTiles(),
                    shared * grid.getColumns(), weightsPerRow)))
    return failure();
  if (shared > 1 && (tiling.getRowTiles() > 1 || tiling.getColumnTiles() > 1))
    return emitError() << shared << " groups do not fit one array";
  int64_t arrays = llvm::divideCeil(grid.getGroups(), shared) *
                   tiling.getRowTiles() * tiling.getColumnTiles();
  if (tiling.getArrays() != arrays)
    return emitError() << "the tiling takes " << arrays << " arrays, got "
                       << tiling.getArrays();
  return success();
}

LogicalResult
pumice::crossbar::verifyPart(function_ref<InFlightDiagnostic()> emitError,
                             PartAttr part, GridType grid) {
  struct Field {
    StringRef name;
    int64_t first, size, whole;
  };
  for (const Field &field :
       {Field{"groups", part.getFirstGroup(), grid.getGroups(),
              part.getGroups()},
        Field{"rows", part.getFirstRow(), grid.getRows(), part.getRows()},
        Field{"columns", part.getFirstColumn(), grid.getColumns(),
              part.getColumns()}})
    if (field.size > field.whole - field.first)
      return emitError() << "expects a part within " << field.whole << " "
                         << field.name << ", got " << field.size << " from "
                         << field.first;
  return success();
}

int64_t
pumice::crossbar::arraysPerCopy(TilingAttr tiling,
                                std::optional<ArrayRef<int64_t>> tiles) {
  return tiles ? (*tiles)[1] : tiling.getArrays();
}

LogicalResult pumice::crossbar::verifyProgram(
    function_ref<InFlightDiagnostic()> emitError, ShapedType weights,
    GridType grid, TilingAttr tiling, PartAttr part,
    std::optional<ArrayRef<int64_t>> tiles, int64_t arrays) {
  if (part && failed(verifyPart(emitError, part, grid)))
    return failure();
  const int64_t elements =
      part ? part.getGroups() * part.getRows() * part.getColumns()
           : grid.getGroups() * grid.getRows() * grid.getColumns();
  if (!weights.hasStaticShape() ||
      weights.getElementTypeBitWidth() < grid.getElementType().getWidth() ||
      weights.getNumElements() != elements)
    return emitError() << "cannot program weights " << weights << " into "
                       << grid;
  if (tiles && (tiles->size() != 2 || (*tiles)[0] < 0 || (*tiles)[1] < 1 ||
                (*tiles)[1] > tiling.getArrays() - (*tiles)[0]))
    return emitError() << "expects the first and the number of tiles within "
                       << tiling.getArrays() << ", got [" << *tiles << "]";
  const int64_t perCopy = arraysPerCopy(tiling, tiles);
  if (arrays % perCopy)
    return emitError() << "is placed on " << arrays
                       << " arrays, but every copy of its "
                       << (tiles ? "tiles" : "tiling") << " takes " << perCopy;
  return success();
}

/// C3: the result must hold every sum of `terms` products.
template <typename OpTy>
static LogicalResult verifyAccumulator(OpTy op, int64_t terms) {
  unsigned needed =
      exactSumBits(op.getInputFormat(), op.getWeightFormat(), terms);
  unsigned available = op.getResult().getType().getElementTypeBitWidth();
  if (needed > available)
    return op.emitOpError("needs accumulators of ")
           << needed << " bits, but the result has " << available;
  return success();
}

template <typename OpTy>
static QuantizedFormat inputFormat(OpTy op) {
  int64_t zeroPoint = op.getInputZeroPoint();
  if (auto grid = dyn_cast<GridType>(op.getWeights().getType()))
    return {grid.getInputType().getWidth(), grid.getInputType().isSigned(),
            zeroPoint};
  unsigned width = op.getInput().getType().getElementTypeBitWidth();
  return {unsigned(op.getInputBits().value_or(width)), !op.getInputUnsigned(),
          zeroPoint};
}

template <typename OpTy>
static QuantizedFormat weightFormat(OpTy op) {
  Type type = op.getWeights().getType();
  unsigned bits =
      isa<GridType>(type)
          ? cast<GridType>(type).getElementType().getWidth()
          : op.getWeightBits().value_or(
                cast<RankedTensorType>(type).getElementTypeBitWidth());
  return {bits, /*isSigned=*/true, int64_t(op.getWeightZeroPoint())};
}

QuantizedFormat MVMOp::getInputFormat() { return inputFormat(*this); }
QuantizedFormat MVMOp::getWeightFormat() { return weightFormat(*this); }
QuantizedFormat Conv2DOp::getInputFormat() { return inputFormat(*this); }
QuantizedFormat Conv2DOp::getWeightFormat() { return weightFormat(*this); }

// LayerOpInterface
pumice::LayerTarget MVMOp::getTarget() { return LayerTarget::crossbar; }
pumice::LayerTarget Conv2DOp::getTarget() { return LayerTarget::crossbar; }
Value MVMOp::getLayerInput() { return getInput(); }
Value Conv2DOp::getLayerInput() { return getInput(); }
Value MVMOp::getLayerWeights() { return getWeights(); }
Value Conv2DOp::getLayerWeights() { return getWeights(); }
int64_t MVMOp::getLayerGroups() {
  RankedTensorType input = getInput().getType();
  return input.getRank() == 3 ? input.getDimSize(0) : 1;
}
int64_t Conv2DOp::getLayerGroups() { return getGroups(); }
std::optional<QuantizedFormat> MVMOp::getLayerInputFormat() {
  return getInputFormat();
}
std::optional<QuantizedFormat> Conv2DOp::getLayerInputFormat() {
  return getInputFormat();
}
std::optional<QuantizedFormat> MVMOp::getLayerWeightFormat() {
  return getWeightFormat();
}
std::optional<QuantizedFormat> Conv2DOp::getLayerWeightFormat() {
  return getWeightFormat();
}

/// C4
template <typename OpTy>
static LogicalResult verifyWidths(OpTy op) {
  unsigned width = op.getInput().getType().getElementTypeBitWidth();
  if (auto grid = dyn_cast<GridType>(op.getWeights().getType())) {
    for (StringRef name :
         {op.getInputBitsAttrName(), op.getInputUnsignedAttrName(),
          op.getWeightBitsAttrName()})
      if (op->hasAttr(name))
        return op.emitOpError("has ")
               << name << ", but its weights are a grid, whose type defines it";
    return verifyInputs([&] { return op.emitOpError(); }, grid, width);
  }
  if (op.getInputBits().value_or(width) > width)
    return op.emitOpError("has input_bits of ")
           << *op.getInputBits() << " in elements of " << width << " bits";
  width = cast<RankedTensorType>(op.getWeights().getType())
              .getElementTypeBitWidth();
  if (op.getWeightBits().value_or(width) > width)
    return op.emitOpError("has weight_bits of ")
           << *op.getWeightBits() << " in elements of " << width << " bits";
  return success();
}

static LogicalResult verifyStatic(Operation *op) {
  for (Type type :
       llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (!tensor.hasStaticShape())
        return op->emitOpError("expects static shapes, got ") << tensor;
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult ProgramOp::verify() {
  if (failed(verifyStatic(*this)))
    return failure();
  RankedTensorType weights = getWeights().getType();
  GridType grid = getGrid().getType();
  // C1
  if (weights.getElementTypeBitWidth() < grid.getElementType().getWidth())
    return emitOpError("programs weights of ")
           << weights.getElementType() << " into a grid of "
           << grid.getElementType();
  ArrayRef<int64_t> shape = weights.getShape();
  const int64_t columns = grid.getGroups() * grid.getColumns();
  bool isGrouped = shape.size() == 3 && shape[0] == grid.getGroups() &&
                   shape[1] == grid.getColumns();
  if (shape.size() < 2 || (shape[0] != columns && !isGrouped) ||
      weights.getNumElements() != columns * grid.getRows())
    return emitOpError("cannot program weights ")
           << weights << " into " << grid;
  // C2
  return verifyTiling([&] { return emitOpError(); }, getTiling(), getArray(),
                      grid);
}

LogicalResult JoinOp::verify() {
  // C1
  if (getGrids().empty())
    return emitOpError("joins no grids");
  for (Value grid : getGrids())
    if (grid.getType() != getGrid().getType())
      return emitOpError("joins ")
             << grid.getType() << " to " << getGrid().getType();
  return success();
}

OpFoldResult JoinOp::fold(FoldAdaptor) {
  llvm::SetVector<Value> parts;
  for (Value grid : getGrids())
    if (auto join = grid.getDefiningOp<JoinOp>(); join && join != *this)
      parts.insert_range(join.getGrids());
    else
      parts.insert(grid);
  if (parts.size() == 1)
    return parts.front();
  if (llvm::equal(parts, getGrids()))
    return nullptr;
  getGridsMutable().assign(parts.getArrayRef());
  return getGrid();
}

ParseResult JoinOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> grids;
  Type type;
  if (parser.parseOperandList(grids) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands(grids, type, result.operands))
    return failure();
  result.addTypes(type);
  return success();
}

void JoinOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getGrids();
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getGrid().getType();
}

/// C5: a part is of a grid, and within the whole.
template <typename OpTy>
static LogicalResult verifyPart(OpTy op) {
  if (!op.getPartAttr())
    return success();
  auto grid = dyn_cast<GridType>(op.getWeights().getType());
  if (!grid)
    return op.emitOpError("has a part, but no grid that holds it");
  return crossbar::verifyPart([&] { return op.emitOpError(); },
                              op.getPartAttr(), grid);
}

LogicalResult MVMOp::verify() {
  if (failed(verifyStatic(*this)) || failed(verifyWidths(*this)) ||
      failed(::verifyPart(*this)))
    return failure();
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if ((input.size() != 2 && input.size() != 3) || result.size() != input.size())
    return emitOpError("expects an input and a result of 2 dimensions, or of 3 "
                       "with groups, got ")
           << input.size() << " and " << result.size();
  bool isGrouped = input.size() == 3;
  int64_t groups = isGrouped ? input[0] : 1;
  int64_t rows, columns, terms;
  PartAttr part = getPartAttr();
  auto grid = dyn_cast<GridType>(getWeights().getType());
  if (grid) {
    const int64_t held = part ? part.getGroups() : grid.getGroups();
    if (held != groups) // C2
      return emitOpError("expects a grid of ")
             << groups << (groups == 1 ? " group" : " groups") << ", got "
             << held;
    rows = part ? part.getRows() : grid.getRows();
    columns = grid.getColumns();
    terms = grid.getRows();
  } else {
    auto weights = cast<RankedTensorType>(getWeights().getType());
    if (weights.getRank() != int64_t(input.size()))
      return emitOpError("expects weights of ")
             << input.size() << " dimensions, got " << weights.getRank();
    if (isGrouped && weights.getDimSize(0) != groups)
      return emitOpError("expects weights of ")
             << groups << " groups, got " << weights.getDimSize(0);
    columns = weights.getDimSize(isGrouped);
    terms = rows = weights.getDimSize(isGrouped + 1);
  }
  // C1
  SmallVector<int64_t> expected(input);
  expected.back() = columns;
  if (part && isGrouped)
    expected[0] = grid.getGroups();
  if (input.back() != rows || result != ArrayRef<int64_t>(expected))
    return emitOpError("cannot multiply ")
           << getInput().getType() << " by " << rows << "x" << columns
           << " weights to " << getResult().getType();
  // C3
  return verifyAccumulator(*this, terms);
}

LogicalResult Conv2DOp::verify() {
  if (failed(verifyStatic(*this)) || failed(verifyWidths(*this)) ||
      failed(::verifyPart(*this)))
    return failure();
  // C1
  const int64_t groups = getGroups();
  ArrayRef<int64_t> kernel = getWindow().getKernel();
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if (PartAttr part = getPartAttr()) {
    auto grid = cast<GridType>(getWeights().getType());
    if (grid.getGroups() != groups) // C2
      return emitOpError("expects a grid of ")
             << groups << (groups == 1 ? " group" : " groups") << ", got "
             << grid.getGroups();
    if (failed(verifyPartOfConvolution([&] { return emitOpError(); },
                                       getWindow(), part, grid, input, result)))
      return failure();
    return verifyAccumulator(*this, grid.getRows());
  }
  if (failed(verifyWindow([&] { return emitOpError(); }, getWindow(), groups,
                          input, result)))
    return failure();
  int64_t rows = input[1] / groups * getWindow().getKernelSize();
  // C2
  if (auto grid = dyn_cast<GridType>(getWeights().getType())) {
    if (grid.getGroups() != groups || grid.getRows() != rows ||
        grid.getColumns() * groups != result[1])
      return emitOpError("expects a grid of ")
             << groups << "x" << rows << "x" << result[1] / groups << ", got "
             << grid;
  } else {
    SmallVector<int64_t> expected{result[1], input[1] / groups, kernel[0],
                                  kernel[1]};
    auto weights = cast<RankedTensorType>(getWeights().getType());
    if (weights.getShape() != ArrayRef<int64_t>(expected))
      return emitOpError("expects weights of shape [")
             << expected << "], got [" << weights.getShape() << "]";
  }
  // C3
  return verifyAccumulator(*this, rows);
}
