// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/Passes.h"
#include "lib/Transforms/Linalg/Quantized.h"
#include "lib/Transforms/Linalg/Ternary.h"

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
  int64_t inputZeroPoint = 0;
  int64_t weightZeroPoint = 0;
  SmallVector<int64_t> padding{0, 0, 0, 0}; ///< top, left, bottom, right
};

bool isMatrixProduct(Operation *op) {
  return isa<linalg::QuantizedMatmulOp>(op);
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

/// Reads `op` as a layer; otherwise `why` says what is in the way, when the op
/// looks like one.
std::optional<Layer> matchLayer(linalg::LinalgOp op, std::string &why) {
  if (!isa<linalg::Conv2DNchwFchwQOp, linalg::Conv2DNgchwGfchwQOp,
           linalg::QuantizedMatmulOp>(op))
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
    why = "its weights are not constant";
    return std::nullopt;
  }

  // Widening and grouping come in either order.
  auto takeGroups = [&] {
    auto expand = layer.input.getDefiningOp<tensor::ExpandShapeOp>();
    if (isGrouped(op) && expand && expand.getSrcType().getRank() == 4)
      layer.input = expand.getSrc();
  };
  takeGroups();
  if (auto extend = layer.input.getDefiningOp<arith::ExtUIOp>()) {
    if (getElementTypeOrSelf(extend.getIn().getType()).isInteger(8)) {
      layer.input = extend.getIn();
      layer.isUnsigned = true;
    }
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
  int64_t outputs = isMatrixProduct(op) ? weights.getDimSize(1)
                    : isGrouped(op)
                        ? weights.getDimSize(0) * weights.getDimSize(1)
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

/// Weights `[K, N]` as `[N, K]`, through a transpose that is already there.
Value transposed(RewriterBase &rewriter, Value weights) {
  if (auto transpose = weights.getDefiningOp<linalg::TransposeOp>())
    if (transpose.getPermutation() == ArrayRef<int64_t>{1, 0})
      return transpose.getInput();
  auto type = cast<RankedTensorType>(weights.getType());
  Value empty = tensor::EmptyOp::create(
      rewriter, weights.getLoc(),
      ArrayRef<int64_t>{type.getDimSize(1), type.getDimSize(0)},
      type.getElementType());
  return linalg::TransposeOp::create(rewriter, weights.getLoc(), weights, empty,
                                     ArrayRef<int64_t>{1, 0})
      .getResult()[0];
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

  if (isMatrixProduct(op))
    return crossbar::MVMOp::create(
        rewriter, loc, type, layer.input, transposed(rewriter, layer.weights),
        isUnsigned, inputZero, weightZero,
        /*input_bits=*/IntegerAttr(), /*weight_bits=*/IntegerAttr());

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
  std::optional<Ternary> ternary =
      readTernary(layer.weights, outputs, isMatrixProduct(layer.op),
                  layer.weightZeroPoint);
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
    auto module = getOperation()->getParentOfType<ModuleOp>();
    auto device = module ? module->getAttrOfType<pum::DeviceAttr>(
                               pum::deviceAttrName)
                         : pum::DeviceAttr();
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      std::string why;
      std::optional<Layer> layer = matchLayer(op, why);
      if (layer && device && device.getAp() &&
          !(why = whyNotAssociative(*layer)).empty())
        layer.reset();
      if (!layer) {
        if (!why.empty())
          op->emitRemark("stays on the digital unit: ") << why;
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
