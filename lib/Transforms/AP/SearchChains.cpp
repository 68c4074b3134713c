// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ConstantData.h"
#include "lib/Transforms/AP/SearchPatterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace pumice;

Attribute pumice::uniformConstant(Value value) {
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)) &&
      isa<FloatAttr, IntegerAttr>(constant))
    return constant;
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return uniformConstant(fill.getInputs()[0]);
  std::optional<ConstantData> data = ConstantData::find(value);
  if (data && (data->isSplat() || data->size() == 1))
    return elementOf(value, 0);
  // Such as the norm of a vector of signs.
  if (auto values = valuesOf(value, /*most=*/16); values && values->size() == 1)
    return values->front();
  return {};
}

/// Where the dimension `dim` of the source of `op`, a reshape or a transpose,
/// is in its result, if all others stay in their order. Dimensions of one
/// element do not matter.
static std::optional<int64_t> dimBehind(Operation *op, int64_t dim) {
  auto isAlone = [](ArrayRef<int64_t> group, RankedTensorType type,
                    int64_t size) -> std::optional<int64_t> {
    std::optional<int64_t> found;
    for (int64_t i : group) {
      if (type.getDimSize(i) != 1 && found)
        return std::nullopt;
      if (type.getDimSize(i) != 1 || (size == 1 && !found))
        found = i;
    }
    return found;
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return isAlone(expand.getReassociationIndices()[dim],
                   expand.getResultType(), expand.getSrcType().getDimSize(dim));
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices()))
      if (llvm::is_contained(group, dim)) {
        for (int64_t other : group)
          if (other != dim && collapse.getSrcType().getDimSize(other) != 1)
            return std::nullopt;
        return int64_t(i);
      }
    return std::nullopt;
  }
  auto transpose = dyn_cast<linalg::TransposeOp>(op);
  if (!transpose)
    return std::nullopt;
  std::optional<int64_t> found;
  int64_t last = -1;
  auto type = cast<RankedTensorType>(transpose.getInput().getType());
  for (auto [i, from] : llvm::enumerate(transpose.getPermutation())) {
    if (from == dim) {
      found = int64_t(i);
      continue;
    }
    if (type.getDimSize(from) == 1)
      continue;
    if (from < last)
      return std::nullopt;
    last = from;
  }
  return found;
}

ValueChain pumice::chainFrom(Value start, int64_t wordDim) {
  ValueChain chain;
  chain.end = start;
  chain.wordDim = wordDim;
  while (chain.end.hasOneUse()) {
    OpOperand &use = *chain.end.getUses().begin();
    if (use.getOperandNumber() == 0)
      if (auto dim = dimBehind(use.getOwner(), chain.wordDim)) {
        chain.end = use.getOwner()->getResult(0);
        chain.wordDim = *dim;
        continue;
      }
    auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!op || op->getNumResults() != 1 ||
        op.getNumLoops() != op.getNumParallelLoops() || !op.isDpsInput(&use) ||
        !op.getMatchingIndexingMap(&use).isIdentity() ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      break;
    ValueChain::Step step{op, unsigned(use.getOperandNumber()), {}};
    bool isFunction = llvm::none_of(*op.getBody(), [](Operation &inner) {
      return isa<linalg::IndexOp>(inner) || inner.getNumRegions() > 0;
    });
    for (OpOperand *input : op.getDpsInputOperands()) {
      Attribute constant =
          input == &use ? Attribute() : uniformConstant(input->get());
      isFunction &= input == &use || bool(constant);
      step.constants.push_back(constant);
    }
    // Bodies do not read what their result held before.
    isFunction &= op.getBody()->getArguments().back().use_empty();
    if (!isFunction)
      break;
    chain.steps.push_back(step);
    chain.end = op->getResult(0);
  }
  return chain;
}

bool pumice::runBody(Block &body, ArrayRef<Attribute> arguments,
                     SmallVectorImpl<Attribute> &results,
                     function_ref<Attribute(linalg::IndexOp)> index) {
  llvm::DenseMap<Value, Attribute> known;
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments))
    known[argument] = value;
  auto find = [&](Value value) -> Attribute {
    if (auto it = known.find(value); it != known.end())
      return it->second;
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      return constant;
    return {};
  };
  for (Operation &op : body.without_terminator()) {
    if (auto position = dyn_cast<linalg::IndexOp>(op)) {
      known[position] = index ? index(position) : Attribute();
      continue;
    }
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(find(operand));
    for (auto [i, result] : llvm::enumerate(op.getResults()))
      known[result] = llvm::is_contained(operands, Attribute())
                          ? Attribute()
                          : foldOp(&op, i, operands);
  }
  for (Value value : body.getTerminator()->getOperands()) {
    results.push_back(find(value));
    if (!results.back())
      return false;
  }
  return true;
}

Attribute ValueChain::apply(Attribute value) const {
  for (const Step &step : steps) {
    SmallVector<Attribute> arguments(step.constants), results;
    arguments[step.argument] = value;
    arguments.push_back({});
    if (!runBody(*linalg::GenericOp(step.op).getBody(), arguments, results))
      return {};
    value = results.front();
  }
  return value;
}

Value ValueChain::emit(OpBuilder &builder, Location loc, Value value) const {
  for (const Step &step : steps) {
    linalg::GenericOp op = step.op;
    IRMapping mapping;
    for (auto [i, constant] : llvm::enumerate(step.constants))
      mapping.map(op.getBody()->getArgument(i),
                  i == step.argument
                      ? value
                      : arith::ConstantOp::create(builder, loc,
                                                  cast<TypedAttr>(constant))
                            .getResult());
    for (Operation &inner : op.getBody()->without_terminator()) {
      // Constants may stand below the sum.
      for (Value operand : inner.getOperands())
        if (Operation *outside = operand.getDefiningOp();
            outside && outside->getBlock() != op.getBody() &&
            !mapping.contains(operand) &&
            outside->hasTrait<OpTrait::ConstantLike>())
          builder.clone(*outside, mapping);
      builder.clone(inner, mapping);
    }
    value =
        mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0));
  }
  return value;
}
