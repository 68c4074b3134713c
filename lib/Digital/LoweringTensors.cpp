// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/LoweringStages.h"
#include "lib/Digital/MathExpand.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "pumice-digital-lowering"

using namespace mlir;
using namespace pumice::digital;

namespace {

/// Decomposes ops that bufferize badly or not at all: softmax into its four
/// steps, pads and concatenations into insertions (so that a producer can write
/// directly into the padded buffer).
struct Decompose : FunctionPass<Decompose> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Decompose)

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::AggregatedOpInterface> aggregated;
    getOperation().walk([&](linalg::AggregatedOpInterface op) {
      if (isa<linalg::SoftmaxOp>(op))
        aggregated.push_back(op);
    });
    for (linalg::AggregatedOpInterface op : aggregated) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
      if (failed(results))
        return signalPassFailure();
      rewriter.replaceOp(op, *results);
    }
    SmallVector<Operation *> packs;
    getOperation().walk([&](Operation *op) {
      if (isa<linalg::PackOp, linalg::UnPackOp>(op))
        packs.push_back(op);
    });
    for (Operation *op : packs) {
      rewriter.setInsertionPoint(op);
      auto pack = dyn_cast<linalg::PackOp>(op);
      if (pack ? failed(linalg::lowerPack(rewriter, pack))
               : failed(
                     linalg::lowerUnPack(rewriter, cast<linalg::UnPackOp>(op))))
        return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    linalg::populateDecomposePadPatterns(patterns);
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};

int64_t iterations(linalg::LinalgOp op) {
  int64_t product = 1;
  for (int64_t range : op.getStaticLoopRanges())
    product *= range;
  return product;
}

/// True if `producer` has at most a conversion per element.
bool isCheap(linalg::LinalgOp producer) {
  return llvm::all_of(producer->getRegion(0).front(), [](Operation &op) {
    return isa<linalg::YieldOp, arith::ConstantOp, arith::ExtSIOp,
               arith::ExtUIOp, arith::TruncIOp, arith::ExtFOp>(op);
  });
}

/// True if an input is not read in the order of the loops.
bool permutes(linalg::LinalgOp op) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    int64_t previous = -1;
    for (AffineExpr result : op.getMatchingIndexingMap(input).getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(result);
      if (!dim)
        continue;
      if (int64_t(dim.getPosition()) < previous)
        return true;
      previous = dim.getPosition();
    }
    return false;
  });
}

/// Elementwise fusion that does not repeat expensive work and keeps the
/// operands of reductions contiguous.
bool fusesWell(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  bool once = iterations(consumer) <= iterations(producer);
  if (consumer.getNumReductionLoops() > 0)
    return once && (producer->hasOneUse() || isCheap(producer)) &&
           !permutes(producer);
  return (once && producer->hasOneUse()) || isCheap(producer);
}

bool isElementwise(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && generic.getNumReductionLoops() == 0;
}

/// Propagates reshapes only between two elementwise loops: elsewhere, expanding
/// would split loops without benefit.
bool joinsElementwise(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  Operation *consumer = operand->getOwner();
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(producer)) {
    Operation *source = collapse.getSrc().getDefiningOp();
    return isElementwise(consumer) && isElementwise(source) &&
           collapse->hasOneUse() && source->hasOneUse();
  }
  if (isa<tensor::ExpandShapeOp>(consumer))
    return isElementwise(producer) && producer->hasOneUse() &&
           consumer->hasOneUse() && isElementwise(*consumer->user_begin());
  return false;
}

struct FuseElementwise : FunctionPass<FuseElementwise> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseElementwise)

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> named;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()) &&
          op.getNumReductionLoops() == 0)
        named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, fusesWell);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns,
                                                      joinsElementwise);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    linalg::FillOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    getContext()
        .getLoadedDialect<linalg::LinalgDialect>()
        ->getCanonicalizationPatterns(patterns);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    (void)applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }
};

