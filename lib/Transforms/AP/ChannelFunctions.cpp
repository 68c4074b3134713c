// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/ChannelFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pumice;

/// Whether `op` computes a scalar from scalars.
static bool isArithmetic(Operation *op) {
  auto isNumber = [](Type type) {
    return !isa<ShapedType>(type) && ConstantData::widthOf(type) > 0;
  };
  return isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
             op->getDialect()) &&
         op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isMemoryEffectFree(op) && isNumber(op->getResultTypes()[0]) &&
         llvm::all_of(op->getOperandTypes(), isNumber);
}

bool Expression::collect(Block &body, Value value, ArrayRef<Value> variables) {
  llvm::SetVector<Operation *> needed;
  SmallVector<Value> open = {value};
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (llvm::is_contained(variables, next) || constants.contains(next))
      continue;
    Operation *op = next.getDefiningOp();
    if (!op)
      return false;
    if (isa<arith::ConstantOp>(op))
      continue;
    if (op->getBlock() != &body || !isArithmetic(op))
      return false;
    if (needed.insert(op))
      llvm::append_range(open, op->getOperands());
  }
  ops.clear();
  for (Operation &op : body)
    if (needed.contains(&op))
      ops.insert(&op);
  result = value;
  return true;
}

std::optional<ConstantData>
pumice::constantPerChannel(Value operand, AffineMap map, int64_t channels) {
  for (AffineExpr expr : map.getResults()) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (expr != getAffineDimExpr(1, map.getContext()) &&
        !(constant && constant.getValue() == 0))
      return std::nullopt;
  }
  std::optional<ConstantData> data = ConstantData::find(operand);
  if (!data || data->size() == 0 ||
      (!data->isSplat() && data->size() != 1 && data->size() != channels))
    return std::nullopt;
  return data;
}

static digital::Options optionsFor(unsigned threads) {
  digital::Options options;
  options.threads = threads;
  return options;
}

ChannelFunctions::ChannelFunctions(MLIRContext *context, unsigned threads)
    : evaluator(context, optionsFor(threads)) {}

size_t ChannelFunctions::add(ArrayRef<ExpressionOf> chain) {
  SmallVector<Type> types;
  for (Value variable : chain.front().variables)
    types.push_back(variable.getType());
  const unsigned numVariables = types.size();
  SmallVector<ConstantData> &parameters = constants.emplace_back();
  for (const ExpressionOf &part : chain)
    for (const auto &[argument, data] : part.expression->constants) {
      types.push_back(argument.getType());
      parameters.push_back(data);
    }

  Value last = chain.back().expression->result;
  OpBuilder builder(last.getContext());
  OwningOpRef<func::FuncOp> function = func::FuncOp::create(
      last.getLoc(), "channel", builder.getFunctionType(types, last.getType()));
  builder.setInsertionPointToStart(function->addEntryBlock());
  SmallVector<Value> inputs(function->getArguments().take_front(numVariables));
  auto parameter = function->getArguments().drop_front(numVariables).begin();
  for (const ExpressionOf &part : chain) {
    IRMapping mapping;
    mapping.map(part.variables, inputs);
    for (const auto &[argument, data] : part.expression->constants)
      mapping.map(argument, *parameter++);
    for (Operation *op : part.expression->ops) {
      for (Value operand : op->getOperands())
        if (!mapping.contains(operand))
          builder.clone(*operand.getDefiningOp(), mapping); // a constant
      builder.clone(*op, mapping);
    }
    inputs = {mapping.lookup(part.expression->result)};
  }
  func::ReturnOp::create(builder, last.getLoc(), inputs);
  return evaluator.add(*function, numVariables);
}

llvm::Error ChannelFunctions::evaluate(size_t function, int64_t channel,
                                       ArrayRef<const void *> variables,
                                       void *results, int64_t count) const {
  SmallVector<const void *> parameters;
  for (const ConstantData &data : constants[function]) {
    const bool isShared = data.isSplat() || data.size() == 1;
    parameters.push_back(data.bytes().data() +
                         (isShared ? 0 : channel * data.width()));
  }
  return evaluator.evaluate(function, variables, parameters, results, count);
}
