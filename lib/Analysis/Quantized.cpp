// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/DataMovement.h"
#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::optional<int64_t> pumice::uniformInteger(Value value) {
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr)))
    if (auto integer = dyn_cast<IntegerAttr>(attr))
      return integer.getInt();
  std::optional<ConstantData> data = ConstantData::find(value);
  return data ? data->uniformInteger() : std::nullopt;
}

std::optional<SmallVector<float>> pumice::floatData(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  std::optional<ConstantData> data = ConstantData::find(value);
  if (!data)
    return std::nullopt;
  return llvm::to_vector(data->elements<float>());
}

static std::optional<float> floatScalar(Value value) {
  FloatAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  APFloat number = attr.getValue();
  bool loses;
  number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return number.convertToFloat();
}

/// All codes of an integer type.
static IntegerRange rangeOfType(Type type, bool isUnsigned) {
  return IntegerRange::ofBits(
      getElementTypeOrSelf(type).getIntOrFloatBitWidth(), !isUnsigned);
}

//===----------------------------------------------------------------------===//
// Dequantize
//===----------------------------------------------------------------------===//

static bool isElementwise(linalg::GenericOp op) {
  return op && op.getNumDpsInits() == 1 &&
         op.getNumLoops() == op.getNumParallelLoops() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity();
}

/// The input operand that `value`, an argument of the body,
/// reads; null when it is none.
static OpOperand *inputOf(linalg::GenericOp op, Value value) {
  auto arg = dyn_cast<BlockArgument>(value);
  if (!arg || arg.getOwner() != op.getBody() ||
      arg.getArgNumber() >= op.getNumDpsInputs())
    return nullptr;
  return op.getDpsInputOperand(arg.getArgNumber());
}

/// The dimension that indexes a rank-1 operand.
static std::optional<unsigned> axisOf(linalg::GenericOp op, OpOperand *input) {
  AffineMap map = op.getMatchingIndexingMap(input);
  if (map.getNumResults() != 1)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(0));
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

