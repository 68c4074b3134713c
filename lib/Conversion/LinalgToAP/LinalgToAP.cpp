// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/IntegerLayer.h"
#include "lib/Conversion/LayerPatterns.h"
#include "lib/Conversion/Passes.h"
#include "lib/Support/Locations.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "convert-linalg-to-ap"

namespace pumice {
#define GEN_PASS_DEF_CONVERTLINALGTOAP
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// `sums`, [N, F, ...], times a number of each output.
Value scaled(RewriterBase &rewriter, Location loc, Value sums,
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

/// `op` as a layer with ternary weights; otherwise `why` gives the
/// reason.
std::optional<IntegerLayer> matchLayer(linalg::LinalgOp op, Ternary &ternary,
                                       std::string &why) {
  std::optional<IntegerLayer> layer =
      matchIntegerLayer(op, /*temporary=*/false, why);
  if (!layer)
    return std::nullopt;
  std::optional<Ternary> found = matchTernaryLayer(*layer, why);
  if (!found)
    return std::nullopt;
  ternary = std::move(*found);
  return layer;
}

/// A layer that is assigned to associative processors.
struct ConvertLayer : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (pum::targetOf(op) != LayerTarget::ap)
      return rewriter.notifyMatchFailure(op, "is not assigned to processors");
    Ternary ternary;
    std::string why;
    std::optional<IntegerLayer> layer = matchLayer(op, ternary, why);
    if (!layer)
      return rewriter.notifyMatchFailure(op, why);
    LDBG() << "convert " << op->getName() << " at " << op->getLoc();
    replaceIntegerLayer(
        rewriter, *layer, [&](Value input, RankedTensorType type) {
          Value sums = build(rewriter, *layer, ternary, input, type);
          pum::copyTargetGroup(op, sums.getDefiningOp());
          Value product = scaled(rewriter, op->getLoc(), sums, ternary.scales);
          if (product != sums)
            sums.getDefiningOp()->setLoc(
                withNodeSuffix(op->getLoc(), ".ternary"));
          return product;
        });
    return success();
  }

private:
  static Value build(RewriterBase &rewriter, const IntegerLayer &layer,
                     const Ternary &ternary, Value input,
                     RankedTensorType type) {
    Location loc = layer.op->getLoc();
    UnitAttr isUnsigned =
        layer.isUnsigned ? rewriter.getUnitAttr() : UnitAttr();
    IntegerAttr zero = rewriter.getI64IntegerAttr(layer.inputZeroPoint);
    IntegerAttr bits = rewriter.getI64IntegerAttr(layer.inputBits());
    const int64_t outputs = layer.outputs();
    SmallVector<int64_t> shape{outputs,
                               int64_t(ternary.weights.size()) / outputs};
    if (!layer.isMatrixProduct()) {
      ArrayRef<int64_t> kernel = layer.window().getKernel();
      shape.back() /= kernel[0] * kernel[1];
      llvm::append_range(shape, kernel);
    }
    Value weights = arith::ConstantOp::create(
        rewriter, loc,
        DenseElementsAttr::get(
            RankedTensorType::get(shape, rewriter.getI8Type()),
            ArrayRef(ternary.weights)));
    if (layer.isMatrixProduct())
      return ap::MVMOp::create(rewriter, loc, type, input, weights, isUnsigned,
                               zero, bits, DenseIntElementsAttr(),
                               DenseIntElementsAttr());
    return ap::Conv2DOp::create(
        rewriter, loc, type, input, weights, layer.window(),
        rewriter.getI64IntegerAttr(layer.groups()), isUnsigned, zero, bits,
        DenseIntElementsAttr(), DenseIntElementsAttr());
  }
};

struct ConvertLinalgToAPPass
    : pumice::impl::ConvertLinalgToAPBase<ConvertLinalgToAPPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertLayer>(&getContext());
    FailureOr<unsigned> converted =
        convertLayers(getOperation(), LayerTarget::ap, std::move(patterns),
                      [](linalg::LinalgOp op) {
                        Ternary ternary;
                        std::string why;
                        matchLayer(op, ternary, why);
                        return why;
                      });
    if (failed(converted))
      return signalPassFailure();
    numLayers += *converted;
  }
};

} // namespace
