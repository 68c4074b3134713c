// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/LoweringStages.h"
#include "lib/Digital/RegisterTile.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/TargetParser/Host.h"

#define DEBUG_TYPE "pumice-digital-lowering"

using namespace mlir;
using namespace pumice::digital;

namespace {

/// Marks inputs as read-only, so that bufferization does not write to them.
struct ReadOnlyInputs : FunctionPass<ReadOnlyInputs> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReadOnlyInputs)

  void runOnOperation() override {
    for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
      getOperation().setArgAttr(
          i, bufferization::BufferizationDialect::kWritableAttrName,
          BoolAttr::get(&getContext(), false));
  }
};

/// Turns results into arguments that the function writes, and temporaries into
/// trailing arguments. The caller reuses their memory from run to run (new
/// memory costs a page fault per 4 KiB), and as arguments they are noalias.
/// Allocations inside loops stay on the heap.
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
      // A reshaped buffer has the same bytes.
      Value buffer = terminator.getOperand(i);
      while (isa_and_nonnull<memref::CollapseShapeOp, memref::ExpandShapeOp>(
          buffer.getDefiningOp()))
        buffer = buffer.getDefiningOp()->getOperand(0);
      auto alloc = buffer.getDefiningOp<memref::AllocOp>();
      if (alloc && isTopLevelBuffer(alloc)) {
        toArgument(function, alloc);
        continue;
      }
      // An input, part of a buffer, or a buffer that was returned already.
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
      LDBG() << "@" << function.getName() << " takes " << sizes.size()
             << " temporary buffers";
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

/// Stores i1 as a byte, because MemRefToLLVM does not support i1 in memory.
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
    // Accesses of scalars, and of vectors in register tiles.
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

/// Marks arguments as noalias. With bare pointers, this reaches LLVM and
/// removes the run-time alias checks of the loop vectorizer. Inputs may
/// overlap, because they are only read.
struct NoAlias : FunctionPass<NoAlias> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NoAlias)

  void runOnOperation() override {
    for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
      getOperation().setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                                UnitAttr::get(&getContext()));
  }
};

/// Expands strided copies, which would become calls of a runtime library.
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

unsigned vectorBytes() {
  return llvm::sys::getHostCPUFeatures().lookup("avx512f") ? 64 : 32;
}

} // namespace

void pumice::digital::addBufferStage(OpPassManager &passes,
                                     const LoweringOptions &options) {
  auto nested = [&](std::unique_ptr<Pass> pass) {
    passes.addNestedPass<func::FuncOp>(std::move(pass));
  };
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
  // What it asserts leaves the function as other assertions do
  // (LoweringLLVM.cpp), and the passes below fold its checks.
  if (options.checks)
    nested(createCheckAccessesPass());
  nested(createRegisterTilePass(vectorBytes()));
  nested(createConvertLinalgToLoopsPass());
  nested(std::make_unique<BoolToByte>());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  if (options.checks)
    nested(createDropPromisesPass());
  nested(createCanonicalizerPass());
  nested(createCSEPass());
  nested(createLoopInvariantCodeMotionPass());
}
