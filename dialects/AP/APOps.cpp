// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::ap;
using pumice::crossbar::QuantizedFormat;

#define GET_OP_CLASSES
#include "dialects/AP/APOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// C2 of layers with `outputs` outputs.
template <typename OpTy>
static LogicalResult verifyCodes(OpTy op, int64_t outputs) {
  DenseIntElementsAttr thresholds = op.getThresholdsAttr();
  auto codes = cast_if_present<DenseIntElementsAttr>(op.getCodesAttr());
  RankedTensorType result = op.getResult().getType();
  if (!thresholds != !codes)
    return op.emitOpError("expects thresholds and codes together");
  if (!thresholds)
    return result.getElementType().isInteger(8)
               ? op.emitOpError("expects thresholds for a result of i8")
               : success();
  if (!result.getElementType().isInteger(8))
    return op.emitOpError("expects a result of i8 with thresholds, got ")
           << result;
  ShapedType steps = thresholds.getType(), pieces = codes.getType();
  if (steps.getRank() != 2 || pieces.getRank() != 2 ||
      steps.getDimSize(0) != outputs || pieces.getDimSize(0) != outputs ||
      pieces.getDimSize(1) != steps.getDimSize(1) + 1)
    return op.emitOpError("expects thresholds of ")
           << outputs << "xT and codes of " << outputs << "x(T+1), got "
           << steps << " and " << pieces;
  int64_t count = steps.getDimSize(1), at = 0, before = 0;
  for (APInt number : thresholds.getValues<APInt>()) {
    int64_t threshold = number.getSExtValue();
    if (at % count && threshold < before)
      return op.emitOpError("expects thresholds that ascend, got ")
             << threshold << " after " << before << " for output "
             << at / count;
    before = threshold;
    ++at;
  }
  return success();
}

LogicalResult MVMOp::verify() {
  // C1
  RankedTensorType input = getInput().getType(),
                   weights = getWeights().getType();
  RankedTensorType result = getResult().getType();
  if (input.getRank() != 2 || weights.getRank() != 2 || result.getRank() != 2 ||
      input.getDimSize(1) != weights.getDimSize(1) ||
      result.getDimSize(0) != input.getDimSize(0) ||
      result.getDimSize(1) != weights.getDimSize(0))
    return emitOpError("cannot multiply ")
           << input << " by " << weights << " to " << result;
  // C2
  return verifyCodes(*this, weights.getDimSize(0));
}

LogicalResult Conv2DOp::verify() {
  // C1
  const int64_t groups = getGroups();
  ArrayRef<int64_t> kernel = getWindow().getKernel();
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> output = getResult().getType().getShape();
  if (failed(pumice::crossbar::verifyWindow(
          [&] { return emitOpError(); }, getWindow(), groups, input, output)))
    return failure();
  ArrayRef<int64_t> weights = getWeights().getType().getShape();
  if (weights !=
      ArrayRef<int64_t>{output[1], input[1] / groups, kernel[0], kernel[1]})
    return emitOpError("expects weights of ")
           << output[1] << "x" << input[1] / groups << "x" << kernel[0] << "x"
           << kernel[1] << ", got " << getWeights().getType();
  // C2
  return verifyCodes(*this, output[1]);
}

OpFoldResult MaxPool2DOp::fold(FoldAdaptor) {
  auto isOne = [](int64_t size) { return size == 1; };
  crossbar::WindowAttr window = getWindow();
  return llvm::all_of(window.getKernel(), isOne) &&
                 llvm::all_of(window.getStrides(), isOne) && !window.isPadded()
             ? OpFoldResult(getInput())
             : OpFoldResult();
}

LogicalResult MaxPool2DOp::verify() {
  // C1
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> output = getResult().getType().getShape();
  if (failed(pumice::crossbar::verifyWindow([&] { return emitOpError(); },
                                            getWindow(), /*groups=*/1, input,
                                            output)))
    return failure();
  if (input[1] != output[1])
    return emitOpError("expects a result of ")
           << input[1] << " channels, got " << output[1];
  return success();
}

