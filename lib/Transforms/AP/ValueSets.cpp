// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ConstantData.h"
#include "lib/Transforms/AP/ScalarGraph.h"
#include "lib/Transforms/AP/SearchCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace pumice;

/// Of a term of a sum.
static constexpr size_t mostTerms = 16;

using Values = SmallVector<Attribute>;

/// What is known already: a value has many users, in each of several steps.
using Known = llvm::DenseMap<std::pair<Value, unsigned>, std::optional<Values>>;

static std::optional<Values> valuesOf(Value tensor, size_t most, Known &known);

static std::optional<Values> sorted(Values values, size_t most) {
  llvm::sort(values, [](Attribute a, Attribute b) {
    return numberOf(a) < numberOf(b);
  });
  values.erase(llvm::unique(values), values.end());
  // Also rejects -0 and 0 side by side, and NaN, which has no order.
  for (size_t i = 0; i < values.size(); ++i)
    if (std::isnan(numberOf(values[i])) ||
        (i && numberOf(values[i]) == numberOf(values[i - 1])))
      return std::nullopt;
  if (values.size() > most)
    return std::nullopt;
  return values;
}

/// Element `index` of constant data; null of other types than those of cells.
static Attribute elementOf(const ConstantData &data, int64_t index) {
  const int64_t at = data.isSplat() ? 0 : index;
  Type type = data.elementType();
  if (type.isF32())
    return FloatAttr::get(type, double(data.stored<float>()[at]));
  if (type.isF64())
    return FloatAttr::get(type, data.stored<double>()[at]);
  if (auto integer = dyn_cast<IntegerType>(type)) {
    if (integer.getWidth() == 1)
      return IntegerAttr::get(integer, APInt(1, data.integer(at) & 1));
    return IntegerAttr::get(integer, data.integer(at));
  }
  return {};
}

Attribute pumice::elementOf(Value constant, int64_t index) {
  std::optional<ConstantData> data = ConstantData::find(constant);
  return data ? ::elementOf(*data, index) : Attribute();
}

/// The values of `op` for all combinations of those of its operands.
static std::optional<Values> valuesOf(Operation *op, unsigned result,
                                      ArrayRef<Values> operands, size_t most) {
  size_t combinations = 1;
  for (const Values &values : operands) {
    combinations *= values.size();
    if (combinations == 0 || combinations > most * most)
      return std::nullopt;
  }
  Values results;
  for (size_t i = 0; i < combinations; ++i) {
    SmallVector<Attribute> chosen;
    size_t left = i;
    for (const Values &values : operands) {
      chosen.push_back(values[left % values.size()]);
      left /= values.size();
    }
    Attribute value = foldOp(op, result, chosen);
    if (!value)
      return std::nullopt;
    if (!llvm::is_contained(results, value))
      results.push_back(value);
  }
  return sorted(std::move(results), most);
}

static std::optional<Values> findValuesIn(linalg::GenericOp op, Value value,
                                          size_t most, Known &known);

/// The values of `value` of the body of `op`.
static std::optional<Values> valuesIn(linalg::GenericOp op, Value value,
                                      size_t most, Known &known) {
  const std::pair<Value, unsigned> key(value, unsigned(most));
  if (auto it = known.find(key); it != known.end())
    return it->second;
  std::optional<Values> found = findValuesIn(op, value, most, known);
  known[key] = found;
  return found;
}

