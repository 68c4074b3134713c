// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/SignFlip.h"
#include "lib/Support/MatchFailureLog.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "raise-integer-matmuls"

namespace pumice {
#define GEN_PASS_DEF_RAISEINTEGERMATMULS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// `ext(codes) - zeroPoint`, elementwise.
struct Widened {
  Value codes; ///< 8 bits wide
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  Value computed; ///< a zero point that is not constant: a tensor of rank 0
  bool isComputedUnsigned = false;
};

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The operand that an argument of the body reads; null when it is none.
OpOperand *inputOf(linalg::GenericOp op, Value value) {
  auto arg = dyn_cast_or_null<BlockArgument>(value);
  return arg && arg.getOwner() == op.getBody() &&
                 arg.getArgNumber() < op.getNumDpsInputs()
             ? op.getDpsInputOperand(arg.getArgNumber())
             : nullptr;
}

/// The operand of an extension, or null.
Value extended(Value value, bool &isUnsigned) {
  if (auto extend = value.getDefiningOp<arith::ExtUIOp>()) {
    isUnsigned = true;
    return extend.getIn();
  }
  if (auto extend = value.getDefiningOp<arith::ExtSIOp>()) {
    isUnsigned = false;
    return extend.getIn();
  }
  return {};
}

/// A zero point: a tensor of rank 0, of 8 bits or a constant.
struct Zero {
  Value value;
  bool isUnsigned = false;
};

/// What `value` in the body of `op` is, if it is a zero point: extended there,
/// or by an op of its own.
std::optional<Zero> matchZero(linalg::GenericOp op, Value value) {
  Zero zero;
  Value narrow = extended(value, zero.isUnsigned);
  OpOperand *operand = inputOf(op, narrow ? narrow : value);
  if (!operand || typeOf(operand->get()).getRank() != 0)
    return std::nullopt;
  zero.value = operand->get();
  if (narrow)
    return typeOf(zero.value).getElementType().isInteger(8)
               ? std::optional(zero)
               : std::nullopt;
  if (auto widening = zero.value.getDefiningOp<linalg::GenericOp>()) {
    auto yield = cast<linalg::YieldOp>(widening.getBody()->getTerminator());
    OpOperand *source =
        inputOf(widening, extended(yield.getOperand(0), zero.isUnsigned));
    if (!source || typeOf(source->get()).getRank() != 0)
      return std::nullopt;
    zero.value = source->get();
  }
  return zero;
}

std::optional<Widened> matchWidened(Value value) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInits() != 1 ||
      generic.getNumLoops() != generic.getNumParallelLoops() ||
      !generic.getMatchingIndexingMap(generic.getDpsInitOperand(0))
           .isIdentity())
    return std::nullopt;
  Value result =
      cast<linalg::YieldOp>(generic.getBody()->getTerminator()).getOperand(0);
  Widened found;
  Value codes = result;
  Value zero;
  if (auto subtract = result.getDefiningOp<arith::SubIOp>()) {
    codes = subtract.getLhs();
    std::optional<Zero> point = matchZero(generic, subtract.getRhs());
    if (!point)
      return std::nullopt;
    zero = point->value;
    found.isComputedUnsigned = point->isUnsigned;
    // The widening may be a separate op.
    if (OpOperand *wide = inputOf(generic, codes)) {
      if (!generic.getMatchingIndexingMap(wide).isIdentity())
        return std::nullopt;
      std::optional<Widened> inner = matchWidened(wide->get());
      if (!inner || inner->zeroPoint || inner->computed)
        return std::nullopt;
      found.codes = inner->codes;
      found.isUnsigned = inner->isUnsigned;
    }
  }
  if (!found.codes) {
    OpOperand *operand = inputOf(generic, extended(codes, found.isUnsigned));
    if (!operand || !generic.getMatchingIndexingMap(operand).isIdentity() ||
        !getElementTypeOrSelf(operand->get().getType()).isInteger(8))
      return std::nullopt;
    found.codes = operand->get();
  }
  if (!zero)
    return found;
  if (std::optional<int64_t> number = uniformInteger(zero))
    found.zeroPoint = found.isComputedUnsigned ? *number & 0xFF : *number;
  else if (typeOf(zero).getElementType().isInteger(8))
    found.computed = zero;
  else
    return std::nullopt;
  return found;
}