LogicalResult WeightedSumOp::verify() {
  // C1
  RankedTensorType type = getResult().getType();
  if (type.getRank() != 4 || getFactors().size() != 2)
    return emitOpError("expects 4 dimensions and 2 factors, got ")
           << type.getRank() << " and " << getFactors().size();
  // C2
  return verifyCodes(*this, type.getDimSize(1));
}

LogicalResult
pumice::ap::verifyRun(function_ref<InFlightDiagnostic()> emitError,
                      ElementsAttr program, pumice::crossbar::WindowAttr window,
                      Type inputType, Type otherType,
                      ArrayRef<int64_t> output) {
  if (otherType && otherType != inputType)
    return emitError() << "expects inputs of one type, got " << inputType
                       << " and " << otherType;
  ArrayRef<int64_t> input = cast<ShapedType>(inputType).getShape();
  if (!program.getElementType().isInteger(8) ||
      program.getShapedType().getRank() != 1)
    return emitError() << "expects the bytes of a microprogram, got "
                       << program.getShapedType();
  if (window)
    return pumice::crossbar::verifyWindow(emitError, window, /*groups=*/1,
                                          input, output);
  if (input.size() != 2 || output.size() != 2 || input[0] != output[0])
    return emitError() << "expects matrices of as many rows without a window";
  return success();
}

LogicalResult RunOp::verify() {
  // C1, C2
  return verifyRun([&] { return emitOpError(); }, getProgram(), getWindowAttr(),
                   getInput().getType(),
                   getOther() ? Type(getOther().getType()) : Type(),
                   getResult().getType().getShape());
}

LogicalResult
pumice::ap::verifyLookup(function_ref<InFlightDiagnostic()> emitError,
                         ElementsAttr table, ArrayRef<int64_t> queries,
                         ArrayRef<int64_t> result) {
  // C1
  ArrayRef<int64_t> rows = table.getShapedType().getShape();
  if (!table.getElementType().isInteger(8) || rows.size() != 2 ||
      queries.size() != 2 || result.size() != 2 || queries[1] != rows[1] ||
      result[0] != queries[0] || result[1] != rows[0])
    return emitError() << "cannot look up queries of [" << queries << "] in "
                       << table.getShapedType() << " with a result of ["
                       << result << "]";
  return success();
}

LogicalResult LookupOp::verify() {
  return verifyLookup([&] { return emitOpError(); }, getTable(),
                      getQueries().getType().getShape(),
                      getResult().getType().getShape());
}

LogicalResult
pumice::ap::verifySearch(function_ref<InFlightDiagnostic()> emitError,
                         ElementsAttr table, SearchKind kind, int64_t limit,
                         CamMappingAttr mapping, const SearchShapes &shapes) {
  // C1
  ArrayRef<int64_t> rows = table.getShapedType().getShape();
  if (!table.getElementType().isInteger(8) || rows.size() != 2 ||
      shapes.queries.size() != 2 || shapes.queries[1] != rows[1])
    return emitError() << "cannot search for queries of [" << shapes.queries
                       << "] in " << table.getShapedType();
  // C2
  const bool isBest = kind == SearchKind::best;
  const bool isWithin = kind == SearchKind::within;
  const int64_t count =
      isBest && shapes.distances.size() == 2 ? shapes.distances[1] : rows[0];
  const int64_t expected[] = {shapes.queries[0], count};
  if (shapes.distances != ArrayRef(expected) ||
      isBest != shapes.indices.has_value() ||
      (isBest && *shapes.indices != ArrayRef(expected)) ||
      !shapes.distance.isInteger(isWithin ? 8 : 32))
    return emitError() << "expects results of "
                       << (isBest     ? "QxK of i32 and of i64"
                           : isWithin ? "QxR of i8"
                                      : "QxR of i32")
                       << ", got [" << shapes.distances << "] of "
                       << shapes.distance
                       << (shapes.indices ? " and another" : "");
  if (isBest && (count < 1 || count > rows[0]))
    return emitError() << "expects 1 to " << rows[0] << " best matches, got "
                       << count;
  if (limit < 0 || (limit && !isWithin))
    return emitError() << "expects a limit of at least 0, and only for within, "
                          "got "
                       << limit;
  // C3
  if (!mapping)
    return success();
  const int64_t parts = mapping.getParts(), bits = mapping.getPartBits();
  if (parts < 1 || bits < 1 || mapping.getRowBlocks() < 1 ||
      mapping.getStacked() < 1 || mapping.getStacked() > parts ||
      (parts - 1) * bits >= std::max<int64_t>(rows[1], 1) ||
      parts * bits < rows[1])
    return emitError() << "expects a mapping that covers words of " << rows[1]
                       << " cells, got " << mapping;
  return success();
}

