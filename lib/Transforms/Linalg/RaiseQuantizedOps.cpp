// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Linalg/Quantized.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#define DEBUG_TYPE "raise-quantized-ops"

namespace pumice {
#define GEN_PASS_DEF_RAISEQUANTIZEDOPS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// The element type with `element` in place of the one of `type`.
static RankedTensorType withElement(Type type, Type element) {
  return cast<RankedTensorType>(type).clone(element);
}

Value pumice::moveCodes(RewriterBase &rewriter, const MovedCodes &moved) {
  Value codes = moved.dequantize.codes;
  Type element = cast<RankedTensorType>(codes.getType()).getElementType();
  for (Operation *move : moved.moves) {
    auto type = withElement(move->getResult(0).getType(), element);
    Location loc = move->getLoc();
    if (auto pad = dyn_cast<tensor::PadOp>(move)) {
      Value zero = arith::ConstantOp::create(
          rewriter, loc,
          IntegerAttr::get(element,
                           APInt(element.getIntOrFloatBitWidth(),
                                 moved.dequantize.zeroPoint, /*isSigned=*/true,
                                 /*implicitTrunc=*/true)));
      codes = tensor::PadOp::create(rewriter, loc, type, codes,
                                    pad.getMixedLowPad(), pad.getMixedHighPad(),
                                    zero);
    } else if (auto transpose = dyn_cast<linalg::TransposeOp>(move)) {
      Value empty =
          tensor::EmptyOp::create(rewriter, loc, type.getShape(), element);
      codes = linalg::TransposeOp::create(rewriter, loc, codes, empty,
                                          transpose.getPermutation())
                  .getResult()[0];
    } else if (auto repeat = dyn_cast<linalg::LinalgOp>(move)) {
      // A copy or a broadcast: each element from where the maps say.
      Value empty =
          tensor::EmptyOp::create(rewriter, loc, type.getShape(), element);
      codes = linalg::GenericOp::create(
                  rewriter, loc, type, codes, empty,
                  repeat.getIndexingMapsArray(), repeat.getIteratorTypesArray(),
                  [](OpBuilder &b, Location loc, ValueRange args) {
                    linalg::YieldOp::create(b, loc, args[0]);
                  })
                  .getResult(0);
    } else {
      IRMapping mapping;
      mapping.map(move->getOperand(0), codes);
      Operation *clone = rewriter.clone(*move, mapping);
      clone->getResult(0).setType(type);
      codes = clone->getResult(0);
    }
  }
  return codes;
}

Value pumice::nonZeroInit(linalg::LinalgOp op) {
  Value init = op.getDpsInits()[0];
  Value source = init;
  while (Operation *def = source.getDefiningOp()) {
    if (auto fill = dyn_cast<linalg::FillOp>(def))
      return matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ? Value()
                                                                 : init;
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(def))
      break;
    source = def->getOperand(0);
  }
  return matchPattern(init, m_AnyZeroFloat()) ? Value() : init;
}

