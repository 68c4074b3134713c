// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;
using namespace pumice;

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
    // Zero points that are operands are as narrow as the values and are
    // widened.
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
      return unsupported("the zero point does not fit the type");
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

std::optional<Rounding> pumice::matchRounding(linalg::GenericOp op) {
  std::optional<ClampToInteger> clamp = matchClamp(op);
  if (!clamp)
    return std::nullopt;
  Rounding result;
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
  std::optional<float> scale =
      divide ? floatScalar(divide.getRhs()) : std::nullopt;
  if (!scale)
    return std::nullopt;
  result.scale = *scale;
  result.value = divide.getLhs();
  return result;
}

std::optional<Quantize> pumice::matchQuantize(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!isElementwise(generic) || generic.getNumDpsInputs() != 1)
    return std::nullopt;
  std::optional<Rounding> rounding = matchRounding(generic);
  OpOperand *input = rounding ? inputOf(generic, rounding->value) : nullptr;
  if (!input || !generic.getMatchingIndexingMap(input).isIdentity())
    return std::nullopt;
  Quantize result;
  result.op = generic;
  result.input = input->get();
  result.isUnsigned = rounding->isUnsigned;
  result.zeroPoint = rounding->zeroPoint;
  result.scale = rounding->scale;
  result.range = rounding->range;
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
