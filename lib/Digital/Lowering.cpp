// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Lowering.h"

#include "lib/Digital/Jit.h"
#include "lib/Digital/MathExpand.h"
#include "lib/Digital/RegisterTile.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

// Attributes of the lowered module, dictionaries with an entry per function.
static constexpr llvm::StringLiteral kScratch("pumice.scratch");
static constexpr llvm::StringLiteral kAsserts("pumice.asserts");

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

/// Integer division by zero (or of the smallest number by -1) and reading at an
/// index that comes from data would take the process down: assert before.
struct GuardTraps : FunctionPass<GuardTraps> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GuardTraps)

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect>();
  }

  /// False for what is computed from loop indices and constants.
  static bool dependsOnData(Value value) {
    Operation *def = value.getDefiningOp();
    if (!def)
      return true;
    if (isa<linalg::IndexOp>(def))
      return false;
    return llvm::any_of(def->getOperands(), dependsOnData) ||
           isa<tensor::ExtractOp>(def);
  }

  static void guardDivision(Operation *op) {
    Value divisor = op->getOperand(1);
    auto type = dyn_cast<IntegerType>(divisor.getType());
    std::optional<int64_t> constant = getConstantIntValue(divisor);
    if (!type || (constant && *constant != 0 && *constant != -1))
      return;
    OpBuilder builder(op);
    auto differs = [&](Value value, const APInt &from) -> Value {
      Value other = arith::ConstantOp::create(
          builder, op->getLoc(), builder.getIntegerAttr(type, from));
      return arith::CmpIOp::create(builder, op->getLoc(),
                                   arith::CmpIPredicate::ne, value, other);
    };
    unsigned width = type.getWidth();
    cf::AssertOp::create(builder, op->getLoc(),
                         differs(divisor, APInt::getZero(width)),
                         "integer division by zero");
    if (isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp>(op))
      return;
    Value fits = arith::OrIOp::create(
        builder, op->getLoc(),
        differs(op->getOperand(0), APInt::getSignedMinValue(width)),
        differs(divisor, APInt::getAllOnes(width)));
    cf::AssertOp::create(builder, op->getLoc(), fits,
                         "integer division overflows");
  }

  static void guardIndices(tensor::ExtractOp op) {
    OpBuilder builder(op);
    for (auto [i, index] : llvm::enumerate(op.getIndices())) {
      if (!dependsOnData(index))
        continue;
      // Unsigned: a negative index is a huge one.
      Value size = arith::ConstantIndexOp::create(
          builder, op.getLoc(), op.getTensor().getType().getDimSize(i));
      Value inside = arith::CmpIOp::create(
          builder, op.getLoc(), arith::CmpIPredicate::ult, index, size);
      cf::AssertOp::create(builder, op.getLoc(), inside, "index out of bounds");
    }
  }

  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
              arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op))
        guardDivision(op);
      else if (auto extract = dyn_cast<tensor::ExtractOp>(op))
        guardIndices(extract);
    });
  }
};

int64_t iterations(linalg::LinalgOp op) {
  int64_t product = 1;
  for (int64_t range : op.getStaticLoopRanges())
    product *= range;
  return product;
}

/// True if `producer` does at most a conversion per element.
bool isCheap(linalg::LinalgOp producer) {
  return llvm::all_of(producer->getRegion(0).front(), [](Operation &op) {
    return isa<linalg::YieldOp, arith::ConstantOp, arith::ExtSIOp,
               arith::ExtUIOp, arith::TruncIOp, arith::ExtFOp>(op);
  });
}

/// True if some input is not read in the order of the loops.
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

/// Elementwise fusion that never repeats work worth the name and leaves the
/// operands of a reduction contiguous.
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

/// Loops of one step that only index by themselves. One that is added to
/// another
/// (`d0 * 2 + d1` of a pool with one window) has to stay: without it the other
/// would seem to run over all of the operand.
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

/// Upstream's pass of the same patterns drops every loop of one step.
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