static std::optional<Values> findValuesIn(linalg::GenericOp op, Value value,
                                          size_t most, Known &known) {
  // Whatever a condition depends on, it is 0 or 1.
  auto orBoth = [&](std::optional<Values> found) -> std::optional<Values> {
    if (found || !value.getType().isInteger(1))
      return found;
    Builder builder(value.getContext());
    return Values{IntegerAttr::get(value.getType(), APInt(1, 0)),
                  IntegerAttr::get(value.getType(), APInt(1, 1))};
  };
  if (auto arg = dyn_cast<BlockArgument>(value);
      arg && arg.getOwner() == op.getBody()) {
    if (arg.getArgNumber() >= op.getNumDpsInputs())
      return orBoth(std::nullopt);
    return orBoth(
        ::valuesOf(op.getDpsInputs()[arg.getArgNumber()], most, known));
  }
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return isa<FloatAttr, IntegerAttr>(constant)
               ? std::optional(Values{constant})
               : std::nullopt;
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op.getBody())
    return orBoth(std::nullopt);
  // Whatever it is that is taken.
  if (auto extract = dyn_cast<tensor::ExtractOp>(def))
    return orBoth(::valuesOf(extract.getTensor(), most, known));
  if (auto select = dyn_cast<arith::SelectOp>(def)) {
    std::optional<Values> condition =
        valuesIn(op, select.getCondition(), most, known);
    if (condition && condition->size() == 1)
      return valuesIn(op,
                      numberOf(condition->front()) != 0
                          ? select.getTrueValue()
                          : select.getFalseValue(),
                      most, known);
    std::optional<Values> a = valuesIn(op, select.getTrueValue(), most, known);
    std::optional<Values> b = valuesIn(op, select.getFalseValue(), most, known);
    if (!a || !b)
      return orBoth(std::nullopt);
    a->append(b->begin(), b->end());
    return sorted(std::move(*a), most);
  }
  SmallVector<Values> operands;
  for (Value operand : def->getOperands()) {
    std::optional<Values> values = valuesIn(op, operand, most, known);
    if (!values)
      return orBoth(std::nullopt);
    operands.push_back(std::move(*values));
  }
  return orBoth(
      ::valuesOf(def, cast<OpResult>(value).getResultNumber(), operands, most));
}

/// The sums of terms with few values, such as bundles of -1 and 1, if they are
/// exact whatever their order.
static std::optional<Values> valuesOfSum(linalg::GenericOp op, size_t most,
                                         Known &known) {
  Block &body = *op.getBody();
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!isa_and_present<arith::AddFOp, arith::AddIOp>(add) || !fill ||
      !(matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
        matchPattern(fill.getInputs()[0], m_Zero())))
    return std::nullopt;
  Value accumulator = body.getArguments().back();
  if (!llvm::is_contained(add->getOperands(), accumulator))
    return std::nullopt;
  Value term = add->getOperand(add->getOperand(0) == accumulator ? 1 : 0);
  std::optional<Values> values = valuesIn(op, term, mostTerms, known);
  if (!values || values->empty())
    return std::nullopt;
  int64_t count = 1;
  for (auto [size, kind] :
       llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      count = size;
  Type type = add->getResult(0).getType();
  const int bits = type.isF32()   ? 24
                   : type.isF64() ? 53
                   : type.isInteger() && type.getIntOrFloatBitWidth() > 1
                       ? std::min(int(type.getIntOrFloatBitWidth()) - 1, 53)
                       : 0;
  std::vector<double> terms;
  for (Attribute value : *values)
    terms.push_back(numberOf(value));
  if (!bits || !areSumsExact({terms}, count, bits))
    return std::nullopt;
  // All sums are multiples of the greatest common divisor apart.
  double step = 0;
  for (double value : terms)
    for (double other = value - terms.front(); other != 0;) {
      const double rest = std::fmod(step, other);
      step = other;
      other = rest;
    }
  const double steps =
      step == 0 ? 0 : double(count) * (terms.back() - terms.front()) / step;
  if (steps + 1 > double(most))
    return std::nullopt;
  Values sums;
  for (double i = 0; i <= steps; ++i) {
    const double sum = double(count) * terms.front() + i * step;
    sums.push_back(isa<FloatType>(type)
                       ? Attribute(FloatAttr::get(type, sum))
                       : Attribute(IntegerAttr::get(type, int64_t(sum))));
  }
  return sums;
}

static std::optional<Values> findValuesOf(Value tensor, size_t most,
                                          Known &known);

static std::optional<Values> valuesOf(Value tensor, size_t most, Known &known) {
  const std::pair<Value, unsigned> key(tensor, unsigned(most));
  if (auto it = known.find(key); it != known.end())
    return it->second;
  std::optional<Values> found = findValuesOf(tensor, most, known);
  known[key] = found;
  return found;
}

