// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Conversion/Passes.h"
#include "lib/Device/Device.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace pumice {
#define GEN_PASS_DEF_CONVERTLINALGTOCROSSBAR
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// The parts of an integer layer that a crossbar op takes in.
struct Layer {
  linalg::LinalgOp op;
  Value input;   ///< codes, before widening, padding and grouping
  Value weights; ///< codes as in the op
  bool isUnsigned = false;
  bool flipsWeights = false; ///< unsigned codes, to be made signed
  int64_t inputZeroPoint = 0;
  int64_t weightZeroPoint = 0;
  SmallVector<int64_t> padding{0, 0, 0, 0}; ///< top, left, bottom, right
};

bool isMatrixProduct(Operation *op) {
  return isa<linalg::QuantizedMatmulOp, linalg::QuantizedBatchMatmulOp>(op);
}
bool isBatched(Operation *op) {
  return isa<linalg::QuantizedBatchMatmulOp>(op);
}
bool isGrouped(Operation *op) { return isa<linalg::Conv2DNgchwGfchwQOp>(op); }

/// A pad of only the last two dimensions by `value`, or null.
tensor::PadOp matchPad(Value source, int64_t value,
                       SmallVectorImpl<int64_t> &padding) {
  auto pad = source.getDefiningOp<tensor::PadOp>();
  if (!pad || pad.getResultType().getRank() != 4)
    return {};
  IntegerAttr constant;
  Value yielded = pad.getConstantPaddingValue();
  if (!yielded || !matchPattern(yielded, m_Constant(&constant)))
    return {};
  // Codes are signless: compare the bits.
  APInt expected(constant.getValue().getBitWidth(), value, /*isSigned=*/true,
                 /*implicitTrunc=*/true);
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  if (constant.getValue() != expected ||
      llvm::any_of(low, ShapedType::isDynamic) ||
      llvm::any_of(high, ShapedType::isDynamic) || low[0] || low[1] ||
      high[0] || high[1] || low[2] < 0 || low[3] < 0 || high[2] < 0 ||
      high[3] < 0)
    return {};
  padding.assign({low[2], low[3], high[2], high[3]});
  return pad;
}

/// The codes that `value` widens, or null when it is no widening of unsigned
/// 8-bit codes.
Value widenedCodes(Value value) {
  auto extend = value.getDefiningOp<arith::ExtUIOp>();
  return extend && getElementTypeOrSelf(extend.getIn().getType()).isInteger(8)
             ? extend.getIn()
             : Value();
}

