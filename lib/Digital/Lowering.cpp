// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Lowering.h"

#include "lib/Digital/Jit.h"
#include "lib/Digital/MathExpand.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {

template <typename Derived>
using FunctionPass = PassWrapper<Derived, OperationPass<func::FuncOp>>;

//===----------------------------------------------------------------------===//
// On tensors
//===----------------------------------------------------------------------===//

/// Takes apart ops that bufferize badly or not at all: softmax into its four
/// steps, pads and concatenations into insertions (so that a producer can
/// write straight into the padded buffer).
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
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    linalg::populateDecomposePadPatterns(patterns);
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};

/// Reorders the loops of convolutions, matrix products and pools: all parallel
/// loops but the contiguous one first, then the reductions in their own order,
/// then the loop along which the output is contiguous. Every output element
/// still accumulates in the order of the op's definition.
struct InterchangeReductions : FunctionPass<InterchangeReductions> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(InterchangeReductions)

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0 && op.getNumDpsInits() == 1)
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
      if (output.getNumResults() == 0)
        continue;
      auto last = dyn_cast<AffineDimExpr>(output.getResults().back());
      // A one-iteration contiguous loop would only hide the reduction.
      if (!last || op.getStaticLoopRanges()[last.getPosition()] < 4)
        continue;
      // Elsewhere the contiguous loop must not make the inputs strided: a
      // reduction along rows keeps its reduction innermost.
      bool contiguous = false;
      for (OpOperand *input : op.getDpsInputOperands()) {
        AffineMap map = op.getMatchingIndexingMap(input);
        if (map.getNumResults() > 0 &&
            map.getResults().back().isFunctionOfDim(last.getPosition()))
          contiguous = true;
      }
      if (!contiguous)
        continue;
      rewriter.setInsertionPoint(op);
      linalg::GenericOp generic;
      if (auto already = dyn_cast<linalg::GenericOp>(op.getOperation())) {
        generic = already;
      } else {
        FailureOr<linalg::GenericOp> made =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(made))
          continue;
        generic = *made;
      }
      SmallVector<unsigned> order;
      SmallVector<utils::IteratorType> kinds = generic.getIteratorTypesArray();
      for (auto [i, kind] : llvm::enumerate(kinds))
        if (kind == utils::IteratorType::parallel && i != last.getPosition())
          order.push_back(i);
      for (auto [i, kind] : llvm::enumerate(kinds))
        if (kind != utils::IteratorType::parallel)
          order.push_back(i);
      order.push_back(last.getPosition());
      rewriter.setInsertionPoint(generic);
      (void)linalg::interchangeGenericOp(rewriter, generic, order);
    }
  }
};

int64_t iterations(linalg::LinalgOp op) {
  int64_t product = 1;
  for (int64_t range : op.getStaticLoopRanges())
    product *= range;
  return product;
}

/// True if `producer` costs next to nothing per element.
bool isCheap(linalg::LinalgOp producer) {
  return llvm::all_of(producer->getRegion(0).front(), [](Operation &op) {
    return isa<linalg::YieldOp, arith::ConstantOp, arith::ExtSIOp,
               arith::ExtUIOp, arith::TruncIOp>(op);
  });
}

/// Elementwise fusion that never computes an expensive value twice.
bool fusesWell(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  if (isCheap(producer))
    return true;
  return producer->hasOneUse() &&
         iterations(consumer) <= iterations(producer);
}

bool isElementwise(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && generic.getNumReductionLoops() == 0;
}

/// A reshape is moved out of the way only between two elementwise loops:
/// elsewhere expanding would split loops for nothing.
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
    linalg::populateFoldReshapeOpsByExpansionPatterns(
        patterns, joinsElementwise);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    linalg::FillOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    getContext().getLoadedDialect<linalg::LinalgDialect>()
        ->getCanonicalizationPatterns(patterns);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    (void)applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }
};

/// The groups of adjacent loops that every operand runs through as one:
/// collapsing them makes the innermost loop long.
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
          joins ? map.getResultPosition(getAffineDimExpr(d + 1, op.getContext()))
                : std::nullopt;
      if (here.has_value() != next.has_value() ||
          (here && *next != *here + 1))
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

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect>();
  }
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathAlgebraicSimplificationPatterns(patterns);
    pumice::digital::populateMathExpandPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};

//===----------------------------------------------------------------------===//
// On buffers
//===----------------------------------------------------------------------===//