/// Results become arguments that the function writes, and temporaries become
/// trailing arguments: the caller reuses their memory from run to run (fresh
/// memory costs a page fault per 4 KiB), and as arguments they are noalias.
/// Whatever is allocated inside loops stays on the heap.
struct BuffersToArguments
    : PassWrapper<BuffersToArguments, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BuffersToArguments)
  static bool isTopLevelBuffer(memref::AllocOp op) {
    return isa<func::FuncOp>(op->getParentOp()) &&
           op.getType().hasStaticShape() &&
           op.getType().getLayout().isIdentity();
  }

  static Value toArgument(func::FuncOp function, memref::AllocOp op) {
    Value argument = function.getBody().addArgument(op.getType(), op.getLoc());
    op.replaceAllUsesWith(argument);
    op.erase();
    return argument;
  }

  static void resultsToArguments(func::FuncOp function) {
    auto terminator =
        cast<func::ReturnOp>(function.getBody().front().getTerminator());
    OpBuilder builder(terminator);
    for (unsigned i = 0; i < terminator.getNumOperands(); ++i) {
      // A reshaped buffer has the bytes of the buffer.
      Value buffer = terminator.getOperand(i);
      while (isa_and_nonnull<memref::CollapseShapeOp, memref::ExpandShapeOp>(
          buffer.getDefiningOp()))
        buffer = buffer.getDefiningOp()->getOperand(0);
      auto alloc = buffer.getDefiningOp<memref::AllocOp>();
      if (alloc && isTopLevelBuffer(alloc)) {
        toArgument(function, alloc);
        continue;
      }
      // An input, a part of a buffer, or a buffer that is returned before.
      Value value = terminator.getOperand(i);
      auto type = cast<MemRefType>(value.getType());
      Value argument = function.getBody().addArgument(
          MemRefType::get(type.getShape(), type.getElementType()),
          terminator.getLoc());
      memref::CopyOp::create(builder, terminator.getLoc(), value, argument);
    }
    terminator->setOperands({});
  }

  void runOnOperation() override {
    bool heap = false;
    Builder builder(&getContext());
    SmallVector<NamedAttribute> scratch;
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      resultsToArguments(function);
      SmallVector<int64_t> sizes;
      SmallVector<memref::AllocOp> allocs;
      function.walk([&](memref::AllocOp op) { allocs.push_back(op); });
      for (memref::AllocOp op : allocs) {
        if (!isTopLevelBuffer(op)) {
          heap = true;
          continue;
        }
        Type element = op.getType().getElementType();
        int64_t width =
            element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
        sizes.push_back(op.getType().getNumElements() * ((width + 7) / 8));
        toArgument(function, op);
      }
      function.setFunctionType(FunctionType::get(
          &getContext(), function.getBody().getArgumentTypes(), {}));
      scratch.push_back(builder.getNamedAttr(
          function.getName(), builder.getDenseI64ArrayAttr(sizes)));
    }
    getOperation()->setAttr(kScratch, builder.getDictionaryAttr(scratch));
    if (!heap)
      return;
    OpPassManager passes(ModuleOp::getOperationName());
    bufferization::buildBufferDeallocationPipeline(
        passes, bufferization::BufferDeallocationPipelineOptions());
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager passes(ModuleOp::getOperationName());
    bufferization::buildBufferDeallocationPipeline(
        passes, bufferization::BufferDeallocationPipelineOptions());
    passes.getDependentDialects(registry);
  }
};

/// MemRefToLLVM has no i1 in memory: a byte it is.
struct BoolToByte : FunctionPass<BoolToByte> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BoolToByte)

  static bool isBool(Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    return memref && memref.getElementType().isInteger(1);
  }
  static void retype(Value value) {
    if (isBool(value.getType()))
      value.setType(
          MemRefType::Builder(cast<MemRefType>(value.getType()))
              .setElementType(IntegerType::get(value.getContext(), 8)));
  }

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    func::FuncOp function = getOperation();
    // Of scalars and, where loops became tiles of registers, of vectors.
    auto isBits = [](Type type) {
      return getElementTypeOrSelf(type).isInteger(1);
    };
    auto bytes = [&](Type type) -> Type {
      if (auto vector = dyn_cast<VectorType>(type))
        return vector.clone(builder.getI8Type());
      return builder.getI8Type();
    };
    function.walk([&](Operation *op) {
      if (isa<memref::LoadOp, vector::LoadOp>(op)) {
        Value loaded = op->getResult(0);
        Type bits = loaded.getType();
        if (!isBits(bits))
          return;
        loaded.setType(bytes(bits));
        builder.setInsertionPointAfter(op);
        auto narrow =
            arith::TruncIOp::create(builder, op->getLoc(), bits, loaded);
        loaded.replaceAllUsesExcept(narrow, narrow);
      } else if (isa<memref::StoreOp, vector::StoreOp>(op)) {
        OpOperand &stored = op->getOpOperand(0);
        Type bits = stored.get().getType();
        if (!isBits(bits))
          return;
        builder.setInsertionPoint(op);
        stored.set(arith::ExtUIOp::create(builder, op->getLoc(), bytes(bits),
                                          stored.get()));
      }
    });
    function.walk([](Operation *op) {
      for (Value result : op->getResults())
        retype(result);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            retype(argument);
    });
    function.setFunctionType(
        builder.getFunctionType(function.getBody().getArgumentTypes(),
                                function.getFunctionType().getResults()));
  }
};