/// Reads `op` as a layer; otherwise `why` says what is in the way, when the op
/// looks like one. `temporary`: weights may be written at run time.
std::optional<Layer> matchLayer(linalg::LinalgOp op, bool temporary,
                                std::string &why) {
  if (!isa<linalg::Conv2DNchwFchwQOp, linalg::Conv2DNgchwGfchwQOp>(op) &&
      !isMatrixProduct(op))
    return std::nullopt;
  Layer layer;
  layer.op = op;
  layer.input = op.getDpsInputOperand(0)->get();
  layer.weights = op.getDpsInputOperand(1)->get();
  std::optional<int64_t> inputZero =
      uniformInteger(op.getDpsInputOperand(2)->get());
  std::optional<int64_t> weightZero =
      uniformInteger(op.getDpsInputOperand(3)->get());
  if (!inputZero || !weightZero) {
    why = "its zero points are not constant";
    return std::nullopt;
  }
  layer.inputZeroPoint = *inputZero;
  layer.weightZeroPoint = *weightZero;
  if (!isConstantData(layer.weights)) {
    if (!temporary || !isMatrixProduct(op)) {
      why = "its weights are not constant";
      return std::nullopt;
    }
    if (Value codes = widenedCodes(layer.weights)) {
      layer.weights = codes;
      layer.flipsWeights = true;
      layer.weightZeroPoint -= 128;
    }
  }

  // Widening and grouping come in either order.
  auto takeGroups = [&] {
    auto expand = layer.input.getDefiningOp<tensor::ExpandShapeOp>();
    if (isGrouped(op) && expand && expand.getSrcType().getRank() == 4)
      layer.input = expand.getSrc();
  };
  takeGroups();
  if (Value codes = widenedCodes(layer.input)) {
    layer.input = codes;
    layer.isUnsigned = true;
  }
  takeGroups();
  if (!isMatrixProduct(op))
    if (tensor::PadOp pad =
            matchPad(layer.input, layer.inputZeroPoint, layer.padding))
      layer.input = pad.getSource();

  auto codeWidth = [](Value value) {
    return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  };
  for (Value value : {layer.input, layer.weights}) {
    Type element = getElementTypeOrSelf(value.getType());
    if (!element.isInteger(8) && !element.isInteger(16)) {
      why = "its codes are not 8 or 16 bits wide";
      return std::nullopt;
    }
  }
  Type sum = getElementTypeOrSelf(op->getResult(0).getType());
  if (!sum.isInteger(32) && !sum.isInteger(64)) {
    why = "its sums are not 32 or 64 bits wide";
    return std::nullopt;
  }
  auto weights = cast<RankedTensorType>(layer.weights.getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  // Matrix weights are [K, N] here; filters have their outputs in front.
  int64_t outputs =
      isBatched(op)         ? weights.getDimSize(0) * weights.getDimSize(2)
      : isMatrixProduct(op) ? weights.getDimSize(1)
      : isGrouped(op)       ? weights.getDimSize(0) * weights.getDimSize(1)
                            : weights.getDimSize(0);
  crossbar::Codes inputs{codeWidth(layer.input), !layer.isUnsigned,
                         layer.inputZeroPoint};
  crossbar::Codes weightCodes{codeWidth(layer.weights), true,
                              layer.weightZeroPoint};
  unsigned bits = crossbar::accumulatorBits(inputs, weightCodes,
                                            weights.getNumElements() /
                                                std::max<int64_t>(outputs, 1));
  if (bits > result.getElementTypeBitWidth()) {
    why = ("its sums take " + Twine(bits) + " bits, the result has " +
           Twine(result.getElementTypeBitWidth()))
              .str();
    return std::nullopt;
  }
  return layer;
}

/// Whether ops of this name become crossbar layers when all else fits.
bool isMapped(Operation *op) {
  using namespace linalg;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return !matmul.hasUserDefinedMaps();
  if (auto matmul = dyn_cast<BatchMatmulOp>(op))
    return !matmul.hasUserDefinedMaps();
  return isa<Conv1DNcwFcwOp, Conv2DNchwFchwOp, Conv2DNgchwGfchwOp,
             DepthwiseConv2DNchwChwOp, Conv2DNhwcHwcfOp, Conv2DNhwcFhwcOp,
             DepthwiseConv2DNhwcHwcOp, DepthwiseConv2DNhwcHwcmOp,
             Conv2DNhwcHwcfQOp, Conv2DNhwcFhwcQOp, DepthwiseConv2DNhwcHwcQOp,
             DepthwiseConv2DNhwcHwcmQOp>(op);
}

/// Why a product has not become what `matchLayer` takes; empty for what is no
/// product.
std::string whyNoLayer(linalg::LinalgOp op) {
  StringRef name = op->getName().stripDialect();
  if (!isa<linalg::ConvolutionOpInterface, linalg::ContractionOpInterface>(
          op.getOperation()) ||
      name.starts_with("pooling_"))
    return "";
  if (!isMapped(op))
    return ("crossbars have no '" + name + "'").str();
  if (isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return "its operands are not quantized";
  SmallVector<Value> inputs(op->getOperands().take_front(op.getNumDpsInputs()));
  if (!llvm::all_of(ArrayRef(inputs).drop_front(2), [](Value zero) {
        return uniformInteger(zero).has_value();
      }))
    return "its zero points are not constant";
  if (!isConstantData(inputs[1]))
    return "its weights are not constant";
  for (Value codes : ArrayRef(inputs).take_front(2)) {
    Type element = getElementTypeOrSelf(codes.getType());
    if (!element.isInteger(8) && !element.isInteger(16))
      return "its codes are not 8 or 16 bits wide";
  }
  return "its sums are not 32 or 64 bits wide";
}

/// Weights `[K, N]` as `[N, K]`, with or without groups in front, through a
/// transpose that is already there.
Value transposed(RewriterBase &rewriter, Value weights) {
  Location loc = weights.getLoc();
  auto type = cast<RankedTensorType>(weights.getType());
  int64_t rank = type.getRank();
  // Groups may have been collapsed after a transpose: exchange before.
  if (auto collapse = weights.getDefiningOp<tensor::CollapseShapeOp>()) {
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    bool last = llvm::all_of(ArrayRef(groups).take_back(2),
                             [](auto &group) { return group.size() == 1; });
    if (rank == 3 && last) {
      Value source = transposed(rewriter, collapse.getSrc());
      return tensor::CollapseShapeOp::create(rewriter, loc, source, groups);
    }
  }
  SmallVector<int64_t> exchange = llvm::to_vector(llvm::seq<int64_t>(rank));
  std::swap(exchange[rank - 1], exchange[rank - 2]);
  if (auto transpose = weights.getDefiningOp<linalg::TransposeOp>()) {
    SmallVector<int64_t> both;
    for (int64_t d : exchange)
      both.push_back(transpose.getPermutation()[d]);
    exchange = both;
    weights = transpose.getInput();
    if (llvm::equal(exchange, llvm::seq<int64_t>(rank)))
      return weights;
  }
  auto source = cast<RankedTensorType>(weights.getType());
  SmallVector<int64_t> shape;
  for (int64_t d : exchange)
    shape.push_back(source.getDimSize(d));
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
  return linalg::TransposeOp::create(rewriter, loc, weights, empty, exchange)
      .getResult()[0];
}

/// Unsigned codes q as signed ones q - 128: the same bits but the highest.
Value flipped(RewriterBase &rewriter, Value codes) {
  auto type = cast<RankedTensorType>(codes.getType());
  auto highest = DenseElementsAttr::get(
      type, rewriter.getIntegerAttr(type.getElementType(), -128));
  return arith::XOrIOp::create(
      rewriter, codes.getLoc(), codes,
      arith::ConstantOp::create(rewriter, codes.getLoc(), highest));
}

Value collapseLeading(RewriterBase &rewriter, Value value,
                      ArrayRef<ReassociationIndices> groups) {
  return tensor::CollapseShapeOp::create(rewriter, value.getLoc(), value,
                                         groups);
}

Value convert(RewriterBase &rewriter, const Layer &layer) {
  Operation *op = layer.op;
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  UnitAttr isUnsigned = layer.isUnsigned ? rewriter.getUnitAttr() : UnitAttr();
  IntegerAttr inputZero = rewriter.getI64IntegerAttr(layer.inputZeroPoint);
  IntegerAttr weightZero = rewriter.getI64IntegerAttr(layer.weightZeroPoint);

  if (isMatrixProduct(op)) {
    Value weights = transposed(rewriter, layer.weights);
    if (layer.flipsWeights)
      weights = flipped(rewriter, weights);
    return crossbar::MVMOp::create(rewriter, loc, type, layer.input, weights,
                                   isUnsigned, inputZero, weightZero,
                                   /*input_bits=*/IntegerAttr(),
                                   /*weight_bits=*/IntegerAttr());
  }

  Value input = layer.input, weights = layer.weights;
  int64_t groups = 1;
  auto resultType = type;
  if (isGrouped(op)) {
    groups = type.getDimSize(1);
    if (cast<RankedTensorType>(input.getType()).getRank() == 5)
      input = collapseLeading(rewriter, input, {{0}, {1, 2}, {3}, {4}});
    weights = collapseLeading(rewriter, weights, {{0, 1}, {2}, {3}, {4}});
    ArrayRef<int64_t> shape = type.getShape();
    resultType = RankedTensorType::get(
        {shape[0], shape[1] * shape[2], shape[3], shape[4]},
        type.getElementType());
  }
  auto window = [&](StringRef name) {
    auto attr = op->getAttrOfType<DenseIntElementsAttr>(name);
    return rewriter.getDenseI64ArrayAttr(
        attr ? llvm::to_vector(attr.getValues<int64_t>())
             : SmallVector<int64_t>{1, 1});
  };
  ArrayRef<int64_t> filter =
      cast<RankedTensorType>(weights.getType()).getShape();
  Value result = crossbar::Conv2DOp::create(
      rewriter, loc, resultType, input, weights,
      rewriter.getDenseI64ArrayAttr(filter.take_back(2)), window("strides"),
      window("dilations"), rewriter.getDenseI64ArrayAttr(layer.padding),
      rewriter.getI64IntegerAttr(groups), isUnsigned, inputZero, weightZero,
      /*input_bits=*/IntegerAttr(), /*weight_bits=*/IntegerAttr());
  if (resultType != type)
    result = tensor::ExpandShapeOp::create(
        rewriter, loc, type, result,
        ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}, {4}});
  return result;
}