/// Without this, bufferization would be free to work in place in an input.
struct ReadOnlyInputs : FunctionPass<ReadOnlyInputs> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReadOnlyInputs)

  void runOnOperation() override {
    for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
      getOperation().setArgAttr(
          i, bufferization::BufferizationDialect::kWritableAttrName,
          BoolAttr::get(&getContext(), false));
  }
};

/// With bare pointers this reaches LLVM and removes the run-time alias checks
/// of the loop vectoriser. Inputs are only read, so that they may coincide.
struct NoAlias : FunctionPass<NoAlias> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NoAlias)

  void runOnOperation() override {
    for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
      getOperation().setArgAttr(
          i, LLVM::LLVMDialect::getNoAliasAttrName(),
          UnitAttr::get(&getContext()));
  }
};

/// A strided memref.copy would become a call of a runtime library.
struct CopyToLoops : FunctionPass<CopyToLoops> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CopyToLoops)

  void runOnOperation() override {
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      OpBuilder builder(copy);
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
      copy.erase();
    }
  }
};

/// A failing cf.assert reports its number and leaves the function: going on
/// could read out of bounds, aborting would take the process down. Temporaries
/// of that one run are leaked.
struct AssertToReturn : PassWrapper<AssertToReturn, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AssertToReturn)
  std::vector<std::string> *messages;
  AssertToReturn(std::vector<std::string> *messages) : messages(messages) {}

  void runOnOperation() override {
    SmallVector<cf::AssertOp> asserts;
    getOperation().walk([&](cf::AssertOp op) { asserts.push_back(op); });
    if (asserts.empty())
      return;
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    Type i64 = builder.getI64Type();
    auto report = func::FuncOp::create(
        builder, getOperation().getLoc(), pumice::digital::kAssertSymbol,
        builder.getFunctionType({i64}, {}));
    report.setPrivate();
    for (cf::AssertOp op : asserts) {
      Location loc = op.getLoc();
      Block *before = op->getBlock();
      Block *after = before->splitBlock(op);
      builder.setInsertionPointToEnd(
          builder.createBlock(before->getParent(), before->getParent()->end()));
      Block *failed = builder.getInsertionBlock();
      Value id = arith::ConstantOp::create(
          builder, loc, builder.getI64IntegerAttr(messages->size()));
      func::CallOp::create(builder, loc, report, id);
      func::ReturnOp::create(builder, loc);
      builder.setInsertionPointToEnd(before);
      cf::CondBranchOp::create(builder, loc, op.getArg(), after, ValueRange(),
                               failed, ValueRange());
      messages->push_back(op.getMsg().str());
      op.erase();
    }
  }
};

} // namespace

void pumice::digital::buildLoweringPipeline(OpPassManager &passes,
                                            const LoweringOptions &options) {
  auto nested = [&](std::unique_ptr<Pass> pass) {
    passes.addNestedPass<func::FuncOp>(std::move(pass));
  };
  nested(std::make_unique<Decompose>());
  nested(std::make_unique<InterchangeReductions>());
  nested(createCSEPass());
  nested(std::make_unique<FuseElementwise>());
  nested(std::make_unique<CollapseLoops>());
  if (options.expandMath)
    nested(std::make_unique<ExpandMath>());
  nested(createCanonicalizerPass());
  nested(createCSEPass());

  nested(std::make_unique<ReadOnlyInputs>());
  passes.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  passes.addPass(bufferization::createOneShotBufferizePass(bufferize));
  bufferization::BufferResultsToOutParamsPassOptions results;
  results.hoistStaticAllocs = true;
  results.modifyPublicFunctions = true;
  passes.addPass(
      bufferization::createBufferResultsToOutParamsPass(results));
  bufferization::buildBufferDeallocationPipeline(
      passes, bufferization::BufferDeallocationPipelineOptions());
  nested(std::make_unique<NoAlias>());
  passes.addPass(createConvertBufferizationToMemRefPass());
  nested(std::make_unique<CopyToLoops>());
  nested(createConvertLinalgToLoopsPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  nested(createCanonicalizerPass());
  nested(createCSEPass());
  nested(createLoopInvariantCodeMotionPass());

  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(std::make_unique<AssertToReturn>(options.assertMessages));
  // libm takes what has no LLVM intrinsic; the other order would turn floor
  // and roundeven into calls.
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions function;
  function.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(function));
  passes.addPass(createReconcileUnrealizedCastsPass());
}
