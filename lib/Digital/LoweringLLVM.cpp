// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Jit.h"
#include "lib/Digital/Lowering.h"
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
            builder.getFunctionType(
                {builder.getI64Type(), builder.getI64Type()}, {}));
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
    SmallVector<Attribute> described;
    for (cf::AssertOp op : asserts) {
      Location loc = op.getLoc();
      Block *before = op->getBlock();
      Block *after = before->splitBlock(op);
      builder.setInsertionPointToEnd(
          builder.createBlock(before->getParent(), before->getParent()->end()));
      Block *failed = builder.getInsertionBlock();
      Value id = arith::ConstantOp::create(
          builder, loc, builder.getI64IntegerAttr(described.size()));
      Value index = reportedIndex(builder, op);
      const bool reportsIndex = static_cast<bool>(index);
      if (!index)
        index = arith::ConstantOp::create(builder, loc,
                                          builder.getI64IntegerAttr(0));
      func::CallOp::create(builder, loc, report, ValueRange{id, index});
      func::ReturnOp::create(builder, loc);
      builder.setInsertionPointToEnd(before);
      cf::CondBranchOp::create(builder, loc, op.getArg(), after, ValueRange(),
                               failed, ValueRange());
      described.push_back(builder.getArrayAttr(
          {builder.getStringAttr(op.getMsg()),
           builder.getI64IntegerAttr(opNumberOf(loc).number),
           builder.getBoolAttr(reportsIndex)}));
      op.erase();
    }
    return builder.getArrayAttr(described);
  }

  /// The index that a check of bounds compares, as i64; null for another
  /// assertion.
  static Value reportedIndex(OpBuilder &builder, cf::AssertOp op) {
    auto compared = op.getArg().getDefiningOp<arith::CmpIOp>();
    if (!op->hasAttr(kReportsIndex) || !compared ||
        compared.getPredicate() != arith::CmpIPredicate::ult)
      return Value();
    Value index = compared.getLhs();
    Type type = index.getType(), wide = builder.getI64Type();
    if (type.isIndex())
      return arith::IndexCastOp::create(builder, op.getLoc(), wide, index);
    auto integer = dyn_cast<IntegerType>(type);
    if (!integer || integer.getWidth() > 64)
      return Value();
    if (integer.getWidth() == 64)
      return index;
    return arith::ExtSIOp::create(builder, op.getLoc(), wide, index);
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