/// Why a device with associative processors does not take `layer`; empty: it
/// does.
std::string whyNotAssociative(const Layer &layer) {
  auto result = cast<RankedTensorType>(layer.op->getResult(0).getType());
  int64_t outputs = isGrouped(layer.op)
                        ? result.getDimSize(1) * result.getDimSize(2)
                        : result.getDimSize(1);
  std::optional<Ternary> ternary = readTernary(
      layer.weights, outputs, isMatrixProduct(layer.op), layer.weightZeroPoint);
  if (!ternary)
    return "its weights are no constants of 8 bits";
  if (ternary->others)
    return ("its weights are not ternary: " + Twine(ternary->others) + " of " +
            Twine(ternary->weights.size()) +
            " are none of three values of their output")
        .str();
  if (!getElementTypeOrSelf(layer.input.getType()).isInteger(8))
    return "its codes are wider than 8 bits";
  return {};
}

struct ConvertLinalgToCrossbarPass
    : pumice::impl::ConvertLinalgToCrossbarBase<ConvertLinalgToCrossbarPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    pum::DeviceAttr device = deviceOf(getOperation());
    bool temporary = device && takesTemporaryWeights(device);
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      std::string why;
      std::optional<Layer> layer = matchLayer(op, temporary, why);
      if (layer && device && processorsOf(device) &&
          !(why = whyNotAssociative(*layer)).empty())
        layer.reset();
      if (!layer) {
        if (!why.empty())
          op->emitRemark("stays on the digital unit: ") << why;
        else
          why = whyNoLayer(op);
        // What kept it from becoming a layer of integers says more.
        if (!why.empty() && !op->hasAttr(pum::reasonAttrName))
          op->setAttr(pum::reasonAttrName, rewriter.getStringAttr(why));
        continue;
      }
      rewriter.setInsertionPoint(op);
      Value result = convert(rewriter, *layer);
      // The layer adds to its init; only zeros need no addition.
      Value init = op.getDpsInits()[0];
      auto fill = init.getDefiningOp<linalg::FillOp>();
      bool isZero = (fill && uniformInteger(fill.getInputs()[0]) == 0) ||
                    uniformInteger(init) == 0;
      if (!isZero)
        result = arith::AddIOp::create(rewriter, op->getLoc(), result, init);
      rewriter.replaceOp(op, result);
      ++numLayers;
    }
  }
};

} // namespace