LogicalResult CamSearchOp::verify() {
  SearchShapes shapes{getQueries().getType().getShape(),
                      getDistances().getType().getShape(), std::nullopt,
                      getDistances().getType().getElementType()};
  if (getIndices())
    shapes.indices = cast<RankedTensorType>(getIndices().getType()).getShape();
  return verifySearch([&] { return emitOpError(); }, getTable(), getKind(),
                      getLimit(), getMappingAttr(), shapes);
}

// LayerOpInterface
pumice::LayerTarget MVMOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget Conv2DOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget MaxPool2DOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget WeightedSumOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget RunOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget LookupOp::getTarget() { return LayerTarget::ap; }
pumice::LayerTarget CamSearchOp::getTarget() { return LayerTarget::cam; }

Value MVMOp::getLayerInput() { return getInput(); }
Value Conv2DOp::getLayerInput() { return getInput(); }
Value MaxPool2DOp::getLayerInput() { return getInput(); }
Value WeightedSumOp::getLayerInput() { return getLhs(); }
Value RunOp::getLayerInput() { return getInput(); }
Value LookupOp::getLayerInput() { return getQueries(); }
Value CamSearchOp::getLayerInput() { return getQueries(); }

Value MVMOp::getLayerWeights() { return getWeights(); }
Value Conv2DOp::getLayerWeights() { return getWeights(); }
int64_t Conv2DOp::getLayerGroups() { return getGroups(); }

template <typename OpTy>
static QuantizedFormat inputFormat(OpTy op, int64_t zeroPoint) {
  return {unsigned(op.getInputBits()), !op.getInputUnsigned(), zeroPoint};
}
std::optional<QuantizedFormat> MVMOp::getLayerInputFormat() {
  return inputFormat(*this, getInputZeroPoint());
}
std::optional<QuantizedFormat> Conv2DOp::getLayerInputFormat() {
  return inputFormat(*this, getInputZeroPoint());
}
std::optional<QuantizedFormat> MaxPool2DOp::getLayerInputFormat() {
  return inputFormat(*this, /*zeroPoint=*/0);
}
std::optional<QuantizedFormat> WeightedSumOp::getLayerInputFormat() {
  return inputFormat(*this, /*zeroPoint=*/0);
}

/// Ternary weights take two bits.
static constexpr QuantizedFormat ternary{2, /*isSigned=*/true, 0};
std::optional<QuantizedFormat> MVMOp::getLayerWeightFormat() { return ternary; }
std::optional<QuantizedFormat> Conv2DOp::getLayerWeightFormat() {
  return ternary;
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

static LogicalResult verifyColumns(Operation *op, ArrayRef<int64_t> columns) {
  llvm::SmallSet<int64_t, 8> seen;
  for (int64_t column : columns) {
    if (column < 0)
      return op->emitOpError("names column ") << column;
    if (!seen.insert(column).second)
      return op->emitOpError("names column ") << column << " twice";
  }
  return success();
}

template <typename OpTy>
static LogicalResult verifyPass(OpTy op) {
  if (op.getColumns().size() != op.getKey().size())
    return op.emitOpError("has ") << op.getKey().size() << " key bits for "
                                  << op.getColumns().size() << " columns";
  return verifyColumns(op, op.getColumns());
}

LogicalResult SearchOp::verify() { return verifyPass(*this); }
LogicalResult WriteOp::verify() { return verifyPass(*this); }

LogicalResult MoveOp::verify() {
  if (getDistance() == 0)
    return emitOpError("moves by 0 domains");
  return verifyColumns(*this, getColumns());
}