std::optional<Values> pumice::valuesOf(Value tensor, size_t most) {
  Known known;
  return ::valuesOf(tensor, most, known);
}

static std::optional<Values> findValuesOf(Value tensor, size_t most,
                                          Known &known) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return std::nullopt;
  auto orBoth = [&](std::optional<Values> found) -> std::optional<Values> {
    Type element = type.getElementType();
    if (found || !element.isInteger(1))
      return found;
    return Values{IntegerAttr::get(element, APInt(1, 0)),
                  IntegerAttr::get(element, APInt(1, 1))};
  };
  if (std::optional<ConstantData> data = ConstantData::find(tensor)) {
    Values values;
    const int64_t count = data->isSplat() ? 1 : data->size();
    for (int64_t i = 0; i < count; ++i) {
      Attribute value = ::elementOf(*data, i);
      if (!value)
        return std::nullopt;
      if (!llvm::is_contained(values, value)) {
        values.push_back(value);
        if (values.size() > most)
          return std::nullopt;
      }
    }
    return sorted(std::move(values), most);
  }
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return orBoth(std::nullopt);
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    Attribute constant;
    if (matchPattern(fill.getInputs()[0], m_Constant(&constant)))
      return Values{constant};
    return orBoth(std::nullopt);
  }
  // Extensions of whole tensors.
  if (isa<arith::ExtUIOp, arith::ExtSIOp>(op)) {
    std::optional<Values> narrow = ::valuesOf(op->getOperand(0), most, known);
    if (!narrow)
      return std::nullopt;
    Values wide;
    const unsigned width = type.getElementTypeBitWidth();
    for (Attribute value : *narrow) {
      const APInt bits = cast<IntegerAttr>(value).getValue();
      wide.push_back(IntegerAttr::get(
          type.getElementType(),
          isa<arith::ExtUIOp>(op) ? bits.zext(width) : bits.sext(width)));
    }
    return sorted(std::move(wide), most);
  }
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, linalg::TransposeOp,
          linalg::BroadcastOp, tensor::ExtractSliceOp>(op))
    return orBoth(::valuesOf(op->getOperand(0), most, known));
  if (auto generic = dyn_cast<linalg::GenericOp>(op);
      generic && isElementwiseMap(generic))
    return orBoth(valuesIn(generic,
                           generic.getBody()->getTerminator()->getOperand(
                               cast<OpResult>(tensor).getResultNumber()),
                           most, known));
  // A sum of terms with few values.
  if (auto generic = dyn_cast<linalg::GenericOp>(op);
      generic && generic.getNumReductionLoops() == 1 &&
      generic->getNumResults() == 1)
    return orBoth(valuesOfSum(generic, most, known));
  return orBoth(std::nullopt);
}

std::optional<Values> pumice::valuesOf(const ScalarNode &node, size_t most) {
  switch (node.kind) {
  case ScalarNode::constant:
    return Values{node.value};
  case ScalarNode::query:
  case ScalarNode::entry:
    return valuesOf(node.tensor, most);
  case ScalarNode::operation:
    break;
  }
  auto orBoth = [&](std::optional<Values> found) -> std::optional<Values> {
    Type type = node.op->getResult(node.result).getType();
    if (found || !type.isInteger(1))
      return found;
    return Values{IntegerAttr::get(type, APInt(1, 0)),
                  IntegerAttr::get(type, APInt(1, 1))};
  };
  SmallVector<Values> operands;
  for (auto [i, operand] : llvm::enumerate(node.operands)) {
    std::optional<Values> values = valuesOf(*operand, most);
    if (!values)
      return orBoth(std::nullopt);
    operands.push_back(std::move(*values));
  }
  if (isa<arith::SelectOp>(node.op)) {
    if (operands[0].size() == 1)
      return operands[numberOf(operands[0].front()) != 0 ? 1 : 2];
    operands[1].append(operands[2].begin(), operands[2].end());
    return sorted(std::move(operands[1]), most);
  }
  return orBoth(::valuesOf(node.op, node.result, operands, most));
}
