// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/ScalarGraph.h"

#include "lib/Support/ConstantData.h"
#include "lib/Transforms/AP/SearchCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace pumice;

/// Of which it is looked whether they are one.
static constexpr size_t mostValues = 16;

double pumice::numberOf(Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value))
    return number.getValueAsDouble();
  APInt bits = cast<IntegerAttr>(value).getValue();
  return bits.getBitWidth() == 1 ? double(bits.getZExtValue())
                                 : double(bits.getSExtValue());
}

Attribute pumice::foldOp(Operation *op, unsigned result,
                         ArrayRef<Attribute> operands) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return constant.getValue();
  if (op->getNumRegions() || !isPure(op))
    return {};
  // MLIR does not fold this one: small powers of integers are exact.
  if (auto power = dyn_cast<math::FPowIOp>(op)) {
    auto base = dyn_cast_if_present<FloatAttr>(operands[0]);
    auto exponent = dyn_cast_if_present<IntegerAttr>(operands[1]);
    if (!base || !exponent)
      return {};
    const double value =
        std::pow(base.getValueAsDouble(), double(exponent.getInt()));
    if (value != std::floor(value) || std::abs(value) >= double(1 << 24))
      return {};
    return FloatAttr::get(power.getType(), value);
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.size() <= result)
    return {};
  if (auto attr = dyn_cast<Attribute>(results[result]))
    return attr;
  auto value = cast<Value>(results[result]);
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (operand == value)
      return operands[i];
  return {};
}

ScalarNode *ScalarGraph::constantOf(Attribute value) {
  ScalarNode &node = nodes.emplace_back();
  node.value = value;
  return &node;
}

ScalarNode *ScalarGraph::operation(Operation *op, unsigned result,
                                   ArrayRef<ScalarNode *> operands) {
  ScalarNode &node = nodes.emplace_back();
  node.kind = ScalarNode::operation;
  node.op = op;
  node.result = result;
  node.operands.assign(operands.begin(), operands.end());
  for (const ScalarNode *operand : operands) {
    node.usesQuery |= operand->usesQuery;
    node.usesEntry |= operand->usesEntry;
  }
  return &node;
}

static bool isElementwise(linalg::GenericOp op) {
  return op.getNumLoops() == op.getNumParallelLoops() &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           return op.getMatchingIndexingMap(&init).isIdentity();
         });
}

/// Roles of the dimensions of an operand; nullopt if its map is more than a
/// projection.
static std::optional<SmallVector<Role>> rolesOf(AffineMap map,
                                                ArrayRef<Role> loops) {
  SmallVector<Role> roles;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      roles.push_back(loops[dim.getPosition()]);
    else if (auto zero = dyn_cast<AffineConstantExpr>(expr);
             zero && zero.getValue() == 0)
      roles.push_back({});
    else
      return std::nullopt;
  }
  return roles;
}

/// Roles of the dimensions of a reshape's source.
static std::optional<SmallVector<Role>> sourceRoles(Operation *reshape,
                                                    ArrayRef<Role> roles) {
  auto isUnit = [](Value tensor, int64_t dim) {
    return cast<RankedTensorType>(tensor.getType()).getDimSize(dim) == 1;
  };
  SmallVector<Role> result;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape)) {
    for (ArrayRef<int64_t> group : expand.getReassociationIndices()) {
      Role role;
      bool isKnown = false;
      for (int64_t dim : group) {
        if (isUnit(expand.getResult(), dim))
          continue;
        if (isKnown)
          return std::nullopt;
        role = roles[dim];
        isKnown = true;
      }
      result.push_back(role);
    }
    return result;
  }
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape);
  if (!collapse)
    return std::nullopt;
  for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices())) {
    bool isKnown = false;
    for (int64_t dim : group) {
      const bool unit = isUnit(collapse.getSrc(), dim);
      if (!unit && isKnown)
        return std::nullopt;
      isKnown |= !unit;
      result.push_back(unit ? Role{} : roles[i]);
    }
  }
  return result;
}