std::optional<Dequantize> pumice::matchDequantize(Operation *op,
                                                  std::string *why) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!isElementwise(generic))
    return std::nullopt;
  Dequantize result;
  result.op = generic;
  auto yield = cast<linalg::YieldOp>(generic.getBody()->getTerminator());
  auto product = yield.getOperand(0).getDefiningOp<arith::MulFOp>();
  if (!product || !product.getType().isF32())
    return std::nullopt;

  // scale * float(...), in either order.
  Value converted = product.getLhs(), scale = product.getRhs();
  if (!converted.getDefiningOp<arith::SIToFPOp>() &&
      !converted.getDefiningOp<arith::UIToFPOp>())
    std::swap(converted, scale);
  Value integer;
  std::optional<bool> isUnsigned;
  if (auto convert = converted.getDefiningOp<arith::UIToFPOp>()) {
    integer = convert.getIn();
    isUnsigned = true;
  } else if (auto convert = converted.getDefiningOp<arith::SIToFPOp>()) {
    integer = convert.getIn();
  } else {
    return std::nullopt;
  }

  // ext(code) - zero point.
  Value zeroPoint;
  if (auto subtract = integer.getDefiningOp<arith::SubIOp>()) {
    integer = subtract.getLhs();
    zeroPoint = subtract.getRhs();
  }
  if (auto extend = integer.getDefiningOp<arith::ExtUIOp>()) {
    integer = extend.getIn();
    isUnsigned = true;
  } else if (auto extend = integer.getDefiningOp<arith::ExtSIOp>()) {
    integer = extend.getIn();
    isUnsigned = false;
  }
  OpOperand *codes = inputOf(generic, integer);
  if (!codes || !generic.getMatchingIndexingMap(codes).isIdentity() ||
      !getElementTypeOrSelf(codes->get().getType()).isInteger(8))
    return std::nullopt;
  result.codes = codes->get();
  result.isUnsigned = isUnsigned.value_or(false);

  auto unsupported = [&](const Twine &text) {
    if (why)
      *why = text.str();
    return std::nullopt;
  };
  if (zeroPoint) {
    // Zero points of their own come as narrow as the codes,
    // and are widened.
    std::optional<unsigned> unsignedBits;
    if (auto extend = zeroPoint.getDefiningOp<arith::ExtUIOp>()) {
      zeroPoint = extend.getIn();
      unsignedBits = zeroPoint.getType().getIntOrFloatBitWidth();
    } else if (auto extend = zeroPoint.getDefiningOp<arith::ExtSIOp>()) {
      zeroPoint = extend.getIn();
    }
    OpOperand *operand = inputOf(generic, zeroPoint);
    std::optional<int64_t> value =
        uniformInteger(operand ? operand->get() : zeroPoint);
    if (!value)
      return unsupported("the zero points differ between channels");
    result.zeroPoint = *value;
    if (unsignedBits && *unsignedBits < 64)
      result.zeroPoint &= (int64_t(1) << *unsignedBits) - 1;
    if (result.zeroPoint < (result.isUnsigned ? 0 : -128) ||
        result.zeroPoint > (result.isUnsigned ? 255 : 127))
      return unsupported("the zero point is no code");
  }
  if (OpOperand *operand = inputOf(generic, scale)) {
    std::optional<unsigned> axis = axisOf(generic, operand);
    if (!axis)
      return unsupported("the scale is not per tensor or per channel");
    result.scales = operand->get();
    result.axis = *axis;
  } else if (std::optional<float> value = floatScalar(scale)) {
    result.scale = *value;
  } else {
    return unsupported("the scale is not constant");
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Quantize
//===----------------------------------------------------------------------===//

namespace {
/// `toInteger(min(max(value, low), high))` as what a
/// generic yields.
struct Clamp {
  Value value;
  IntegerRange range;
  bool isUnsigned = false;
};
} // namespace

static std::optional<Clamp> matchClamp(linalg::GenericOp op) {
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  if (yield.getNumOperands() != 1)
    return std::nullopt;
  Operation *convert = yield.getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::FPToUIOp, arith::FPToSIOp>(convert))
    return std::nullopt;
  auto high = convert->getOperand(0).getDefiningOp<arith::MinimumFOp>();
  auto low = high ? high.getLhs().getDefiningOp<arith::MaximumFOp>() : nullptr;
  if (!low)
    return std::nullopt;
  std::optional<float> lowValue = floatScalar(low.getRhs());
  std::optional<float> highValue = floatScalar(high.getRhs());
  auto isCode = [](float value) { return value == std::nearbyint(value); };
  if (!lowValue || !highValue || !isCode(*lowValue) || !isCode(*highValue) ||
      *lowValue > *highValue)
    return std::nullopt;
  Clamp clamp{low.getLhs(),
              {(int64_t)*lowValue, (int64_t)*highValue},
              isa<arith::FPToUIOp>(convert)};
  IntegerRange all =
      rangeOfType(convert->getResult(0).getType(), clamp.isUnsigned);
  return all.contains(clamp.range) ? std::optional(clamp) : std::nullopt;
}

std::optional<Quantize> pumice::matchQuantize(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!isElementwise(generic) || generic.getNumDpsInputs() != 1)
    return std::nullopt;
  std::optional<Clamp> clamp = matchClamp(generic);
  if (!clamp)
    return std::nullopt;
  Quantize result;
  result.op = generic;
  result.isUnsigned = clamp->isUnsigned;
  result.range = clamp->range;
  Value rounded = clamp->value;
  if (auto add = rounded.getDefiningOp<arith::AddFOp>()) {
    std::optional<float> zeroPoint = floatScalar(add.getRhs());
    if (!zeroPoint || *zeroPoint != std::nearbyint(*zeroPoint))
      return std::nullopt;
    result.zeroPoint = (int64_t)*zeroPoint;
    rounded = add.getLhs();
  }
  auto round = rounded.getDefiningOp<math::RoundEvenOp>();
  auto divide =
      round ? round.getOperand().getDefiningOp<arith::DivFOp>() : nullptr;
  if (!divide)
    return std::nullopt;
  OpOperand *input = inputOf(generic, divide.getLhs());
  std::optional<float> scale = floatScalar(divide.getRhs());
  if (!input || !scale || !generic.getMatchingIndexingMap(input).isIdentity())
    return std::nullopt;
  result.input = input->get();
  result.scale = *scale;
  return result;
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

