// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/IntegerLayer.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/SignFlip.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static bool isMatrixProduct(Operation *op) {
  return isa<linalg::QuantizedMatmulOp, linalg::QuantizedBatchMatmulOp>(op);
}

bool IntegerLayer::isMatrixProduct() const { return ::isMatrixProduct(op); }
bool IntegerLayer::isBatched() const {
  return isa<linalg::QuantizedBatchMatmulOp>(static_cast<Operation *>(op));
}
bool IntegerLayer::isGrouped() const {
  return isa<linalg::Conv2DNgchwGfchwQOp>(static_cast<Operation *>(op));
}

int64_t IntegerLayer::outputs() const {
  ArrayRef<int64_t> shape = cast<ShapedType>(weights.getType()).getShape();
  // Matrix weights are [K, N] here; filters have their outputs in front.
  if (isBatched())
    return shape[0] * shape[2];
  if (isMatrixProduct())
    return shape[1];
  return isGrouped() ? shape[0] * shape[1] : shape[0];
}

int64_t IntegerLayer::groups() const {
  return isGrouped() ? cast<ShapedType>(weights.getType()).getDimSize(0) : 1;
}

int64_t IntegerLayer::inputBits() const {
  IntegerRange range =
      rangeOfCodes(input, isUnsigned).join({inputZeroPoint, inputZeroPoint});
  return isUnsigned ? range.unsignedBits() : range.signedBits();
}

crossbar::WindowAttr IntegerLayer::window() const {
  auto pair = [&](StringRef name) {
    auto attr = op->getAttrOfType<DenseIntElementsAttr>(name);
    return attr ? llvm::to_vector(attr.getValues<int64_t>())
                : SmallVector<int64_t>{1, 1};
  };
  ArrayRef<int64_t> shape = cast<ShapedType>(weights.getType()).getShape();
  return crossbar::WindowAttr::get(op->getContext(), shape.take_back(2),
                                   pair("strides"), pair("dilations"), padding);
}

//===----------------------------------------------------------------------===//
// Matchers
//===----------------------------------------------------------------------===//

/// A pad of only the last two dimensions by `value`, or null.
static tensor::PadOp matchPad(Value source, int64_t value,
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

/// The operand of `value` if `value` widens unsigned 8-bit values, or null.
static Value widenedCodes(Value value) {
  auto extend = value.getDefiningOp<arith::ExtUIOp>();
  return extend && getElementTypeOrSelf(extend.getIn().getType()).isInteger(8)
             ? extend.getIn()
             : Value();
}

std::optional<IntegerLayer> pumice::matchIntegerLayer(linalg::LinalgOp op,
                                                      bool temporary,
                                                      std::string &why) {
  if (!isa<linalg::Conv2DNchwFchwQOp, linalg::Conv2DNgchwGfchwQOp>(op) &&
      !isMatrixProduct(op))
    return std::nullopt;
  IntegerLayer layer;
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
    if (!temporary || !layer.isMatrixProduct()) {
      why = "its weights are not constant";
      return std::nullopt;
    }
    if (Value codes = widenedCodes(layer.weights)) {
      layer.weights = codes;
      layer.flipsWeights = true;
      layer.weightZeroPoint -= signFlipOffset(codes);
    }
  }

  // Widening and grouping come in either order.
  auto takeGroups = [&] {
    auto expand = layer.input.getDefiningOp<tensor::ExpandShapeOp>();
    if (layer.isGrouped() && expand && expand.getSrcType().getRank() == 4)
      layer.input = expand.getSrc();
  };
  takeGroups();
  if (Value codes = widenedCodes(layer.input)) {
    layer.input = codes;
    layer.isUnsigned = true;
  }
  takeGroups();
  if (!layer.isMatrixProduct())
    if (tensor::PadOp pad =
            matchPad(layer.input, layer.inputZeroPoint, layer.padding))
      layer.input = pad.getSource();

  auto codeWidth = [](Value value) {
    return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  };
  for (Value value : {layer.input, layer.weights}) {
    Type element = getElementTypeOrSelf(value.getType());
    if (!element.isInteger(8) && !element.isInteger(16)) {
      why = "its operands are not 8 or 16 bits wide";
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
  const int64_t outputs = layer.outputs();
  crossbar::QuantizedFormat inputs{codeWidth(layer.input), !layer.isUnsigned,
                                   layer.inputZeroPoint};
  crossbar::QuantizedFormat weightCodes{codeWidth(layer.weights), true,
                                        layer.weightZeroPoint};
  unsigned bits = crossbar::exactSumBits(inputs, weightCodes,
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
static bool isMapped(Operation *op) {
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

std::string pumice::whyNoIntegerLayer(linalg::LinalgOp op) {
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
      return "its operands are not 8 or 16 bits wide";
  }
  return "its sums are not 32 or 64 bits wide";
}

std::optional<Ternary> pumice::matchTernaryLayer(const IntegerLayer &layer,
                                                 std::string &why) {
  if (layer.isBatched()) {
    why = "associative processors do not support batches of products";
    return std::nullopt;
  }
  std::optional<Ternary> ternary =
      readTernary(layer.weights, layer.outputs(), layer.isMatrixProduct(),
                  layer.weightZeroPoint);
  if (!ternary) {
    why = "its weights are not 8-bit constants";
    return std::nullopt;
  }
  if (ternary->others) {
    why =
        ("its weights are not ternary: " + Twine(ternary->others) + " of " +
         Twine(ternary->weights.size()) + " are not -a, 0 or a of their output")
            .str();
    return std::nullopt;
  }
  if (!getElementTypeOrSelf(layer.input.getType()).isInteger(8)) {
    why = "its inputs are wider than 8 bits";
    return std::nullopt;
  }
  if (int64_t bits = layer.inputBits(); bits > 8) {
    why =
        ("its inputs and their zero point take " + Twine(bits) + " bits").str();
    return std::nullopt;
  }
  return ternary;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

void pumice::replaceIntegerLayer(
    RewriterBase &rewriter, const IntegerLayer &layer,
    function_ref<Value(Value input, RankedTensorType type)> build) {
  linalg::LinalgOp op = layer.op;
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  // [N, G, C, H, W] <-> [N, G * C, H, W]
  const SmallVector<ReassociationIndices> channels{{0}, {1, 2}, {3}, {4}};
  Value input = layer.input;
  RankedTensorType joined = type;
  if (layer.isGrouped()) {
    if (cast<RankedTensorType>(input.getType()).getRank() == 5)
      input = tensor::CollapseShapeOp::create(rewriter, input.getLoc(), input,
                                              channels);
    ArrayRef<int64_t> shape = type.getShape();
    joined = RankedTensorType::get(
        {shape[0], shape[1] * shape[2], shape[3], shape[4]},
        type.getElementType());
  }
  Value result = build(input, joined);
  if (joined != type)
    result =
        tensor::ExpandShapeOp::create(rewriter, loc, type, result, channels);
  // The layer adds to its init; only zeros need no addition.
  Value init = op.getDpsInits()[0];
  auto fill = init.getDefiningOp<linalg::FillOp>();
  bool isZero = (fill && uniformInteger(fill.getInputs()[0]) == 0) ||
                uniformInteger(init) == 0;
  if (!isZero)
    result = arith::AddIOp::create(rewriter, loc, result, init);
  rewriter.replaceOp(op, result);
}