ScalarNode *ScalarGraph::elementOf(Value tensor, ArrayRef<Role> roles,
                                   std::string &why) {
  Attribute constant;
  if (!isa<RankedTensorType>(tensor.getType())) {
    if (matchPattern(tensor, m_Constant(&constant)))
      return constantOf(constant);
    why = "depends on positions or on scalars that are not constant";
    return nullptr;
  }
  if (matchPattern(tensor, m_Constant(&constant))) {
    ScalarNode &node = nodes.emplace_back();
    node.kind = ScalarNode::entry;
    node.tensor = tensor;
    node.roles.assign(roles.begin(), roles.end());
    node.usesEntry = true;
    return &node;
  }
  Operation *op = tensor.getDefiningOp();
  if (auto fill = dyn_cast_if_present<linalg::FillOp>(op)) {
    if (matchPattern(fill.getInputs()[0], m_Constant(&constant)))
      return constantOf(constant);
  }
  const bool isWord = llvm::any_of(
      roles, [](const Role &role) { return role.kind == Role::word; });
  auto asQuery = [&]() -> ScalarNode * {
    // What is always the same does not depend on the word.
    if (isWord) {
      if (auto values = valuesOf(tensor, mostValues);
          values && values->size() == 1)
        return constantOf(values->front());
      why = "compares queries with words that are not constant";
      return nullptr;
    }
    ScalarNode &node = nodes.emplace_back();
    node.kind = ScalarNode::query;
    node.tensor = tensor;
    node.roles.assign(roles.begin(), roles.end());
    node.usesQuery = true;
    return &node;
  };
  if (!isWord)
    return asQuery();
  if (isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    std::optional<SmallVector<Role>> source = sourceRoles(op, roles);
    if (!source)
      return asQuery();
    return elementOf(op->getOperand(0), *source, why);
  }
  if (auto transpose = dyn_cast_if_present<linalg::TransposeOp>(op)) {
    SmallVector<Role> source(roles.size());
    for (auto [i, from] : llvm::enumerate(transpose.getPermutation()))
      source[from] = roles[i];
    return elementOf(transpose.getInput(), source, why);
  }
  if (auto broadcast = dyn_cast_if_present<linalg::BroadcastOp>(op)) {
    SmallVector<Role> source;
    for (auto [i, role] : llvm::enumerate(roles))
      if (!llvm::is_contained(broadcast.getDimensions(), int64_t(i)))
        source.push_back(role);
    return elementOf(broadcast.getInput(), source, why);
  }
  if (auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
      generic && isElementwise(generic)) {
    const unsigned result = cast<OpResult>(tensor).getResultNumber();
    return valueOf(generic,
                   generic.getBody()->getTerminator()->getOperand(result),
                   roles, why);
  }
  return asQuery();
}

ScalarNode *ScalarGraph::valueOf(linalg::LinalgOp op, Value value,
                                 ArrayRef<Role> roles, std::string &why) {
  if (auto arg = dyn_cast<BlockArgument>(value);
      arg && arg.getOwner() == op.getBlock()) {
    if (arg.getArgNumber() >= op.getNumDpsInputs())
      return nullptr;
    OpOperand *operand = op.getDpsInputOperand(arg.getArgNumber());
    std::optional<SmallVector<Role>> own =
        rolesOf(op.getMatchingIndexingMap(operand), roles);
    if (!own)
      return nullptr;
    return elementOf(operand->get(), *own, why);
  }
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return constantOf(constant);
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op.getBlock() || isa<linalg::IndexOp>(def)) {
    why = "depends on positions or on scalars that are not constant";
    return nullptr;
  }
  SmallVector<ScalarNode *> operands;
  for (Value operand : def->getOperands()) {
    ScalarNode *node = valueOf(op, operand, roles, why);
    if (!node)
      return nullptr;
    operands.push_back(node);
  }
  return operation(def, cast<OpResult>(value).getResultNumber(), operands);
}

Attribute pumice::evaluate(const ScalarNode &node,
                           function_ref<Attribute(const ScalarNode &)> leaf) {
  if (Attribute known = leaf(node))
    return known;
  if (node.kind == ScalarNode::constant)
    return node.value;
  if (node.kind != ScalarNode::operation)
    return {};
  SmallVector<Attribute> operands;
  for (const ScalarNode *operand : node.operands) {
    Attribute value = evaluate(*operand, leaf);
    if (!value)
      return {};
    operands.push_back(value);
  }
  return foldOp(node.op, node.result, operands);
}

