// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/SignFlip.h"
#include "lib/Analysis/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pumice;

static unsigned widthOf(Value value) {
  return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
}

int64_t pumice::signFlipOffset(Value value) {
  return int64_t(1) << (widthOf(value) - 1);
}

Value pumice::flipSign(OpBuilder &builder, Location loc, Value value) {
  auto highest =
      DenseElementsAttr::get(cast<ShapedType>(value.getType()),
                             APInt::getSignedMinValue(widthOf(value)));
  return arith::XOrIOp::create(
      builder, loc, value, arith::ConstantOp::create(builder, loc, highest));
}

Value pumice::unflippedSign(Value value) {
  auto flip = value.getDefiningOp<arith::XOrIOp>();
  if (!flip || uniformInteger(flip.getRhs()) != -signFlipOffset(value))
    return {};
  return flip.getLhs();
}