/// With bare pointers this reaches LLVM and removes the run-time alias checks
/// of the loop vectoriser. Inputs are only read, so that they may coincide.
struct NoAlias : FunctionPass<NoAlias> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NoAlias)

  void runOnOperation() override {
    for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
      getOperation().setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
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
/// could read out of bounds, aborting would take the process down.
struct AssertToReturn : PassWrapper<AssertToReturn, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AssertToReturn)

  void runOnOperation() override {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    func::FuncOp report;
    SmallVector<NamedAttribute> messages;
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      SmallVector<cf::AssertOp> asserts;
      function.walk([&](cf::AssertOp op) { asserts.push_back(op); });
      if (asserts.empty())
        continue;
      if (!report) {
        report = func::FuncOp::create(
            builder, getOperation().getLoc(), pumice::digital::kAssertSymbol,
            builder.getFunctionType({builder.getI64Type()}, {}));
        report.setPrivate();
      }
      messages.push_back(
          builder.getNamedAttr(function.getName(), toReturns(asserts, report)));
    }
    getOperation()->setAttr(kAsserts, builder.getDictionaryAttr(messages));
  }

  /// Replaces a function's asserts; returns their messages.
  static ArrayAttr toReturns(ArrayRef<cf::AssertOp> asserts,
                             func::FuncOp report) {
    OpBuilder builder(report.getContext());
    SmallVector<StringRef> messages;
    for (cf::AssertOp op : asserts) {
      Location loc = op.getLoc();
      Block *before = op->getBlock();
      Block *after = before->splitBlock(op);
      builder.setInsertionPointToEnd(
          builder.createBlock(before->getParent(), before->getParent()->end()));
      Block *failed = builder.getInsertionBlock();
      Value id = arith::ConstantOp::create(
          builder, loc, builder.getI64IntegerAttr(messages.size()));
      func::CallOp::create(builder, loc, report, id);
      func::ReturnOp::create(builder, loc);
      builder.setInsertionPointToEnd(before);
      cf::CondBranchOp::create(builder, loc, op.getArg(), after, ValueRange(),
                               failed, ValueRange());
      // The attribute owns the text; it outlives the op.
      messages.push_back(op.getMsg());
      op.erase();
    }
    return builder.getStrArrayAttr(messages);
  }
};

unsigned vectorBytes() {
  return llvm::sys::getHostCPUFeatures().lookup("avx512f") ? 64 : 32;
}

} // namespace

void pumice::digital::buildLoweringPipeline(OpPassManager &passes,
                                            bool expandMath) {
  auto nested = [&](std::unique_ptr<Pass> pass) {
    passes.addNestedPass<func::FuncOp>(std::move(pass));
  };
  nested(std::make_unique<Decompose>());
  nested(std::make_unique<GuardTraps>());
  nested(createCSEPass());
  nested(std::make_unique<FuseElementwise>());
  nested(std::make_unique<DropUnitLoops>());
  nested(std::make_unique<CollapseLoops>());
  nested(std::make_unique<ExpandMath>(expandMath));
  nested(createCanonicalizerPass());
  nested(createCSEPass());

  nested(std::make_unique<ReadOnlyInputs>());
  passes.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  passes.addPass(bufferization::createOneShotBufferizePass(bufferize));
  passes.addPass(std::make_unique<BuffersToArguments>());
  nested(std::make_unique<NoAlias>());
  passes.addPass(createConvertBufferizationToMemRefPass());
  nested(std::make_unique<CopyToLoops>());
  nested(createRegisterTilePass(vectorBytes()));
  nested(createConvertLinalgToLoopsPass());
  nested(std::make_unique<BoolToByte>());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  nested(createCanonicalizerPass());
  nested(createCSEPass());
  nested(createLoopInvariantCodeMotionPass());

  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(std::make_unique<AssertToReturn>());
  // libm takes what has no LLVM intrinsic; the other order would turn floor
  // and roundeven into calls.
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createConvertVectorToLLVMPass());
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

pumice::digital::FunctionFacts pumice::digital::factsOf(ModuleOp module,
                                                        StringRef function) {
  FunctionFacts facts;
  auto scratch = module->getAttrOfType<DictionaryAttr>(kScratch);
  if (auto sizes = scratch.getAs<DenseI64ArrayAttr>(function))
    llvm::append_range(facts.scratch, sizes.asArrayRef());
  auto asserts = module->getAttrOfType<DictionaryAttr>(kAsserts);
  if (auto messages = asserts.getAs<ArrayAttr>(function))
    for (auto message : messages.getAsRange<StringAttr>())
      facts.assertMessages.push_back(message.str());
  return facts;
}