/// Sums over the rows of `weights - zeroPoint`, [K, N] -> [N].
Value sumRows(RewriterBase &rewriter, Location loc, Value weights,
              int64_t zeroPoint, Type element) {
  auto type = RankedTensorType::get({typeOf(weights).getDimSize(1)}, element);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type.getShape(), element);
  Value zero = arith::ConstantOp::create(rewriter, loc,
                                         rewriter.getIntegerAttr(element, 0));
  Value init = linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
  AffineExpr n = rewriter.getAffineDimExpr(0), k = rewriter.getAffineDimExpr(1);
  SmallVector<AffineMap> maps{
      AffineMap::get(2, 0, {k, n}, rewriter.getContext()),
      AffineMap::get(2, 0, {n}, rewriter.getContext())};
  return linalg::GenericOp::create(
             rewriter, loc, type, weights, init, maps,
             ArrayRef{utils::IteratorType::parallel,
                      utils::IteratorType::reduction},
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value code = arith::ExtSIOp::create(b, loc, element, args[0]);
               Value offset = arith::ConstantOp::create(
                   b, loc, b.getIntegerAttr(element, zeroPoint));
               code = arith::SubIOp::create(b, loc, code, offset);
               Value sum = arith::AddIOp::create(b, loc, args[1], code);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

/// `sums - zeroPoint * rows`, elementwise.
Value correct(RewriterBase &rewriter, Location loc, Value sums, Value rows,
              const Widened &input) {
  RankedTensorType type = typeOf(sums);
  Type element = type.getElementType();
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type.getShape(), element);
  AffineMap identity = rewriter.getMultiDimIdentityMap(2);
  SmallVector<AffineMap> maps{
      identity,
      AffineMap::get(2, 0, {rewriter.getAffineDimExpr(1)},
                     rewriter.getContext()),
      AffineMap::get(2, 0, rewriter.getContext()), identity};
  SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             rewriter, loc, type, ValueRange{sums, rows, input.computed}, empty,
             maps, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value zero =
                   input.isComputedUnsigned
                       ? arith::ExtUIOp::create(b, loc, element, args[2])
                             .getResult()
                       : arith::ExtSIOp::create(b, loc, element, args[2])
                             .getResult();
               Value part = arith::MulIOp::create(b, loc, zero, args[1]);
               Value whole = arith::SubIOp::create(b, loc, args[0], part);
               linalg::YieldOp::create(b, loc, whole);
             })
      .getResult(0);
}

Value raise(RewriterBase &rewriter, linalg::MatmulOp op, const Widened &input,
            const Widened &weights) {
  Location loc = op.getLoc();
  RankedTensorType type = typeOf(op.getResult(0));
  Value x = input.codes, w = weights.codes;
  int64_t weightZero = weights.zeroPoint;
  if (input.isUnsigned)
    x = arith::ExtUIOp::create(rewriter, loc,
                               typeOf(x).clone(rewriter.getI16Type()), x);
  if (weights.isUnsigned) {
    weightZero -= signFlipOffset(w);
    w = flipSign(rewriter, loc, w);
  }
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getI32IntegerAttr(value));
  };
  Value sums =
      linalg::QuantizedMatmulOp::create(
          rewriter, loc, TypeRange(type),
          ValueRange{x, w, number(input.zeroPoint), number(weightZero)},
          op.getDpsInits())
          .getResult(0);
  if (!input.computed)
    return sums;
  Value rows = sumRows(rewriter, loc, w, weightZero, type.getElementType());
  return correct(rewriter, loc, sums, rows, input);
}

/// matmul(ext(x) - a, ext(w) - b) -> quantized_matmul(x, w, a, b)
struct RaiseIntegerMatmul : OpRewritePattern<linalg::MatmulOp> {
  RaiseIntegerMatmul(MLIRContext *context, Pass::Statistic &numLayers)
      : OpRewritePattern(context), numLayers(numLayers) {}

  LogicalResult matchAndRewrite(linalg::MatmulOp op,
                                PatternRewriter &rewriter) const override {
    if (op.hasUserDefinedMaps() || op.getCast() != linalg::TypeFn::cast_signed)
      return rewriter.notifyMatchFailure(op, "is no plain signed product");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "has no static shape");
    if (!type.getElementType().isInteger(32) &&
        !type.getElementType().isInteger(64))
      return rewriter.notifyMatchFailure(op, "has no sums of 32 or 64 bits");
    std::optional<Widened> input = matchWidened(op.getInputs()[0]);
    if (!input)
      return rewriter.notifyMatchFailure(op, "its input is no widened codes");
    std::optional<Widened> weights = matchWidened(op.getInputs()[1]);
    if (!weights || weights->computed)
      return rewriter.notifyMatchFailure(
          op, "its weights are no widened codes with a constant zero point");
    if (!isConstantData(weights->codes))
      return rewriter.notifyMatchFailure(op, "its weights are not constant");
    LDBG() << "raises the product at " << op.getLoc();
    rewriter.replaceOp(op, raise(rewriter, op, *input, *weights));
    ++numLayers;
    return success();
  }

private:
  Pass::Statistic &numLayers;
};

struct RaiseIntegerMatmulsPass
    : pumice::impl::RaiseIntegerMatmulsBase<RaiseIntegerMatmulsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseIntegerMatmul>(&getContext(), numLayers);
    MatchFailureLog log(DEBUG_TYPE);
    walkAndApplyPatterns(getOperation(), std::move(patterns), &log);
  }
};

} // namespace
