// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/IntegerLayer.h"
#include "lib/Analysis/SignFlip.h"
#include "lib/Conversion/LayerPatterns.h"
#include "lib/Conversion/Passes.h"
#include "lib/Device/Device.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "convert-linalg-to-crossbar"

namespace pumice {
#define GEN_PASS_DEF_CONVERTLINALGTOCROSSBAR
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

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

/// Whether the arrays that `op` is assigned to take temporary weights.
bool takesTemporary(pum::DeviceAttr device, Operation *op) {
  return device && takesTemporaryWeights(device, pum::targetGroupOf(op));
}

/// A layer that is assigned to crossbars.
struct ConvertLayer : OpInterfaceRewritePattern<linalg::LinalgOp> {
  ConvertLayer(MLIRContext *context, pum::DeviceAttr device)
      : OpInterfaceRewritePattern(context), device(device) {}

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (pum::targetOf(op) != LayerTarget::crossbar)
      return rewriter.notifyMatchFailure(op, "is not assigned to crossbars");
    std::string why;
    std::optional<IntegerLayer> layer =
        matchIntegerLayer(op, takesTemporary(device, op), why);
    if (!layer)
      return rewriter.notifyMatchFailure(op, why);
    LDBG() << "convert " << op->getName() << " at " << op->getLoc();
    replaceIntegerLayer(rewriter, *layer,
                        [&](Value input, RankedTensorType type) {
                          Value sums = build(rewriter, *layer, input, type);
                          pum::copyTargetGroup(op, sums.getDefiningOp());
                          return sums;
                        });
    return success();
  }

private:
  static Value build(RewriterBase &rewriter, const IntegerLayer &layer,
                     Value input, RankedTensorType type) {
    Location loc = layer.op->getLoc();
    UnitAttr isUnsigned =
        layer.isUnsigned ? rewriter.getUnitAttr() : UnitAttr();
    IntegerAttr inputZero = rewriter.getI64IntegerAttr(layer.inputZeroPoint);
    IntegerAttr weightZero = rewriter.getI64IntegerAttr(layer.weightZeroPoint);
    Value weights = layer.weights;
    if (layer.isMatrixProduct()) {
      weights = transposed(rewriter, weights);
      if (layer.flipsWeights)
        weights = flipSign(rewriter, weights.getLoc(), weights);
      return crossbar::MVMOp::create(rewriter, loc, type, input, weights,
                                     isUnsigned, inputZero, weightZero,
                                     /*input_bits=*/IntegerAttr(),
                                     /*weight_bits=*/IntegerAttr(),
                                     /*part=*/crossbar::PartAttr());
    }
    if (layer.isGrouped())
      weights = tensor::CollapseShapeOp::create(
          rewriter, weights.getLoc(), weights,
          ArrayRef<ReassociationIndices>{{0, 1}, {2}, {3}, {4}});
    return crossbar::Conv2DOp::create(
        rewriter, loc, type, input, weights, layer.window(),
        rewriter.getI64IntegerAttr(layer.groups()), isUnsigned, inputZero,
        weightZero, /*input_bits=*/IntegerAttr(),
        /*weight_bits=*/IntegerAttr(), /*part=*/crossbar::PartAttr());
  }

  pum::DeviceAttr device;
};

struct ConvertLinalgToCrossbarPass
    : pumice::impl::ConvertLinalgToCrossbarBase<ConvertLinalgToCrossbarPass> {
  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertLayer>(&getContext(), device);
    FailureOr<unsigned> converted =
        convertLayers(getOperation(), LayerTarget::crossbar,
                      std::move(patterns), [&](linalg::LinalgOp op) {
                        std::string why;
                        matchIntegerLayer(op, takesTemporary(device, op), why);
                        return why;
                      });
    if (failed(converted))
      return signalPassFailure();
    numLayers += *converted;
  }
};

} // namespace
