// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Crossbar.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/APInt.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pumice::crossbar;

#define GET_OP_CLASSES
#include "dialects/Crossbar/CrossbarOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

uint64_t Codes::magnitude() const {
  return std::max<uint64_t>(std::abs(max() - zeroPoint),
                            std::abs(min() - zeroPoint));
}

unsigned pumice::crossbar::accumulatorBits(const Codes &input,
                                           const Codes &weight,
                                           uint64_t terms) {
  llvm::APInt bound(192, input.magnitude());
  bound *= llvm::APInt(192, weight.magnitude());
  bound *= llvm::APInt(192, terms);
  return bound.getActiveBits() + 1;
}

LogicalResult pumice::crossbar::verifyConvWindow(
    function_ref<InFlightDiagnostic()> emitError, const ConvWindow &window,
    ArrayRef<int64_t> input, ArrayRef<int64_t> output) {
  for (auto [name, values, size, low] :
       {std::tuple<StringRef, ArrayRef<int64_t>, size_t, int64_t>{
            "kernel", window.kernel, 2, 1},
        {"strides", window.strides, 2, 1},
        {"dilations", window.dilations, 2, 1},
        {"padding", window.padding, 4, 0}}) {
    if (values.size() != size)
      return emitError() << name << " must have " << size << " values, got "
                         << values.size();
    for (int64_t value : values)
      if (value < low || value > INT32_MAX)
        return emitError() << name << " must be between " << low << " and "
                           << INT32_MAX << ", got " << value;
  }
  if (input.size() != 4 || output.size() != 4)
    return emitError() << "input and result must have 4 dimensions, got "
                       << input.size() << " and " << output.size();
  if (input[0] != output[0])
    return emitError() << "input and result differ in batch size: " << input[0]
                       << " and " << output[0];
  if (window.groups < 1 || input[1] % window.groups ||
      output[1] % window.groups)
    return emitError() << "groups must divide the " << input[1]
                       << " input and the " << output[1]
                       << " output channels, got " << window.groups;
  for (unsigned d : {0u, 1u}) {
    int64_t padded = input[2 + d] + window.padding[d] + window.padding[2 + d];
    int64_t extent = window.dilations[d] * (window.kernel[d] - 1) + 1;
    int64_t size = (padded - extent) / window.strides[d] + 1;
    if (padded < extent)
      return emitError() << "the kernel covers " << extent << " positions of a "
                         << "padded input of " << padded;
    if (size != output[2 + d])
      return emitError() << "dimension " << 2 + d << " of the result must be "
                         << size << ", got " << output[2 + d];
  }
  return success();
}

