// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/SumPoolings.h"

#include "lib/Analysis/CodeRange.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pumice;

bool Windows::give(RankedTensorType input, ArrayRef<int64_t> padding,
                   RankedTensorType output) const {
  for (unsigned d : {0u, 1u}) {
    const int64_t room = input.getDimSize(2 + d) + padding[d] + padding[2 + d] -
                         dilations[d] * (kernel[d] - 1) - 1;
    if (room < 0 || room / strides[d] + 1 != output.getDimSize(2 + d))
      return false;
  }
  return true;
}

std::optional<Windows> pumice::matchWindows(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumLoops() != 6 ||
      op.getNumReductionLoops() != 2)
    return std::nullopt;
  // The loops are n, c, y, x, i, j. The input is read at (n, c, y * stride + i
  // * dilation, x * stride + j * dilation), the output written at (n, c, y, x).
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  MLIRContext *context = op.getContext();
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, context); };
  if (maps[2] !=
          AffineMap::get(6, 0, {loop(0), loop(1), loop(2), loop(3)}, context) ||
      maps[1] != AffineMap::get(6, 0, {loop(4), loop(5)}, context) ||
      maps[0].getNumResults() != 4 || maps[0].getResult(0) != loop(0) ||
      maps[0].getResult(1) != loop(1))
    return std::nullopt;
  Windows windows;
  for (unsigned d : {0u, 1u}) {
    // The index with loop `one` at 1 and all others at 0.
    auto at = [&](int one) -> int64_t {
      SmallVector<AffineExpr> point(6, getAffineConstantExpr(0, context));
      if (one >= 0)
        point[one] = getAffineConstantExpr(1, context);
      auto value = dyn_cast<AffineConstantExpr>(
          maps[0].getResult(2 + d).replaceDims(point));
      return value ? value.getValue() : -1;
    };
    const int64_t stride = at(2 + d), dilation = at(4 + d);
    AffineExpr expected = loop(2 + d) * stride + loop(4 + d) * dilation;
    if (stride < 1 || dilation < 1 ||
        simplifyAffineExpr(maps[0].getResult(2 + d) - expected, 6, 0) !=
            getAffineConstantExpr(0, context))
      return std::nullopt;
    windows.strides.push_back(stride);
    windows.dilations.push_back(dilation);
  }
  auto window = cast<RankedTensorType>(op.getDpsInputs()[1].getType());
  windows.kernel.assign(window.getShape().begin(), window.getShape().end());
  return windows;
}

/// Whether the body of `op` adds its first input, extended, minus a zero point;
/// sets whether that is unsigned, and the zero point.
static bool addsInput(linalg::GenericOp op, bool &isUnsigned,
                      int64_t &zeroPoint) {
  Block &body = *op.getBody();
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddIOp>();
  if (!add || op.getNumDpsInits() != 1)
    return false;
  const Value sum = body.getArguments().back();
  Value term = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  if (term == sum || !llvm::is_contained(add->getOperands(), sum))
    return false;
  APInt zero;
  if (auto subtract = term.getDefiningOp<arith::SubIOp>();
      subtract && matchPattern(subtract.getRhs(), m_ConstantInt(&zero))) {
    zeroPoint = zero.getSExtValue();
    term = subtract.getLhs();
  }
  Operation *extend = term.getDefiningOp();
  if (!isa_and_present<arith::ExtUIOp, arith::ExtSIOp>(extend) ||
      extend->getOperand(0) != body.getArgument(0))
    return false;
  isUnsigned = isa<arith::ExtUIOp>(extend);
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_Zero());
}

ap::Conv2DOp pumice::sumPoolingBefore(RewriterBase &rewriter,
                                      linalg::GenericOp op,
                                      const model::APSpec &ap, bool isAcross) {
  auto output = op.getNumResults() == 1
                    ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                    : RankedTensorType();
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  if (!output || op.getNumReductionLoops() != 2 || !op.getNumDpsInputs() ||
      !addsInput(op, isUnsigned, zeroPoint))
    return {};
  Value input = op.getDpsInputs()[0];
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> padding(4, 0);
  std::optional<Windows> windows;
  if (op.getNumLoops() == 4 && op.getNumDpsInputs() == 1) {
    // The whole image.
    SmallVector<utils::IteratorType> loops = op.getIteratorTypesArray();
    if (type.getRank() != 4 ||
        !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity() ||
        loops[2] != utils::IteratorType::reduction ||
        loops[3] != utils::IteratorType::reduction)
      return {};
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (i < 2 ? !dim || dim.getPosition() != i : bool(dim))
        return {};
    }
    windows = Windows{{type.getDimSize(2), type.getDimSize(3)}, {1, 1}, {1, 1}};
  } else {
    windows = matchWindows(op);
    if (!windows)
      return {};
    // Padding with the zero point adds nothing.
    auto pad = input.getDefiningOp<tensor::PadOp>();
    APInt code;
    if (pad && pad.getConstantPaddingValue() &&
        matchPattern(pad.getConstantPaddingValue(), m_ConstantInt(&code)) &&
        code.trunc(8) == APInt(64, zeroPoint, true).trunc(8)) {
      ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
      auto isBad = [](int64_t size) { return size < 0; };
      if (low[0] || low[1] || high[0] || high[1] || llvm::any_of(low, isBad) ||
          llvm::any_of(high, isBad))
        return {};
      input = pad.getSource();
      padding = {low[2], low[3], high[2], high[3]};
    }
    if (!windows->give(cast<RankedTensorType>(input.getType()), padding,
                       output))
      return {};
  }
  if (!getElementTypeOrSelf(input.getType()).isInteger(8) ||
      !output.getElementType().isSignlessInteger())
    return {};
  const IntegerRange range = rangeOfCodes(input, isUnsigned);
  const int64_t bits = range.bits();
  const int64_t positions = windows->kernel[0] * windows->kernel[1];
  if (!range.contains({zeroPoint, zeroPoint}))
    return {};
  const IntegerRange sums = {positions * (range.low - zeroPoint),
                             positions * (range.high - zeroPoint)};
  const int64_t width = std::max(sums.signedBits(), bits);
  // Beside the window, an accumulator, a carry and sums on their way.
  const int64_t columns =
      isAcross ? (positions + 1) * bits + width + 4 : positions + 4;
  if (bits > ap.elementwiseBits || columns > ap.columns || width > ap.domains)
    return {};
  const int64_t channels = type.getDimSize(1);
  SmallVector<int64_t> shape(output.getShape());
  shape.resize(4, 1);
  rewriter.setInsertionPoint(op);
  Value weights = arith::ConstantOp::create(
      rewriter, op.getLoc(),
      DenseElementsAttr::get(
          RankedTensorType::get(
              {channels, 1, windows->kernel[0], windows->kernel[1]},
              rewriter.getI8Type()),
          int8_t(1)));
  return ap::Conv2DOp::create(
      rewriter, op.getLoc(),
      RankedTensorType::get(shape, output.getElementType()), input, weights,
      crossbar::WindowAttr::get(op.getContext(), windows->kernel,
                                windows->strides, windows->dilations, padding),
      rewriter.getI64IntegerAttr(channels),
      range.low < 0 ? UnitAttr() : rewriter.getUnitAttr(),
      rewriter.getI64IntegerAttr(zeroPoint), rewriter.getI64IntegerAttr(bits),
      DenseIntElementsAttr(), DenseIntElementsAttr());
}
