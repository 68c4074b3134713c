// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Transforms/Linalg/Passes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "verify-linalg-contract"

namespace pumice {
#define GEN_PASS_DEF_VERIFYLINALGCONTRACT
#define GEN_PASS_DEF_VERIFYQUANTIZEDCONTRACT
#include "lib/Transforms/Linalg/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// Checks that `type` is a scalar or a static tensor of numbers.
static LogicalResult verifyType(Operation *op, Type type) {
  if (auto tensor = dyn_cast<TensorType>(type)) {
    if (!tensor.hasRank() || !tensor.hasStaticShape())
      return op->emitError("expected tensors of static shape, got ") << type;
    type = tensor.getElementType();
  }
  if (!type.isIntOrIndexOrFloat())
    return op->emitError("expected numbers or tensors of numbers, got ")
           << type;
  return success();
}

/// True for symbols that only other ops refer to, such as trained networks or
/// tables: neither functions nor modules.
static bool isData(Operation *op) {
  return isa<SymbolOpInterface>(op) && !isa<FunctionOpInterface>(op) &&
         !op->hasTrait<OpTrait::SymbolTable>();
}

static LogicalResult verifyLinalg(ModuleOp module) {
  SmallVector<Location> entries;
  for (Operation &op : *module.getBody()) {
    if (isData(&op))
      continue;
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function)
      return op.emitError("unsupported op '")
             << op.getName() << "' at the level of functions";
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return op.emitError("expected a function of one block");
    if (function.isPublic())
      entries.push_back(function.getLoc());
  }
  if (entries.size() != 1) {
    InFlightDiagnostic error =
        module.emitError("expected one public function, got ");
    error << entries.size();
    for (Location entry : entries)
      error.attachNote(entry) << "a public function";
    return error;
  }
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp, func::FuncOp>(op))
      return WalkResult::advance();
    if (op->getParentOp() == module && isData(op))
      return WalkResult::skip();
    Dialect *dialect = op->getDialect();
    bool known =
        isa_and_nonnull<linalg::LinalgDialect, tensor::TensorDialect,
                        arith::ArithDialect, math::MathDialect>(dialect) ||
        isa<func::ReturnOp, pum::NonlinearOp, pum::ProbeOp, pum::YieldOp>(op) ||
        (isa<cf::AssertOp>(op) && op->getParentOfType<linalg::LinalgOp>());
    if (!known) {
      op->emitError("unsupported op '") << op->getName() << "'";
      return WalkResult::interrupt();
    }
    for (Type type : op->getResultTypes())
      if (failed(verifyType(op, type)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  LDBG() << (result.wasInterrupted() ? "refused " : "accepted ")
         << module.getLoc();
  return failure(result.wasInterrupted());
}

namespace {

struct VerifyLinalgContractPass
    : pumice::impl::VerifyLinalgContractBase<VerifyLinalgContractPass> {
  void runOnOperation() override {
    if (failed(verifyLinalg(getOperation())))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

struct VerifyQuantizedContractPass
    : pumice::impl::VerifyQuantizedContractBase<VerifyQuantizedContractPass> {
  using Base::Base;
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (!raisedOnly && failed(verifyLinalg(getOperation())))
      return signalPassFailure();
    getOperation().walk([&](linalg::LinalgOp op) {
      Operation *dequantize = nullptr;
      if (std::optional<QuantizedLayer> layer = matchQuantizedLayer(op))
        dequantize = layer->input.dequantize.op;
      else if (std::optional<QuantizedProduct> product =
                   matchQuantizedProduct(op))
        dequantize = product->left.dequantize.op;
      if (dequantize) {
        op.emitError(
              "is a float layer on quantized operands: "
              "raise-quantized-ops, a part of linalg-to-quantized, makes "
              "it an integer layer")
                .attachNote(dequantize->getLoc())
            << "its first operand is dequantized here";
        signalPassFailure();
      }
    });
  }
};

} // namespace