namespace {

/// Reassociation that splits (or joins) dimension 1 of an NCHW tensor into the
/// two dimensions 1 and 2 of NGCHW.
SmallVector<ReassociationIndices> groupChannels() {
  return {{0}, {1, 2}, {3}, {4}};
}

/// The layer on integer codes, as an accumulator of the float result's shape
/// (grouped layers: with the two channel dimensions joined).
Value buildIntegerLayer(RewriterBase &rewriter, const QuantizedLayer &layer) {
  Operation *op = layer.op;
  Location loc = op->getLoc();
  const Dequantize &in = layer.input.dequantize;
  const Dequantize &weight = layer.weights.dequantize;
  Type i32 = rewriter.getI32Type();

  Value x = moveCodes(rewriter, layer.input);
  if (in.isUnsigned)
    x = arith::ExtUIOp::create(
        rewriter, loc, withElement(x.getType(), rewriter.getI16Type()), x);
  Value w = moveCodes(rewriter, layer.weights);
  int64_t weightZeroPoint = weight.zeroPoint;
  if (weight.isUnsigned) {
    // Arrays hold signed weights: the same differences, around another zero.
    auto type = cast<RankedTensorType>(w.getType());
    unsigned bits = type.getElementTypeBitWidth();
    auto top = DenseElementsAttr::get(type, APInt::getSignedMinValue(bits));
    w = arith::XOrIOp::create(rewriter, loc, w,
                              arith::ConstantOp::create(rewriter, loc, top));
    weightZeroPoint -= int64_t(1) << (bits - 1);
  }

  auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
  if (isa<linalg::DepthwiseConv2DNchwChwOp>(op)) {
    // One group per channel: [N, C, H, W] -> [N, C, 1, H, W].
    auto split = [&](Value value, ArrayRef<int64_t> shape,
                     ArrayRef<ReassociationIndices> groups) -> Value {
      return tensor::ExpandShapeOp::create(
          rewriter, loc,
          RankedTensorType::get(shape, getElementTypeOrSelf(value.getType())),
          value, groups);
    };
    ArrayRef<int64_t> xs = cast<RankedTensorType>(x.getType()).getShape();
    ArrayRef<int64_t> ws = cast<RankedTensorType>(w.getType()).getShape();
    ArrayRef<int64_t> ys = resultType.getShape();
    x = split(x, {xs[0], xs[1], 1, xs[2], xs[3]}, groupChannels());
    w = split(w, {ws[0], 1, 1, ws[1], ws[2]}, {{0, 1, 2}, {3}, {4}});
    resultType = RankedTensorType::get({ys[0], ys[1], 1, ys[2], ys[3]},
                                       resultType.getElementType());
  }

  Value empty =
      tensor::EmptyOp::create(rewriter, loc, resultType.getShape(), i32);
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(0));
  Value init = linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
  Value inputZero = arith::ConstantOp::create(
      rewriter, loc, rewriter.getI32IntegerAttr(in.zeroPoint));
  Value weightZero = arith::ConstantOp::create(
      rewriter, loc, rewriter.getI32IntegerAttr(weightZeroPoint));
  SmallVector<Value> inputs{x, w, inputZero, weightZero};
  Type accType = init.getType();
  TypeRange types(accType);

  Value acc;
  if (isa<linalg::MatmulOp>(op)) {
    acc = linalg::QuantizedMatmulOp::create(rewriter, loc, types, inputs, init)
              .getResult(0);
  } else {
    // Without an attribute, both ops mean ones.
    SmallVector<NamedAttribute> window;
    for (StringRef name : {"strides", "dilations"})
      if (Attribute attr = op->getAttr(name))
        window.push_back(rewriter.getNamedAttr(name, attr));
    if (isa<linalg::Conv2DNchwFchwOp>(op))
      acc = linalg::Conv2DNchwFchwQOp::create(rewriter, loc, types, inputs,
                                              ValueRange(init), window)
                .getResult(0);
    else
      acc = linalg::Conv2DNgchwGfchwQOp::create(rewriter, loc, types, inputs,
                                                ValueRange(init), window)
                .getResult(0);
  }
  if (resultType.getRank() == 5)
    acc = tensor::CollapseShapeOp::create(rewriter, loc, acc, groupChannels());
  return acc;
}

/// A bias that was broadcast along the channels, as the vector behind it.
Value biasVector(Value init) {
  while (Operation *def = init.getDefiningOp()) {
    if (auto broadcast = dyn_cast<linalg::BroadcastOp>(def)) {
      bool onChannels = cast<RankedTensorType>(init.getType()).getRank() == 4 &&
                        broadcast.getDimensions() == ArrayRef<int64_t>{0, 2, 3};
      return onChannels ? broadcast.getInput() : Value();
    }
    if (!isa<tensor::ExpandShapeOp>(def))
      return {};
    init = def->getOperand(0);
  }
  return {};
}

