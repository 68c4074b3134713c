// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Support/MatchFailureLog.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "normalize-integer-layers"

namespace pumice {
#define GEN_PASS_DEF_NORMALIZEINTEGERLAYERS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

using Permutation = SmallVector<int64_t, 5>;

/// How a named op differs from the normal form of its layer.
struct Form {
  Permutation input;   ///< to [N, C, H, W]; empty: is so
  Permutation weights; ///< to [F, C, H, W] or, per group, to [G, F/G, H, W]
  bool isDepthwise = false;
  bool isGrouped = false; ///< is conv_2d_ngchw_gfchw
  bool isProduct = false; ///< of matrices, perhaps in a batch of one
};

std::optional<Form> formOf(Operation *op) {
  using namespace linalg;
  Permutation toFront{0, 3, 1, 2};
  if (isa<Conv2DNhwcHwcfOp, Conv2DNhwcHwcfQOp>(op))
    return Form{toFront, {3, 2, 0, 1}};
  if (isa<Conv2DNhwcFhwcOp, Conv2DNhwcFhwcQOp>(op))
    return Form{toFront, toFront};
  if (isa<DepthwiseConv2DNhwcHwcOp, DepthwiseConv2DNhwcHwcQOp>(op))
    return Form{toFront, {2, 0, 1}, true};
  if (isa<DepthwiseConv2DNhwcHwcmOp, DepthwiseConv2DNhwcHwcmQOp>(op))
    return Form{toFront, {2, 3, 0, 1}, true};
  if (isa<DepthwiseConv2DNchwChwOp>(op))
    return Form{{}, {}, true};
  if (isa<Conv2DNchwFchwOp>(op))
    return Form{};
  if (isa<Conv2DNgchwGfchwOp>(op))
    return Form{{}, {}, false, true};
  auto product = Form{{}, {}, false, false, true};
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return matmul.hasUserDefinedMaps() ||
                   matmul.getCast() != TypeFn::cast_signed
               ? std::nullopt
               : std::optional(product);
  if (auto matmul = dyn_cast<BatchMatmulOp>(op))
    return matmul.hasUserDefinedMaps() ||
                   matmul.getCast() != TypeFn::cast_signed
               ? std::nullopt
               : std::optional(product);
  if (isa<QuantizedBatchMatmulOp>(op))
    return product;
  return std::nullopt;
}

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

RankedTensorType permuted(RankedTensorType type, ArrayRef<int64_t> order) {
  SmallVector<int64_t> shape;
  for (int64_t dim : order)
    shape.push_back(type.getDimSize(dim));
  return type.clone(shape);
}

/// `value` with dimension `order[i]` as dimension i, as an op that fuses into
/// elementwise neighbours.
Value permute(RewriterBase &rewriter, Location loc, Value value,
              ArrayRef<int64_t> order) {
  RankedTensorType type = permuted(typeOf(value), order);
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  SmallVector<unsigned> dims(order.begin(), order.end());
  AffineMap from = inversePermutation(
      AffineMap::getPermutationMap(dims, rewriter.getContext()));
  SmallVector<AffineMap> maps{from,
                              rewriter.getMultiDimIdentityMap(order.size())};
  SmallVector<utils::IteratorType> loops(order.size(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             rewriter, loc, type, value, empty, maps, loops,
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, args[0]);
             })
      .getResult(0);
}

/// As `permute`, but behind pads and widenings, which the conversion to
/// crossbars takes into the layer.
Value permuteCodes(RewriterBase &rewriter, Location loc, Value value,
                   ArrayRef<int64_t> order) {
  if (auto extend = value.getDefiningOp<arith::ExtUIOp>()) {
    Value codes = permuteCodes(rewriter, loc, extend.getIn(), order);
    return arith::ExtUIOp::create(rewriter, extend.getLoc(),
                                  permuted(typeOf(value), order), codes);
  }
  auto pad = value.getDefiningOp<tensor::PadOp>();
  if (!pad || !pad.getConstantPaddingValue())
    return permute(rewriter, loc, value, order);
  Value source = permuteCodes(rewriter, loc, pad.getSource(), order);
  SmallVector<OpFoldResult> low = pad.getMixedLowPad(),
                            high = pad.getMixedHighPad();
  SmallVector<OpFoldResult> newLow, newHigh;
  for (int64_t dim : order) {
    newLow.push_back(low[dim]);
    newHigh.push_back(high[dim]);
  }
  return tensor::PadOp::create(rewriter, pad.getLoc(),
                               permuted(typeOf(value), order), source, newLow,
                               newHigh, pad.getConstantPaddingValue());
}

