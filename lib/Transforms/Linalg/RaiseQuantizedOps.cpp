// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/RaiseQuantizedOps.h"
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/DataMovement.h"
#include "lib/Analysis/SignFlip.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "raise-quantized-ops"

namespace pumice {
#define GEN_PASS_DEF_RAISEQUANTIZEDOPS
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

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

/// [N, C, L] -> [N, C, 1, L], above a pad, so that the pad stays next to the
/// layer.
Value addHeight(OpBuilder &builder, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = value.getLoc();
  auto pad = value.getDefiningOp<tensor::PadOp>();
  Value constant = pad ? pad.getConstantPaddingValue() : Value();
  if (constant &&
      !llvm::is_contained(pad.getStaticLow(), ShapedType::kDynamic) &&
      !llvm::is_contained(pad.getStaticHigh(), ShapedType::kDynamic)) {
    auto withZero = [&](ArrayRef<int64_t> sizes) {
      SmallVector<int64_t> all{sizes[0], sizes[1], 0, sizes[2]};
      return getAsIndexOpFoldResult(builder.getContext(), all);
    };
    ArrayRef<int64_t> shape = type.getShape();
    auto padded = RankedTensorType::get({shape[0], shape[1], 1, shape[2]},
                                        type.getElementType());
    return tensor::PadOp::create(
        builder, loc, padded, addHeight(builder, pad.getSource()),
        withZero(pad.getStaticLow()), withZero(pad.getStaticHigh()), constant);
  }
  ArrayRef<int64_t> shape = type.getShape();
  return tensor::ExpandShapeOp::create(
      builder, loc,
      RankedTensorType::get({shape[0], shape[1], 1, shape[2]},
                            type.getElementType()),
      value, ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
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
  bool isLine = isa<linalg::Conv1DNcwFcwOp>(op);
  if (isLine)
    x = addHeight(rewriter, x);
  if (in.isUnsigned)
    x = arith::ExtUIOp::create(
        rewriter, loc, withElement(x.getType(), rewriter.getI16Type()), x);
  Value w = moveCodes(rewriter, layer.weights);
  int64_t weightZeroPoint = weight.zeroPoint;
  if (weight.isUnsigned) {
    weightZeroPoint -= signFlipOffset(w);
    w = flipSign(rewriter, loc, w);
  }

  auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
  if (isLine) {
    w = addHeight(rewriter, w);
    ArrayRef<int64_t> shape = resultType.getShape();
    resultType = RankedTensorType::get({shape[0], shape[1], 1, shape[2]},
                                       resultType.getElementType());
  }
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
    for (StringRef name : {"strides", "dilations"}) {
      auto attr = op->getAttrOfType<DenseIntElementsAttr>(name);
      if (!attr)
        continue;
      if (isLine)
        attr = rewriter.getI64VectorAttr({1, *attr.value_begin<int64_t>()});
      window.push_back(rewriter.getNamedAttr(name, attr));
    }
    if (isLine || isa<linalg::Conv2DNchwFchwOp>(op))
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
  if (isLine)
    acc = tensor::CollapseShapeOp::create(
        rewriter, loc, acc, ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
  return acc;
}

/// A bias that was broadcast along the channels, as the vector behind it.
Value biasVector(Value init) {
  while (Operation *def = init.getDefiningOp()) {
    if (auto broadcast = dyn_cast<linalg::BroadcastOp>(def)) {
      ArrayRef<int64_t> dims = broadcast.getDimensions();
      bool onChannels =
          dims == ArrayRef<int64_t>{0, 2, 3} || dims == ArrayRef<int64_t>{0, 2};
      auto type = cast<RankedTensorType>(broadcast.getInput().getType());
      return onChannels && type.getRank() == 1 ? broadcast.getInput() : Value();
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
      if (!layer.scaleOf.empty()) {
        data = llvm::map_to_vector(
            layer.scaleOf, [&](int64_t index) { return (*data)[index]; });
        vector = RankedTensorType::get(data->size(), rewriter.getF32Type());
      }
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

struct RaiseQuantizedOpsPass
    : pumice::impl::RaiseQuantizedOpsBase<RaiseQuantizedOpsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // Producers first: the set of quantized values grows downwards. The ops of
    // the one block are enough; bodies of generics are looked at with them.
    SmallVector<Operation *> ops;
    for (Block &block : getOperation().getBody())
      for (Operation &op : block)
        ops.push_back(&op);
    for (Operation *op : ops) {
      if (sinkDequantize(rewriter, op))
        continue;
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      if (!linalgOp)
        continue;
      if (std::optional<Quantize> quantize = matchQuantize(op)) {
        hoistQuantize(rewriter, *quantize);
        continue;
      }
      if (auto pool = dyn_cast<linalg::PoolingNchwMaxOp>(op)) {
        raiseMaxPool(rewriter, pool);
        continue;
      }
      if (raiseSum(rewriter, linalgOp))
        continue;
      std::string why;
      std::optional<QuantizedLayer> layer = matchQuantizedLayer(op, &why);
      if (!layer) {
        if (std::optional<QuantizedProduct> product =
                matchQuantizedProduct(op, why.empty() ? &why : nullptr)) {
          LDBG() << "raises the product at " << op->getLoc();
          rewriter.setInsertionPoint(op);
          rewriter.replaceOp(op, raiseProduct(rewriter, *product));
          ++numLayers;
        } else if (!why.empty()) {
          LDBG() << "leaves " << op->getName() << " at " << op->getLoc() << ": "
                 << why;
          op->emitRemark("stays in float: ") << why;
          op->setAttr(pum::reasonAttrName, rewriter.getStringAttr(why));
        }
        continue;
      }
      LDBG() << "raises " << op->getName() << " at " << op->getLoc();
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
};

} // namespace