/// `float(acc) * scale[c] + init`, one rounding per step.
Value buildRescale(RewriterBase &rewriter, const QuantizedLayer &layer,
                   Value acc) {
  linalg::LinalgOp op = layer.op;
  Location loc = op->getLoc();
  const Dequantize &weight = layer.weights.dequantize;
  float inputScale = layer.input.dequantize.scale;
  auto accType = cast<RankedTensorType>(acc.getType());
  auto type = withElement(accType, rewriter.getF32Type());
  unsigned rank = type.getRank();
  AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  // Dimension 1 holds the output channels, of convolutions and of products.
  AffineMap channel = AffineMap::get(rank, 0, {rewriter.getAffineDimExpr(1)},
                                     rewriter.getContext());

  SmallVector<Value> inputs{acc};
  SmallVector<AffineMap> maps{identity};
  if (weight.scales) {
    auto vector = cast<RankedTensorType>(weight.scales.getType());
    Value scales;
    if (std::optional<SmallVector<float>> data = floatData(weight.scales)) {
      for (float &scale : *data)
        scale *= inputScale;
      scales = arith::ConstantOp::create(
          rewriter, loc, DenseElementsAttr::get(vector, ArrayRef(*data)));
    } else {
      Value splat = arith::ConstantOp::create(
          rewriter, loc, DenseElementsAttr::get(vector, inputScale));
      scales = arith::MulFOp::create(rewriter, loc, splat, weight.scales);
    }
    inputs.push_back(scales);
    maps.push_back(channel);
  }
  // With grouped channels the float layer's init has one dimension more.
  Value init = nonZeroInit(op);
  if (init) {
    if (Value bias = biasVector(init)) {
      inputs.push_back(bias);
      maps.push_back(channel);
    } else {
      if (cast<RankedTensorType>(init.getType()).getRank() == 5)
        init = tensor::CollapseShapeOp::create(rewriter, loc, init,
                                               groupChannels());
      inputs.push_back(init);
      maps.push_back(identity);
    }
  }
  maps.push_back(identity);
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      rewriter, loc, type, inputs, empty, maps, loops,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value scale =
            weight.scales
                ? args[1]
                : arith::ConstantOp::create(
                      b, loc, b.getF32FloatAttr(inputScale * weight.scale))
                      .getResult();
        Value value = arith::SIToFPOp::create(b, loc, b.getF32Type(), args[0]);
        value = arith::MulFOp::create(b, loc, value, scale);
        if (init)
          value =
              arith::AddFOp::create(b, loc, value, args[weight.scales ? 2 : 1]);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}

/// Whether every window of a pool over a padded image has an element of the
/// image itself.
bool windowsMeetImage(linalg::PoolingNchwMaxOp op, tensor::PadOp pad) {
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

/// max_pool(dequantize(x)) -> dequantize(max_pool(x)): scales are positive, so
/// the order of codes is that of their values. A pad by -inf becomes one by the
/// least code, which never exceeds the element that every window has.
void raiseMaxPool(RewriterBase &rewriter, linalg::PoolingNchwMaxOp op) {
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
  unsigned bits = element.getIntOrFloatBitWidth();
  Value least = arith::ConstantOp::create(
      rewriter, loc,
      IntegerAttr::get(element, dequantize.isUnsigned
                                    ? APInt::getZero(bits)
                                    : APInt::getSignedMinValue(bits)));
  if (pad)
    codes = tensor::PadOp::create(
        rewriter, loc, withElement(pad.getResultType(), element), codes,
        pad.getMixedLowPad(), pad.getMixedHighPad(), least);
  auto type = withElement(op.getResult(0).getType(), element);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type.getShape(), element);
  Value init = linalg::FillOp::create(rewriter, loc, least, empty).getResult(0);
  auto window = cast<RankedTensorType>(op.getInputs()[1].getType());
  Value shape =
      tensor::EmptyOp::create(rewriter, loc, window.getShape(), element);
  auto pool = linalg::GenericOp::create(
      rewriter, loc, type, ValueRange{codes, shape}, init,
      op.getIndexingMapsArray(), op.getIteratorTypesArray(),
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value larger =
            dequantize.isUnsigned
                ? arith::MaxUIOp::create(b, loc, args[0], args[2]).getResult()
                : arith::MaxSIOp::create(b, loc, args[0], args[2]).getResult();
        linalg::YieldOp::create(b, loc, larger);
      });
  // The dequantize again, on the pooled codes.
  linalg::GenericOp generic = dequantize.op;
  auto floatType = withElement(type, rewriter.getF32Type());
  Value floatEmpty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                             rewriter.getF32Type());
  SmallVector<AffineMap> maps(2, rewriter.getMultiDimIdentityMap(4));
  SmallVector<utils::IteratorType> loops(4, utils::IteratorType::parallel);
  auto result = linalg::GenericOp::create(
      rewriter, generic.getLoc(), floatType, pool.getResult(0), floatEmpty,
      maps, loops, [&](OpBuilder &b, Location loc, ValueRange args) {
        Type i32 = b.getI32Type();
        Value value =
            dequantize.isUnsigned
                ? arith::ExtUIOp::create(b, loc, i32, args[0]).getResult()
                : arith::ExtSIOp::create(b, loc, i32, args[0]).getResult();
        if (dequantize.zeroPoint)
          value = arith::SubIOp::create(
              b, loc, value,
              arith::ConstantOp::create(
                  b, loc, b.getI32IntegerAttr(dequantize.zeroPoint)));
        value = arith::SIToFPOp::create(b, loc, b.getF32Type(), value);
        Value scale = arith::ConstantOp::create(
            b, loc, b.getF32FloatAttr(dequantize.scale));
        linalg::YieldOp::create(
            b, loc, arith::MulFOp::create(b, loc, value, scale).getResult());
      });
  rewriter.replaceOp(op, result.getResult(0));
}