Value transposed(RewriterBase &rewriter, Location loc, Value weights,
                 ArrayRef<int64_t> order) {
  RankedTensorType type = permuted(typeOf(weights), order);
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  return linalg::TransposeOp::create(rewriter, loc, weights, empty, order)
      .getResult()[0];
}

Value expand(RewriterBase &rewriter, Location loc, Value value,
             ArrayRef<int64_t> shape, ArrayRef<ReassociationIndices> groups) {
  return tensor::ExpandShapeOp::create(
      rewriter, loc, typeOf(value).clone(shape), value, groups);
}

/// Zeros of a shape, to accumulate on.
Value zeros(RewriterBase &rewriter, Location loc, RankedTensorType type) {
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  Value zero = arith::ConstantOp::create(
      rewriter, loc, rewriter.getIntegerAttr(type.getElementType(), 0));
  return linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
}

Value convertProduct(RewriterBase &rewriter, linalg::LinalgOp op,
                     ValueRange zeroPoints) {
  Location loc = op.getLoc();
  RankedTensorType type = typeOf(op->getResult(0));
  Value left = op.getDpsInputOperand(0)->get();
  Value right = op.getDpsInputOperand(1)->get();
  bool isBatch = type.getRank() == 3;
  SmallVector<ReassociationIndices> join{{0, 1}, {2}};
  if (isBatch) {
    left = tensor::CollapseShapeOp::create(rewriter, loc, left, join);
    right = tensor::CollapseShapeOp::create(rewriter, loc, right, join);
    type = type.clone(type.getShape().drop_front());
  }
  Value result = linalg::QuantizedMatmulOp::create(
                     rewriter, loc, TypeRange(type),
                     ValueRange{left, right, zeroPoints[0], zeroPoints[1]},
                     ValueRange(zeros(rewriter, loc, type)))
                     .getResult(0);
  return isBatch ? expand(rewriter, loc, result,
                          typeOf(op->getResult(0)).getShape(), join)
                 : result;
}

Value convertConvolution(RewriterBase &rewriter, linalg::LinalgOp op,
                         const Form &form, ValueRange zeroPoints) {
  Location loc = op.getLoc();
  Value x = op.getDpsInputOperand(0)->get();
  Value w = op.getDpsInputOperand(1)->get();
  RankedTensorType type = typeOf(op->getResult(0));
  bool hasMultiplier = type.getRank() == 5 && form.isDepthwise;
  SmallVector<ReassociationIndices> channels{{0}, {1, 2}, {3}, {4}};
  if (!form.input.empty()) {
    x = permuteCodes(rewriter, loc, x, form.input);
    type = permuted(type, hasMultiplier ? Permutation{0, 3, 4, 1, 2}
                                        : Permutation{0, 3, 1, 2});
  }
  if (!form.weights.empty())
    w = transposed(rewriter, loc, w, form.weights);

  if (form.isDepthwise) {
    // One group per channel: [N, C, H, W] -> [N, C, 1, H, W].
    ArrayRef<int64_t> xs = typeOf(x).getShape(), ws = typeOf(w).getShape();
    x = expand(rewriter, loc, x, {xs[0], xs[1], 1, xs[2], xs[3]}, channels);
    if (hasMultiplier) {
      w = expand(rewriter, loc, w, {ws[0], ws[1], 1, ws[2], ws[3]}, channels);
    } else {
      w = expand(rewriter, loc, w, {ws[0], 1, 1, ws[1], ws[2]},
                 {{0, 1, 2}, {3}, {4}});
      ArrayRef<int64_t> ys = type.getShape();
      type = type.clone({ys[0], ys[1], 1, ys[2], ys[3]});
    }
  }
  SmallVector<NamedAttribute> window;
  for (StringRef name : {"strides", "dilations"})
    if (Attribute attr = op->getAttr(name))
      window.push_back(rewriter.getNamedAttr(name, attr));
  SmallVector<Value> inputs{x, w, zeroPoints[0], zeroPoints[1]};
  Value init = zeros(rewriter, loc, type);
  Value result =
      form.isDepthwise || form.isGrouped
          ? linalg::Conv2DNgchwGfchwQOp::create(rewriter, loc, TypeRange(type),
                                                inputs, ValueRange(init),
                                                window)
                .getResult(0)
          : linalg::Conv2DNchwFchwQOp::create(rewriter, loc, TypeRange(type),
                                              inputs, ValueRange(init), window)
                .getResult(0);
  if (form.isDepthwise)
    result = tensor::CollapseShapeOp::create(rewriter, loc, result, channels);
  if (form.input.empty())
    return result;
  result = permute(rewriter, loc, result, {0, 2, 3, 1});
  // The multiplier is a separate dimension, which later ops collapse again.
  return hasMultiplier ? expand(rewriter, loc, result,
                                typeOf(op->getResult(0)).getShape(),
                                {{0}, {1}, {2}, {3, 4}})
                       : result;
}

