// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/DataMovement.h"
#include "lib/Transforms/Linalg/RaiseQuantizedOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pumice;

/// Whether every window of a pool over a padded image has an element of the
/// image itself.
static bool windowsMeetImage(linalg::PoolingNchwMaxOp op, tensor::PadOp pad) {
  ArrayRef<int64_t> low = pad.getStaticLow();
  ArrayRef<int64_t> image = pad.getSourceType().getShape();
  ArrayRef<int64_t> windows =
      cast<ShapedType>(op.getResult(0).getType()).getShape();
  auto window = cast<ShapedType>(op.getInputs()[1].getType());
  for (unsigned d : {0, 1}) {
    if (ShapedType::isDynamic(low[2 + d]))
      return false;
    int64_t stride = op.getStrides().getValues<int64_t>()[d];
    int64_t dilation = op.getDilations().getValues<int64_t>()[d];
    auto meets = [&](int64_t i) {
      auto taps = llvm::seq(int64_t(0), window.getDimSize(d));
      return llvm::any_of(taps, [&](int64_t tap) {
        int64_t at = i * stride + tap * dilation - low[2 + d];
        return at >= 0 && at < image[2 + d];
      });
    };
    if (!llvm::all_of(llvm::seq(int64_t(0), windows[2 + d]), meets))
      return false;
  }
  return true;
}

/// An empty tensor with the shape of `like`.
static Value emptyLike(OpBuilder &builder, Location loc, Value like,
                       Type element) {
  return tensor::EmptyOp::create(
      builder, loc, cast<RankedTensorType>(like.getType()).getShape(), element);
}

/// `op` on codes: a generic with its loops from `init` on. A window's shape is
/// given by an empty tensor of codes.
static Value
buildOnCodes(RewriterBase &rewriter, linalg::LinalgOp op, Value codes,
             Value init,
             function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  SmallVector<Value> inputs{codes};
  if (op.getNumDpsInputs() == 2)
    inputs.push_back(emptyLike(rewriter, op.getLoc(),
                               op.getDpsInputOperand(1)->get(),
                               getElementTypeOrSelf(codes.getType())));
  return linalg::GenericOp::create(
             rewriter, op.getLoc(), init.getType(), inputs, init,
             op.getIndexingMapsArray(), op.getIteratorTypesArray(),
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, body(b, loc, args));
             })
      .getResult(0);
}

static Value buildInit(OpBuilder &builder, linalg::LinalgOp op, Type element,
                       int64_t value) {
  Location loc = op.getLoc();
  APInt bits(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
             /*implicitTrunc=*/true);
  Value scalar =
      arith::ConstantOp::create(builder, loc, IntegerAttr::get(element, bits));
  Value empty = emptyLike(builder, loc, op->getResult(0), element);
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

void pumice::raiseMaxPool(RewriterBase &rewriter, linalg::PoolingNchwMaxOp op) {
  Value source = op.getInputs()[0];
  auto pad = source.getDefiningOp<tensor::PadOp>();
  if (pad) {
    Value value = pad.getConstantPaddingValue();
    if (!value || !matchPattern(value, m_NegInfFloat()) ||
        !windowsMeetImage(op, pad))
      return;
    source = pad.getSource();
  }
  std::optional<MovedCodes> moved = traceCodes(source);
  auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  if (!moved || moved->dequantize.scales || moved->dequantize.scale <= 0 ||
      !fill || !matchPattern(fill.getInputs()[0], m_NegInfFloat()))
    return;
  const Dequantize &dequantize = moved->dequantize;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  Value codes = moveCodes(rewriter, *moved);
  Type element = getElementTypeOrSelf(codes.getType());
  int64_t least = rangeOfCodes(codes, dequantize.isUnsigned).low;
  Value init = buildInit(rewriter, op, element, least);
  if (pad)
    codes = tensor::PadOp::create(
        rewriter, loc, withElement(pad.getResultType(), element), codes,
        pad.getMixedLowPad(), pad.getMixedHighPad(),
        init.getDefiningOp<linalg::FillOp>().getInputs()[0]);
  Value pool = buildOnCodes(
      rewriter, op, codes, init,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        if (dequantize.isUnsigned)
          return arith::MaxUIOp::create(b, loc, args[0], args.back());
        return arith::MaxSIOp::create(b, loc, args[0], args.back());
      });
  rewriter.replaceOp(op, buildDequantize(rewriter, pool, dequantize));
}

/// True for a generic that adds its one input up along some dimensions.
static bool isSum(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0 ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isPermutation())
    return false;
  Block *body = op.getBody();
  if (!llvm::hasNItems(body->without_terminator(), 1))
    return false;
  auto add = dyn_cast<arith::AddFOp>(body->front());
  if (!add || body->getTerminator()->getOperand(0) != add.getResult())
    return false;
  Value in = body->getArgument(0), out = body->getArgument(1);
  return (add.getLhs() == in && add.getRhs() == out) ||
         (add.getLhs() == out && add.getRhs() == in);
}

bool pumice::raiseSum(RewriterBase &rewriter, linalg::LinalgOp op) {
  auto generic = dyn_cast<linalg::GenericOp>(*op);
  if (!isa<linalg::PoolingNchwSumOp>(*op) && !(generic && isSum(generic)))
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  std::optional<MovedCodes> moved = traceCodes(op.getDpsInputOperand(0)->get());
  if (!type || !type.getElementType().isF32() || !moved ||
      moved->dequantize.scales || !isZeroTensor(op.getDpsInits()[0]))
    return false;
  // |code - zero point| is at most 255.
  int64_t terms = 1;
  for (auto [size, kind] :
       llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      terms *= size;
  if (terms > std::numeric_limits<int32_t>::max() / 255)
    return false;
  const Dequantize &dequantize = moved->dequantize;
  rewriter.setInsertionPoint(op);
  Value init = buildInit(rewriter, op, rewriter.getI32Type(), 0);
  Value sum =
      buildOnCodes(rewriter, op, moveCodes(rewriter, *moved), init,
                   [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                     Value code = buildOffsetCode(b, loc, args[0], dequantize);
                     return arith::AddIOp::create(b, loc, args.back(), code);
                   });
  // The sum stands for `sum * scale`.
  Dequantize plain = dequantize;
  plain.isUnsigned = false;
  plain.zeroPoint = 0;
  rewriter.replaceOp(op, buildDequantize(rewriter, sum, plain));
  return true;
}
