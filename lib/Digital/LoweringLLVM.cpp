// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Jit.h"
#include "lib/Digital/LoweringStages.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "pumice-digital-lowering"

using namespace mlir;
using namespace pumice::digital;

namespace {

/// Makes a failing cf.assert report its number and return from the function:
/// continuing could read out of bounds, and aborting would end the process.
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
      LDBG() << "@" << function.getName() << " makes " << asserts.size()
             << " assertions";
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

} // namespace

void pumice::digital::addLLVMStage(OpPassManager &passes) {
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(std::make_unique<AssertToReturn>());
  // libm handles functions without an LLVM intrinsic. In the other order, floor
  // and roundeven would become calls.
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