/// Unit loops that index operands on their own. A loop that is added to another
/// one (`d0 * 2 + d1` of a pooling with one window) must stay: without it, the
/// other loop would seem to cover the whole operand.
SmallVector<unsigned> droppableLoops(Operation *op) {
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return llvm::to_vector(
        llvm::seq<unsigned>(0, pad.getSourceType().getRank()));
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return {};
  llvm::SmallBitVector drop(generic.getNumLoops(), true);
  for (AffineMap map : generic.getIndexingMapsArray())
    for (AffineExpr expr : map.getResults())
      if (!isa<AffineDimExpr, AffineConstantExpr>(expr))
        expr.walk([&](AffineExpr part) {
          if (auto dim = dyn_cast<AffineDimExpr>(part))
            drop.reset(dim.getPosition());
        });
  return llvm::to_vector_of<unsigned>(drop.set_bits());
}

/// Drops the loops of droppableLoops. Upstream's pass with the same patterns
/// drops all unit loops.
struct DropUnitLoops : FunctionPass<DropUnitLoops> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropUnitLoops)

  void runOnOperation() override {
    linalg::ControlDropUnitDims control;
    control.controlFn = droppableLoops;
    RewritePatternSet drop(&getContext()), tidy(&getContext());
    linalg::populateFoldUnitExtentDimsPatterns(drop, control);
    linalg::populateMoveInitOperandsToInputPattern(drop);
    walkAndApplyPatterns(getOperation(), std::move(drop));
    linalg::populateFoldUnitExtentDimsCanonicalizationPatterns(tidy, control);
    (void)applyPatternsGreedily(getOperation(), std::move(tidy));
  }
};

/// Groups of adjacent loops that all operands traverse like one loop.
/// Collapsing them makes the innermost loop long.
SmallVector<ReassociationIndices> collapsible(linalg::LinalgOp op) {
  SmallVector<ReassociationIndices> groups;
  if (!isa<linalg::GenericOp>(op.getOperation()) || op.hasIndexSemantics() ||
      op.getNumReductionLoops() > 0)
    return groups;
  unsigned loops = op.getNumLoops();
  ReassociationIndices group;
  for (unsigned d = 0; d < loops; ++d) {
    group.push_back(d);
    bool joins = d + 1 < loops;
    for (AffineMap map : op.getIndexingMapsArray()) {
      if (!map.isProjectedPermutation())
        return {};
      std::optional<unsigned> here =
          map.getResultPosition(getAffineDimExpr(d, op.getContext()));
      std::optional<unsigned> next =
          joins
              ? map.getResultPosition(getAffineDimExpr(d + 1, op.getContext()))
              : std::nullopt;
      if (here.has_value() != next.has_value() || (here && *next != *here + 1))
        joins = false;
    }
    if (joins)
      continue;
    if (group.size() > 1)
      groups.push_back(group);
    group.clear();
  }
  return groups;
}

struct CollapseLoops : FunctionPass<CollapseLoops> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CollapseLoops)

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateCollapseDimensions(patterns, collapsible);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};

struct ExpandMath : FunctionPass<ExpandMath> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)
  bool polynomials;
  ExpandMath(bool polynomials) : polynomials(polynomials) {}

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathAlgebraicSimplificationPatterns(patterns);
    math::populateExpansionPatterns(patterns, {"clampf"});
    pumice::digital::populateMathLegalizePatterns(patterns);
    if (polynomials)
      pumice::digital::populateMathExpandPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace

void pumice::digital::addTensorStage(OpPassManager &passes,
                                     const LoweringOptions &options) {
  auto nested = [&](std::unique_ptr<Pass> pass) {
    passes.addNestedPass<func::FuncOp>(std::move(pass));
  };
  auto check = [&](std::unique_ptr<Pass> pass) {
    if (options.checks)
      nested(std::move(pass));
  };
  nested(createRemoveEmptyTensorsPass());
  check(createZeroUninitialisedPass());
  nested(std::make_unique<Decompose>());
  check(createGuardTrapsPass());
  nested(createCSEPass());
  nested(std::make_unique<FuseElementwise>());
  nested(std::make_unique<DropUnitLoops>());
  nested(std::make_unique<CollapseLoops>());
  check(createDefineConversionsPass());
  nested(std::make_unique<ExpandMath>(options.expandMath));
  nested(createCanonicalizerPass());
  nested(createCSEPass());
}
