// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Constant data
//===----------------------------------------------------------------------===//

template <typename T>
static std::optional<ArrayRef<T>> resourceData(Attribute attr) {
  auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr);
  if (!resource || !resource.getRawHandle().getBlob())
    return std::nullopt;
  return resource.getRawHandle().getBlob()->getDataAs<T>();
}

static Attribute constantAttr(Value value) {
  Attribute attr;
  return matchPattern(value, m_Constant(&attr)) ? attr : Attribute();
}

std::optional<int64_t> pumice::uniformInteger(Value value) {
  Attribute attr = constantAttr(value);
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attr))
    return integer.getInt();
  if (auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr)) {
    if (dense.empty())
      return std::nullopt;
    int64_t first = (*dense.value_begin<APInt>()).getSExtValue();
    for (const APInt &element : dense.getValues<APInt>())
      if (element.getSExtValue() != first)
        return std::nullopt;
    return first;
  }
  auto all = [](auto data) -> std::optional<int64_t> {
    if (!data || data->empty() || !llvm::all_equal(*data))
      return std::nullopt;
    return data->front();
  };
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isInteger())
    return std::nullopt;
  switch (type.getElementTypeBitWidth()) {
  case 8:
    return all(resourceData<int8_t>(attr));
  case 32:
    return all(resourceData<int32_t>(attr));
  case 64:
    return all(resourceData<int64_t>(attr));
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<float>> pumice::floatData(Value value) {
  Attribute attr = constantAttr(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  if (auto dense = dyn_cast_or_null<DenseFPElementsAttr>(attr))
    return SmallVector<float>(dense.getValues<float>());
  if (auto data = resourceData<float>(attr))
    return SmallVector<float>(*data);
  return std::nullopt;
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

//===----------------------------------------------------------------------===//
// Dequantize
//===----------------------------------------------------------------------===//

static bool isElementwise(linalg::GenericOp op) {
  return op && op.getNumDpsInits() == 1 &&
         op.getNumLoops() == op.getNumParallelLoops() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity();
}

/// The input operand that `value`, an argument of the body, reads; null when
/// it is none.
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
    // Zero points of their own come as narrow as the codes, and are widened.
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

std::optional<Quantize> pumice::matchQuantize(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!isElementwise(generic) || generic.getNumDpsInputs() != 1)
    return std::nullopt;
  Quantize result;
  result.op = generic;
  auto yield = cast<linalg::YieldOp>(generic.getBody()->getTerminator());
  Operation *convert = yield.getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::FPToUIOp, arith::FPToSIOp>(convert))
    return std::nullopt;
  result.isUnsigned = isa<arith::FPToUIOp>(convert);
  auto high = convert->getOperand(0).getDefiningOp<arith::MinimumFOp>();
  auto low = high ? high.getLhs().getDefiningOp<arith::MaximumFOp>() : nullptr;
  if (!low)
    return std::nullopt;
  // The clamp must be the range of the codes: a narrower one is not an identity
  // on every code.
  unsigned bits = convert->getResult(0).getType().getIntOrFloatBitWidth();
  double lowest = result.isUnsigned ? 0 : -std::ldexp(1.0, bits - 1);
  double highest = std::ldexp(1.0, result.isUnsigned ? bits : bits - 1) - 1;
  std::optional<float> lowValue = floatScalar(low.getRhs());
  std::optional<float> highValue = floatScalar(high.getRhs());
  if (!lowValue || !highValue || *lowValue != lowest || *highValue != highest)
    return std::nullopt;
  Value rounded = low.getLhs();
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

/// True for a generic that yields elements of its one input, each as often as
/// the maps say.
static bool isCopy(linalg::GenericOp op) {
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  auto source = dyn_cast<BlockArgument>(yield.getOperand(0));
  return isElementwise(op) && op.getNumDpsInputs() == 1 && source &&
         source.getArgNumber() == 0 &&
         isa<RankedTensorType>(op.getDpsInputOperand(0)->get().getType());
}

/// True when `op` only moves elements of its first operand (and adds 0.0).
static bool isMove(Operation *op) {
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value value = pad.getConstantPaddingValue();
    return value && matchPattern(value, m_AnyZeroFloat()) &&
           pad.getResultType().hasStaticShape();
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return isCopy(generic);
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             linalg::TransposeOp, linalg::BroadcastOp, tensor::ExtractSliceOp>(
      op);
}

std::optional<MovedCodes> pumice::traceCodes(Value value, std::string *why) {
  MovedCodes result;
  while (Operation *op = value.getDefiningOp()) {
    if (std::optional<Dequantize> dequantize = matchDequantize(op, why)) {
      result.dequantize = *dequantize;
      std::reverse(result.moves.begin(), result.moves.end());
      return result;
    }
    if (!isMove(op))
      return std::nullopt;
    result.moves.push_back(op);
    value = op->getOperand(0);
  }
  return std::nullopt;
}

bool pumice::isConstantData(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<arith::ConstantOp>(op))
      return true;
    // Repetitions are not folded: they would make constants larger.
    if (!isMove(op) || isa<linalg::GenericOp, linalg::BroadcastOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return false;
}

std::optional<QuantizedLayer> pumice::matchQuantizedLayer(Operation *op,
                                                          std::string *why) {
  if (!isa<linalg::Conv2DNchwFchwOp, linalg::Conv2DNgchwGfchwOp,
           linalg::DepthwiseConv2DNchwChwOp, linalg::MatmulOp>(op))
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
  // Weights come as [outputs, ...], or as a matrix [sums, outputs]; anything
  // else would put a scale on a sum.
  bool isPlainMatrix = isa<linalg::MatmulOp>(op) && weights->moves.empty();
  if (weights->dequantize.scales &&
      weights->dequantize.axis != (isPlainMatrix ? 1 : 0))
    return unsupported("its weights are not quantized per output channel");
  // Along the moves, dimension 0 must stay the output channels.
  unsigned transposes = 0;
  for (Operation *move : weights->moves) {
    if (isa<tensor::PadOp, tensor::ExtractSliceOp>(move))
      return unsupported("its weights are padded or sliced");
    if (isa<linalg::GenericOp, linalg::BroadcastOp>(move))
      return unsupported("its weights are repeated");
    transposes += isa<linalg::TransposeOp>(move);
  }
  bool isMatmul = isa<linalg::MatmulOp>(op);
  ArrayRef<int64_t> result = type.getShape();
  int64_t outputs =
      isa<linalg::Conv2DNgchwGfchwOp>(op) ? result[1] * result[2] : result[1];
  if (weights->dequantize.scales &&
      (cast<RankedTensorType>(weights->dequantize.scales.getType())
                       .getDimSize(0) != outputs ||
               isMatmul
           ? !isPlainMatrix && (transposes != 1 || weights->moves.size() != 1)
           : transposes != 0))
    return unsupported("its weights are not quantized per output channel");
  return QuantizedLayer{layer, *input, *weights};
}
