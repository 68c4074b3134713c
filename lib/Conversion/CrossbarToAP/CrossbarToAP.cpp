// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Conversion/Passes.h"
#include "lib/Device/Device.h"
#include "lib/Support/Locations.h"

#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

namespace pumice {
#define GEN_PASS_DEF_CONVERTCROSSBARTOAP
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// `sums`, [N, F, ...], times a number of each output.
Value scaled(IRRewriter &rewriter, Location loc, Value sums,
             ArrayRef<int64_t> scales) {
  if (llvm::all_of(scales, [](int64_t scale) { return scale == 1; }))
    return sums;
  auto type = cast<RankedTensorType>(sums.getType());
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> numbers;
  for (int64_t scale : scales)
    numbers.push_back(APInt(width, scale));
  auto constantType =
      RankedTensorType::get({(int64_t)scales.size()}, type.getElementType());
  Value constant = arith::ConstantOp::create(
      rewriter, loc, DenseElementsAttr::get(constantType, numbers));
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  int64_t rank = type.getRank();
  AffineMap all = rewriter.getMultiDimIdentityMap(rank);
  AffineMap perOutput = AffineMap::get(rank, 0, rewriter.getAffineDimExpr(1));
  return linalg::GenericOp::create(
             rewriter, loc, type, ValueRange{sums, constant}, empty,
             ArrayRef<AffineMap>{all, perOutput, all},
             SmallVector<utils::IteratorType>(rank,
                                              utils::IteratorType::parallel),
             [](OpBuilder &builder, Location loc, ValueRange args) {
               Value product =
                   arith::MulIOp::create(builder, loc, args[0], args[1]);
               linalg::YieldOp::create(builder, loc, product);
             })
      .getResult(0);
}

struct ConvertCrossbarToAPPass
    : pumice::impl::ConvertCrossbarToAPBase<ConvertCrossbarToAPPass> {
  void runOnOperation() override {
    auto device =
        getOperation()->getAttrOfType<pum::DeviceAttr>(pum::deviceAttrName);
    if (!device || !device.getAp())
      return;
    SmallVector<Operation *> layers;
    getOperation().walk([&](Operation *op) {
      if (isa<crossbar::MVMOp, crossbar::Conv2DOp>(op))
        layers.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : layers) {
      rewriter.setInsertionPoint(op);
      LogicalResult done =
          isa<crossbar::MVMOp>(op)
              ? convert(rewriter, cast<crossbar::MVMOp>(op))
              : convert(rewriter, cast<crossbar::Conv2DOp>(op));
      if (failed(done))
        return signalPassFailure();
      ++numLayers;
    }
  }

  template <typename OpTy>
  LogicalResult convert(IRRewriter &rewriter, OpTy op) {
    ElementsAttr attr;
    std::optional<std::vector<int8_t>> codes;
    if (matchPattern(op.getWeights(), m_Constant(&attr)))
      codes = codesOf(attr);
    if (!codes)
      return op.emitOpError("expects constant weights of 8 bits for "
                            "associative processors");
    auto result = cast<RankedTensorType>(op.getResult().getType());
    Ternary ternary =
        toTernary(*codes, result.getDimSize(1), op.getWeightZeroPoint());
    if (ternary.others)
      return op.emitOpError("expects ternary weights for associative "
                            "processors, but ")
             << ternary.others << " of " << codes->size()
             << " are none of three values of their output";
    int64_t bits = op.getInputBits() ? *op.getInputBits() : bitsOf(op);
    if (bits > 8)
      return op.emitOpError("expects inputs of at most 8 bits for associative "
                            "processors, got ")
             << bits;
    auto type = cast<RankedTensorType>(op.getWeights().getType());
    Value weights = arith::ConstantOp::create(
        rewriter, op.getLoc(),
        DenseElementsAttr::get(type, ArrayRef(ternary.weights)));
    Value sums =
        create(rewriter, op, weights, rewriter.getI64IntegerAttr(bits));
    Value product = scaled(rewriter, op.getLoc(), sums, ternary.scales);
    if (product != sums)
      sums.getDefiningOp()->setLoc(withNodeSuffix(op.getLoc(), ".ternary"));
    rewriter.replaceOp(op, product);
    return success();
  }

  /// Bits that hold the codes that an input can have, and the zero point.
  template <typename OpTy>
  static int64_t bitsOf(OpTy op) {
    bool isUnsigned = op.getInputUnsigned();
    int64_t zero = op.getInputZeroPoint();
    IntegerRange range =
        rangeOfCodes(op.getInput(), isUnsigned).join({zero, zero});
    return isUnsigned ? range.unsignedBits() : range.signedBits();
  }

  static Value create(IRRewriter &rewriter, crossbar::MVMOp op, Value weights,
                      IntegerAttr bits) {
    return ap::MVMOp::create(rewriter, op.getLoc(), op.getType(), op.getInput(),
                             weights, op.getInputUnsignedAttr(),
                             op.getInputZeroPointAttr(), bits,
                             DenseIntElementsAttr(), DenseIntElementsAttr());
  }

  static Value create(IRRewriter &rewriter, crossbar::Conv2DOp op,
                      Value weights, IntegerAttr bits) {
    return ap::Conv2DOp::create(
        rewriter, op.getLoc(), op.getType(), op.getInput(), weights,
        op.getKernelAttr(), op.getStridesAttr(), op.getDilationsAttr(),
        op.getPaddingAttr(), op.getGroupsAttr(), op.getInputUnsignedAttr(),
        op.getInputZeroPointAttr(), bits, DenseIntElementsAttr(),
        DenseIntElementsAttr());
  }
};

} // namespace
