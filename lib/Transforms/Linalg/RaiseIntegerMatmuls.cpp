// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/SignFlip.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

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
  Value computed; ///< a zero point that is no constant: a tensor of rank 0
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

/// What an extension reads, or null.
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
    zero = extended(subtract.getRhs(), found.isComputedUnsigned);
    OpOperand *operand = inputOf(generic, zero);
    if (!operand || typeOf(operand->get()).getRank() != 0 ||
        !getElementTypeOrSelf(operand->get().getType()).isInteger(8))
      return std::nullopt;
    zero = operand->get();
    // The widening may be an op of its own.
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
  else
    found.computed = zero;
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

struct RaiseIntegerMatmulsPass
    : pumice::impl::RaiseIntegerMatmulsBase<RaiseIntegerMatmulsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::MatmulOp> ops;
    getOperation().walk([&](linalg::MatmulOp op) { ops.push_back(op); });
    for (linalg::MatmulOp op : ops) {
      if (op.hasUserDefinedMaps() ||
          op.getCast() != linalg::TypeFn::cast_signed ||
          !isa<RankedTensorType>(op->getResult(0).getType()) ||
          !typeOf(op->getResult(0)).hasStaticShape())
        continue;
      Type element = typeOf(op->getResult(0)).getElementType();
      if (!element.isInteger(32) && !element.isInteger(64))
        continue;
      std::optional<Widened> input = matchWidened(op.getInputs()[0]);
      std::optional<Widened> weights = matchWidened(op.getInputs()[1]);
      if (!input || !weights || weights->computed ||
          !isConstantData(weights->codes))
        continue;
      rewriter.setInsertionPoint(op);
      rewriter.replaceOp(op, raise(rewriter, op, *input, *weights));
      ++numLayers;
    }
  }
};

} // namespace