/// Whether the op computes integer sums of codes and constants.
bool isIntegerLayer(linalg::LinalgOp op) {
  Value input = op.getDpsInputOperand(0)->get();
  Value weights = op.getDpsInputOperand(1)->get();
  for (Value value : {input, weights}) {
    Type element = typeOf(value).getElementType();
    if (!element.isInteger(8) && !element.isInteger(16))
      return false;
  }
  RankedTensorType type = typeOf(op->getResult(0));
  return (type.getElementType().isInteger(32) ||
          type.getElementType().isInteger(64)) &&
         type.hasStaticShape() && isConstantData(weights);
}

/// `value + init`, unless init is zeros.
Value addInit(RewriterBase &rewriter, Location loc, Value value, Value init) {
  auto fill = init.getDefiningOp<linalg::FillOp>();
  if ((fill && uniformInteger(fill.getInputs()[0]) == 0) ||
      uniformInteger(init) == 0)
    return value;
  RankedTensorType type = typeOf(value);
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  SmallVector<AffineMap> maps(3,
                              rewriter.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             rewriter, loc, type, ValueRange{value, init}, empty, maps, loops,
             [](OpBuilder &b, Location loc, ValueRange args) {
               Value sum = arith::AddIOp::create(b, loc, args[0], args[1]);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

/// Any integer layer -> its normal form, then the sum with its init.
struct NormalizeIntegerLayer : OpInterfaceRewritePattern<linalg::LinalgOp> {
  NormalizeIntegerLayer(MLIRContext *context, Pass::Statistic &numLayers)
      : OpInterfaceRewritePattern(context), numLayers(numLayers) {}

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Form> form = formOf(op);
    if (!form)
      return rewriter.notifyMatchFailure(op, "is no layer of a known form");
    if (!isIntegerLayer(op))
      return rewriter.notifyMatchFailure(
          op, "is no integer sum of codes and constants");
    RankedTensorType type = typeOf(op->getResult(0));
    if (form->isProduct && type.getRank() == 3 && type.getDimSize(0) != 1)
      return rewriter.notifyMatchFailure(op, "is a batch of products");
    LDBG() << "normalizes " << op->getName() << " at " << op.getLoc();
    Location loc = op.getLoc();
    SmallVector<Value> zeroPoints;
    if (op.getNumDpsInputs() == 4) {
      for (unsigned i : {2, 3})
        zeroPoints.push_back(op.getDpsInputOperand(i)->get());
    } else {
      zeroPoints.assign(2, arith::ConstantOp::create(
                               rewriter, loc, rewriter.getI32IntegerAttr(0)));
    }
    Value result = form->isProduct
                       ? convertProduct(rewriter, op, zeroPoints)
                       : convertConvolution(rewriter, op, *form, zeroPoints);
    rewriter.replaceOp(op, addInit(rewriter, loc, result, op.getDpsInits()[0]));
    ++numLayers;
    return success();
  }

private:
  Pass::Statistic &numLayers;
};

struct NormalizeIntegerLayersPass
    : pumice::impl::NormalizeIntegerLayersBase<NormalizeIntegerLayersPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<NormalizeIntegerLayer>(&getContext(), numLayers);
    MatchFailureLog log(DEBUG_TYPE);
    walkAndApplyPatterns(getOperation(), std::move(patterns), &log);
  }
};

} // namespace