std::optional<MovedCodes> pumice::traceCodes(Value value, std::string *why) {
  MovedCodes result;
  while (Operation *op = value.getDefiningOp()) {
    if (std::optional<Dequantize> dequantize = matchDequantize(op, why)) {
      result.dequantize = *dequantize;
      std::reverse(result.moves.begin(), result.moves.end());
      return result;
    }
    Value source = movedFrom(op);
    if (!source)
      return std::nullopt;
    result.moves.push_back(op);
    value = source;
  }
  return std::nullopt;
}

bool pumice::isConstantData(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<arith::ConstantOp>(op))
      return true;
    Value source = movedFrom(op);
    // Repetitions are not folded: they would make constants
    // larger.
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!source || isRepetition(op) ||
        (generic && llvm::any_of(generic.getDpsInputs(), [&](Value other) {
           return other != source && !isConstantData(other);
         })))
      return false;
    value = source;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// `bits` as a code.
static int64_t codeOf(const APInt &bits, bool isUnsigned) {
  return isUnsigned ? bits.getZExtValue() : bits.getSExtValue();
}

/// The least and the greatest of `codes`; millions of them,
/// so that the loop is one that compilers vectorise.
template <typename T>
static std::optional<IntegerRange> extremes(ArrayRef<T> codes) {
  if (codes.empty())
    return std::nullopt;
  T low = codes.front(), high = codes.front();
  for (T code : codes) {
    low = std::min(low, code);
    high = std::max(high, code);
  }
  return IntegerRange{low, high};
}

/// The same of the elements of `attr`, integers of the width of `T`.
template <typename T>
static std::optional<IntegerRange> extremesOf(Attribute attr) {
  llvm::Expected<ConstantData> data = ConstantData::read(attr);
  if (data)
    return extremes(data->stored<T>());
  llvm::consumeError(data.takeError());
  return std::nullopt;
}

static IntegerRange rangeOfConstant(Attribute attr, Type type,
                                    bool isUnsigned) {
  std::optional<IntegerRange> range;
  unsigned bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (auto integer = dyn_cast<IntegerAttr>(attr)) {
    int64_t code = codeOf(integer.getValue(), isUnsigned);
    range = {code, code};
  } else if (bits == 8) {
    range = isUnsigned ? extremesOf<uint8_t>(attr) : extremesOf<int8_t>(attr);
  } else if (bits == 16) {
    range = isUnsigned ? extremesOf<uint16_t>(attr) : extremesOf<int16_t>(attr);
  } else if (auto dense = dyn_cast<DenseIntElementsAttr>(attr)) {
    for (const APInt &element : dense.getValues<APInt>()) {
      int64_t code = codeOf(element, isUnsigned);
      IntegerRange one{code, code};
      range = range ? range->join(one) : one;
    }
  }
  return range.value_or(rangeOfType(type, isUnsigned));
}

/// True for a generic that takes the maximum of its first
/// input over windows.
static bool isMaximum(linalg::GenericOp op, bool isUnsigned) {
  Block *body = op.getBody();
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      !llvm::hasNItems(body->without_terminator(), 1))
    return false;
  Operation *nested = &body->front();
  bool isMax =
      isUnsigned ? isa<arith::MaxUIOp>(nested) : isa<arith::MaxSIOp>(nested);
  return isMax && nested->getOperand(0) == body->getArgument(0) &&
         nested->getOperand(1) == op.getRegionOutputArgs()[0];
}

IntegerRange pumice::rangeOfCodes(Value value, bool isUnsigned) {
  IntegerRange all = rangeOfType(value.getType(), isUnsigned);
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr)))
    return rangeOfConstant(attr, value.getType(), isUnsigned);
  Operation *op = value.getDefiningOp();
  if (!op)
    return all;
  auto of = [&](Value source) { return rangeOfCodes(source, isUnsigned); };
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return of(fill.getInputs()[0]);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    IntegerRange range = of(concat.getInputs().front());
    for (Value input : concat.getInputs().drop_front())
      range = range.join(of(input));
    return range;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value added = pad.getConstantPaddingValue();
    return added ? of(pad.getSource()).join(of(added)) : all;
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return of(insert.getSource()).join(of(insert.getDest()));
  if (Value source = movedFrom(op))
    return of(source);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumResults() != 1)
    return all;
  if (isMaximum(generic, isUnsigned))
    return of(generic.getDpsInputs()[0]).join(of(generic.getDpsInits()[0]));
  std::optional<Clamp> clamp = matchClamp(generic);
  return clamp && clamp->isUnsigned == isUnsigned ? clamp->range : all;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// The dimensions of a layer's weights that count its