LogicalResult
pumice::crossbar::verifyTiling(function_ref<InFlightDiagnostic()> emitError,
                               TilingAttr tiling, CrossbarArrayAttr array,
                               GridType grid) {
  int64_t bits = grid.getElementType().getWidth();
  if (bits > array.getWeightBits())
    return emitError() << "weights of " << bits << " bits, but the array takes "
                       << array.getWeightBits();
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

/// C3: the result must hold every sum of `terms` products.
static LogicalResult verifyAccumulator(Operation *op, const Codes &input,
                                       const Codes &weight, int64_t terms,
                                       Type result) {
  unsigned needed = accumulatorBits(input, weight, terms);
  unsigned available = getElementTypeOrSelf(result).getIntOrFloatBitWidth();
  if (needed > available)
    return op->emitOpError("needs accumulators of ")
           << needed << " bits, but the result has " << available;
  return success();
}

template <typename OpTy>
static Codes inputCodes(OpTy op) {
  unsigned width = op.getInput().getType().getElementTypeBitWidth();
  return {unsigned(op.getInputBits().value_or(width)), !op.getInputUnsigned(),
          int64_t(op.getInputZeroPoint())};
}

template <typename OpTy>
static Codes weightCodes(OpTy op) {
  Type type = op.getWeights().getType();
  unsigned bits =
      isa<GridType>(type)
          ? cast<GridType>(type).getElementType().getWidth()
          : op.getWeightBits().value_or(
                cast<RankedTensorType>(type).getElementTypeBitWidth());
  return {bits, /*isSigned=*/true, int64_t(op.getWeightZeroPoint())};
}

/// C4
template <typename OpTy>
static LogicalResult verifyWidths(OpTy op) {
  unsigned width = op.getInput().getType().getElementTypeBitWidth();
  if (op.getInputBits().value_or(width) > width)
    return op.emitOpError("has input_bits of ")
           << *op.getInputBits() << " in elements of " << width << " bits";
  if (!op.getWeightBits())
    return success();
  auto weights = dyn_cast<RankedTensorType>(op.getWeights().getType());
  if (!weights)
    return op.emitOpError("has weight_bits, but its weights are a grid");
  width = weights.getElementTypeBitWidth();
  if (*op.getWeightBits() > width)
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

LogicalResult MVMOp::verify() {
  if (failed(verifyStatic(*this)) || failed(verifyWidths(*this)))
    return failure();
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if ((input.size() != 2 && input.size() != 3) || result.size() != input.size())
    return emitOpError("expects an input and a result of 2 dimensions, or of 3 "
                       "with groups, got ")
           << input.size() << " and " << result.size();
  bool isGrouped = input.size() == 3;
  int64_t groups = isGrouped ? input[0] : 1;
  int64_t rows, columns;
  if (auto grid = dyn_cast<GridType>(getWeights().getType())) {
    if (grid.getGroups() != groups) // C2
      return emitOpError("expects a grid of ")
             << groups << (groups == 1 ? " group" : " groups") << ", got "
             << grid.getGroups();
    rows = grid.getRows();
    columns = grid.getColumns();
  } else {
    auto weights = cast<RankedTensorType>(getWeights().getType());
    if (weights.getRank() != int64_t(input.size()))
      return emitOpError("expects weights of ")
             << input.size() << " dimensions, got " << weights.getRank();
    if (isGrouped && weights.getDimSize(0) != groups)
      return emitOpError("expects weights of ")
             << groups << " groups, got " << weights.getDimSize(0);
    columns = weights.getDimSize(isGrouped);
    rows = weights.getDimSize(isGrouped + 1);
  }
  // C1
  if (input.back() != rows || result.drop_back() != input.drop_back() ||
      result.back() != columns)
    return emitOpError("cannot multiply ")
           << getInput().getType() << " by " << rows << "x" << columns
           << " weights to " << getResult().getType();
  // C3
  return verifyAccumulator(*this, inputCodes(*this), weightCodes(*this), rows,
                           getResult().getType());
}

LogicalResult Conv2DOp::verify() {
  if (failed(verifyStatic(*this)) || failed(verifyWidths(*this)))
    return failure();
  // C1
  ConvWindow window{getKernel(), getStrides(), getDilations(), getPadding(),
                    (int64_t)getGroups()};
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if (failed(verifyConvWindow([&] { return emitOpError(); }, window, input,
                              result)))
    return failure();
  int64_t groups = window.groups;
  int64_t rows = input[1] / groups * window.kernel[0] * window.kernel[1];
  // C2
  if (auto grid = dyn_cast<GridType>(getWeights().getType())) {
    if (grid.getGroups() != groups || grid.getRows() != rows ||
        grid.getColumns() * groups != result[1])
      return emitOpError("expects a grid of ")
             << groups << "x" << rows << "x" << result[1] / groups << ", got "
             << grid;
  } else {
    SmallVector<int64_t> expected{result[1], input[1] / groups,
                                  window.kernel[0], window.kernel[1]};
    auto weights = cast<RankedTensorType>(getWeights().getType());
    if (weights.getShape() != ArrayRef<int64_t>(expected))
      return emitOpError("expects weights of shape [")
             << expected << "], got [" << weights.getShape() << "]";
  }
  // C3
  return verifyAccumulator(*this, inputCodes(*this), weightCodes(*this), rows,
                           getResult().getType());
}
