// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmptyTensors.cpp - Remove tensors that have no elements ------------===//
//
// Buffers such as memref<4x0xf32> have strides of 0, which MLIR does not
// convert to LLVM. Ops that compute no element or read none are replaced, and
// what stays at the boundary of a function has one dimension.
//
//===----------------------------------------------------------------------===//
#include "lib/Digital/LoweringStages.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace pumice::digital;

namespace {

bool isEmpty(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getNumElements() == 0;
}

bool isEmpty(Value value) { return isEmpty(value.getType()); }

RankedTensorType flat(Type type) {
  return RankedTensorType::get({0},
                               cast<RankedTensorType>(type).getElementType());
}

Value emptyOf(OpBuilder &builder, Location loc, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                 tensor.getElementType());
}

/// The results of `op` if it reads an empty tensor and so computes nothing;
/// none otherwise.
SmallVector<Value> resultsWithoutInput(OpBuilder &builder, Operation *op) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op);
      insert && isEmpty(insert.getSource()))
    return {insert.getDest()};
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    SmallVector<Value> inputs = llvm::filter_to_vector(
        concat.getInputs(), [](Value input) { return !isEmpty(input); });
    if (inputs.empty() || inputs.size() == concat.getInputs().size())
      return {};
    return {tensor::ConcatOp::create(builder, op->getLoc(),
                                     concat.getResultType(), concat.getDim(),
                                     inputs)};
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op);
      pad && isEmpty(pad.getSource()) && pad.getResultType().hasStaticShape()) {
    auto all = tensor::GenerateOp::create(builder, op->getLoc(),
                                          pad.getResultType(), ValueRange());
    all.getBody().takeBody(pad.getRegion());
    return {all};
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp && linalgOp.hasPureTensorSemantics() &&
      llvm::is_contained(linalgOp.getStaticLoopRanges(), 0))
    return llvm::to_vector(linalgOp.getDpsInits());
  return {};
}

struct RemoveEmptyTensors : FunctionPass<RemoveEmptyTensors> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RemoveEmptyTensors)

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<tensor::TensorDialect>();
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    OpBuilder builder(function);
    SmallVector<Operation *> ops;
    function.getBody().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      builder.setInsertionPoint(op);
      SmallVector<Value> results = resultsWithoutInput(builder, op);
      for (auto [old, result] : llvm::zip(op->getResults(), results))
        old.replaceAllUsesWith(result);
      if (!results.empty()) {
        op->erase();
        continue;
      }
      for (Value result : op->getResults()) {
        if (isa<tensor::EmptyOp>(op) || result.use_empty() || !isEmpty(result))
          continue;
        builder.setInsertionPointAfter(op);
        result.replaceAllUsesWith(
            emptyOf(builder, op->getLoc(), result.getType()));
      }
    }
    makeBoundaryFlat(function);
  }

  static void makeBoundaryFlat(func::FuncOp function) {
    Block &entry = function.getBody().front();
    Operation *end = entry.getTerminator();
    OpBuilder builder(function);
    for (BlockArgument argument : entry.getArguments()) {
      if (!isEmpty(argument))
        continue;
      builder.setInsertionPointToStart(&entry);
      argument.replaceAllUsesWith(
          emptyOf(builder, argument.getLoc(), argument.getType()));
      argument.setType(flat(argument.getType()));
    }
    builder.setInsertionPoint(end);
    for (OpOperand &operand : end->getOpOperands())
      if (isEmpty(operand.get()))
        operand.set(
            emptyOf(builder, end->getLoc(), flat(operand.get().getType())));
    function.setFunctionType(builder.getFunctionType(entry.getArgumentTypes(),
                                                     end->getOperandTypes()));
  }
};

} // namespace

std::unique_ptr<Pass> pumice::digital::createRemoveEmptyTensorsPass() {
  return std::make_unique<RemoveEmptyTensors>();
}