/// outputs.
static SmallVector<unsigned> outputDims(Operation *op) {
  if (isa<linalg::MatmulOp>(op))
    return {1};
  if (isa<linalg::Conv2DNgchwGfchwOp>(op))
    return {0, 1};
  return {0};
}

/// Finds the scale of each output channel; false when a
/// scale is not one of outputs, but would stand inside a
/// sum.
static bool findScales(QuantizedLayer &layer) {
  const Dequantize &dequantize = layer.weights.dequantize;
  SmallVector<unsigned> dims{dequantize.axis};
  for (Operation *move : layer.weights.moves) {
    std::optional<SmallVector<unsigned>> moved = moveDims(move, dims);
    if (!moved)
      return false;
    dims = *moved;
  }
  Value weights = layer.op.getDpsInputOperand(1)->get();
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(weights.getType()).getShape();
  SmallVector<unsigned> outputs = outputDims(layer.op);
  llvm::erase_if(dims, [&](unsigned dim) { return shape[dim] == 1; });
  llvm::erase_if(outputs, [&](unsigned dim) { return shape[dim] == 1; });
  int64_t scales =
      cast<RankedTensorType>(dequantize.scales.getType()).getDimSize(0);
  if (dims == outputs)
    return true;
  if (!floatData(dequantize.scales))
    return false;
  // Groups share scales (transposed convolutions): repeat
  // them.
  if (!llvm::all_of(
          dims, [&](unsigned dim) { return llvm::is_contained(outputs, dim); }))
    return false;
  int64_t count = 1;
  for (unsigned dim : outputs)
    count *= shape[dim];
  for (int64_t output = 0; output < count; ++output) {
    int64_t rest = output, index = 0;
    llvm::SmallDenseMap<unsigned, int64_t> place;
    for (unsigned dim : llvm::reverse(outputs)) {
      place[dim] = rest % shape[dim];
      rest /= shape[dim];
    }
    for (unsigned dim : dims)
      index = index * shape[dim] + place[dim];
    if (index >= scales)
      return false;
    layer.scaleOf.push_back(index);
  }
  return true;
}

std::optional<QuantizedLayer> pumice::matchQuantizedLayer(Operation *op,
                                                          std::string *why) {
  if (!isa<linalg::Conv1DNcwFcwOp, linalg::Conv2DNchwFchwOp,
           linalg::Conv2DNgchwGfchwOp, linalg::DepthwiseConv2DNchwChwOp,
           linalg::MatmulOp>(op))
    return std::nullopt;
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op))
    if (matmul.hasUserDefinedMaps())
      return std::nullopt;
  auto layer = cast<linalg::LinalgOp>(op);
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  std::string inputWhy, weightsWhy;
  auto input = traceCodes(layer.getDpsInputOperand(0)->get(), &inputWhy);
  auto weights = traceCodes(layer.getDpsInputOperand(1)->get(), &weightsWhy);
  if (!input || !weights) {
    if (why && (input || weights || !inputWhy.empty() || !weightsWhy.empty()))
      *why = !weights
                 ? (weightsWhy.empty() ? "its weights are not quantized"
                                       : weightsWhy)
                 : (inputWhy.empty() ? "its input is not quantized" : inputWhy);
    return std::nullopt;
  }
  auto unsupported = [&](StringRef text) -> std::optional<QuantizedLayer> {
    if (why)
      *why = text.str();
    return std::nullopt;
  };
  if (!isConstantData(weights->dequantize.codes))
    return unsupported("its weights are not constant");
  if (input->dequantize.scales)
    return unsupported("its input is quantized per channel");
  for (Operation *move : weights->moves)
    if (isRepetition(move))
      return unsupported("its weights are repeated");
  QuantizedLayer result{layer, *input, *weights, {}};
  if (weights->dequantize.scales && !findScales(result))
    return unsupported("its weights are not quantized per output channel");
  return result;
}