//===----------------------------------------------------------------------===//
// Sets of values
//===----------------------------------------------------------------------===//

using Values = SmallVector<Attribute>;

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

Attribute pumice::elementOf(Value constant, int64_t index) {
  std::optional<ConstantData> data = ConstantData::find(constant);
  if (!data)
    return {};
  const int64_t at = data->isSplat() ? 0 : index;
  Type type = data->elementType();
  if (type.isF32())
    return FloatAttr::get(type, double(data->stored<float>()[at]));
  if (type.isF64())
    return FloatAttr::get(type, data->stored<double>()[at]);
  if (auto integer = dyn_cast<IntegerType>(type)) {
    if (integer.getWidth() == 1)
      return IntegerAttr::get(integer, APInt(1, data->integer(at) & 1));
    return IntegerAttr::get(integer, data->integer(at));
  }
  return {};
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

static std::optional<Values> valuesIn(linalg::GenericOp op, Value value,
                                      size_t most) {
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
        pumice::valuesOf(op.getDpsInputs()[arg.getArgNumber()], most));
  }
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return isa<FloatAttr, IntegerAttr>(constant)
               ? std::optional(Values{constant})
               : std::nullopt;
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op.getBody())
    return orBoth(std::nullopt);
  if (auto select = dyn_cast<arith::SelectOp>(def)) {
    std::optional<Values> condition = valuesIn(op, select.getCondition(), most);
    if (condition && condition->size() == 1)
      return valuesIn(op,
                      numberOf(condition->front()) != 0
                          ? select.getTrueValue()
                          : select.getFalseValue(),
                      most);
    std::optional<Values> a = valuesIn(op, select.getTrueValue(), most);
    std::optional<Values> b = valuesIn(op, select.getFalseValue(), most);
    if (!a || !b)
      return orBoth(std::nullopt);
    a->append(b->begin(), b->end());
    return sorted(std::move(*a), most);
  }
  SmallVector<Values> operands;
  for (Value operand : def->getOperands()) {
    std::optional<Values> values = valuesIn(op, operand, most);
    if (!values)
      return orBoth(std::nullopt);
    operands.push_back(std::move(*values));
  }
  return orBoth(
      ::valuesOf(def, cast<OpResult>(value).getResultNumber(), operands, most));
}

/// The sum of equal terms, if it is exact whatever their order.
static std::optional<Values> valueOfSum(linalg::GenericOp op) {
  Block &body = *op.getBody();
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!isa_and_present<arith::AddFOp>(add) || !fill ||
      !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
    return std::nullopt;
  Value accumulator = body.getArguments().back();
  if (!llvm::is_contained(add->getOperands(), accumulator))
    return std::nullopt;
  Value term = add->getOperand(add->getOperand(0) == accumulator ? 1 : 0);
  std::optional<Values> values = valuesIn(op, term, mostValues);
  if (!values || values->size() != 1)
    return std::nullopt;
  int64_t count = 1;
  for (auto [size, kind] :
       llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      count = size;
  auto element = dyn_cast<FloatAttr>(values->front());
  if (!element || !element.getType().isF32() ||
      !areSumsExact({{element.getValueAsDouble()}}, count, 24))
    return std::nullopt;
  return Values{FloatAttr::get(element.getType(),
                               element.getValueAsDouble() * double(count))};
}

std::optional<Values> pumice::valuesOf(Value tensor, size_t most) {
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
      Attribute value = elementOf(tensor, i);
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
    std::optional<Values> narrow = valuesOf(op->getOperand(0), most);
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
    return orBoth(valuesOf(op->getOperand(0), most));
  if (auto generic = dyn_cast<linalg::GenericOp>(op);
      generic && isElementwise(generic))
    return orBoth(valuesIn(generic,
                           generic.getBody()->getTerminator()->getOperand(
                               cast<OpResult>(tensor).getResultNumber()),
                           most));
  // A sum of terms that are all the same.
  if (auto generic = dyn_cast<linalg::GenericOp>(op);
      generic && generic.getNumReductionLoops() == 1 &&
      generic->getNumResults() == 1)
    return orBoth(valueOfSum(generic));
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