struct RaiseQuantizedOpsPass
    : pumice::impl::RaiseQuantizedOpsBase<RaiseQuantizedOpsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> layers;
    getOperation().walk([&](linalg::LinalgOp op) { layers.push_back(op); });
    for (Operation *op : layers) {
      if (std::optional<Quantize> quantize = matchQuantize(op)) {
        dropIdentity(rewriter, *quantize);
        continue;
      }
      if (auto pool = dyn_cast<linalg::PoolingNchwMaxOp>(op)) {
        raiseMaxPool(rewriter, pool);
        continue;
      }
      std::string why;
      std::optional<QuantizedLayer> layer = matchQuantizedLayer(op, &why);
      if (!layer) {
        if (std::optional<QuantizedProduct> product =
                matchQuantizedProduct(op, why.empty() ? &why : nullptr)) {
          rewriter.setInsertionPoint(op);
          rewriter.replaceOp(op, raiseProduct(rewriter, *product));
          ++numLayers;
        } else if (!why.empty()) {
          op->emitRemark("stays in float: ") << why;
        }
        continue;
      }
      rewriter.setInsertionPoint(op);
      Value acc = buildIntegerLayer(rewriter, *layer);
      Value result = buildRescale(rewriter, *layer, acc);
      auto type = cast<RankedTensorType>(op->getResult(0).getType());
      if (type != result.getType())
        result = tensor::ExpandShapeOp::create(rewriter, op->getLoc(), type,
                                               result, groupChannels());
      rewriter.replaceOp(op, result);
      ++numLayers;
    }
  }

  /// quantize(dequantize(x)) -> x, for equal parameters: |code - zero point| is
  /// below 2^24, so that the product and the quotient round back to it.
  void dropIdentity(RewriterBase &rewriter, const Quantize &quantize) {
    std::optional<MovedCodes> moved = traceCodes(quantize.input);
    if (!moved || moved->dequantize.scales)
      return;
    const Dequantize &dequantize = moved->dequantize;
    linalg::GenericOp op = quantize.op;
    if (dequantize.scale != quantize.scale ||
        dequantize.zeroPoint != quantize.zeroPoint ||
        dequantize.isUnsigned != quantize.isUnsigned ||
        getElementTypeOrSelf(dequantize.codes.getType()) !=
            getElementTypeOrSelf(op.getResult(0).getType()))
      return;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op, moveCodes(rewriter, *moved));
  }
};

} // namespace
