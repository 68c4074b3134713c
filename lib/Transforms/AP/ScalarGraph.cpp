// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/ScalarGraph.h"

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
  // MLIR does not fold this one: small powers of integers are exact, and a
  // square is a product.
  if (auto power = dyn_cast<math::FPowIOp>(op)) {
    auto base = dyn_cast_if_present<FloatAttr>(operands[0]);
    auto exponent = dyn_cast_if_present<IntegerAttr>(operands[1]);
    if (!base || !exponent)
      return {};
    if (exponent.getInt() == 2) {
      APFloat square = base.getValue();
      square.multiply(base.getValue(), APFloat::rmNearestTiesToEven);
      return FloatAttr::get(power.getType(), square);
    }
    const double value =
        std::pow(base.getValueAsDouble(), double(exponent.getInt()));
    if (value != std::floor(value) || std::abs(value) >= double(1 << 24))
      return {};
    return FloatAttr::get(power.getType(), value);
  }
  // Nor this one, where it rounds.
  if (auto narrow = dyn_cast<arith::TruncFOp>(op);
      narrow && !narrow.getRoundingmode()) {
    auto value = dyn_cast_if_present<FloatAttr>(operands[0]);
    auto type = dyn_cast<FloatType>(narrow.getType());
    if (!value || !type)
      return {};
    APFloat number = value.getValue();
    bool losesInfo;
    number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return FloatAttr::get(type, number);
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

bool pumice::isElementwiseMap(linalg::GenericOp op) {
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

bool ScalarGraph::hasTooMany(std::string &why) const {
  if (nodes.size() <= kMostNodes)
    return false;
  why = "it computes more than " + std::to_string(kMostNodes) +
        " values for each cell";
  return true;
}

ScalarNode *ScalarGraph::elementOf(Value tensor, ArrayRef<Role> roles,
                                   std::string &why) {
  if (hasTooMany(why))
    return nullptr;
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
  if (auto transpose = dyn_cast_if_present<linalg::TransposeOp>(op)) {
    SmallVector<Role> source(roles.size());
    for (auto [i, from] : llvm::enumerate(transpose.getPermutation()))
      source[from] = roles[i];
    return elementOf(transpose.getInput(), source, why);
  }
  if (!isWord)
    return asQuery();
  if (isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    std::optional<SmallVector<Role>> source = sourceRoles(op, roles);
    if (!source)
      return asQuery();
    return elementOf(op->getOperand(0), *source, why);
  }
  if (auto broadcast = dyn_cast_if_present<linalg::BroadcastOp>(op)) {
    SmallVector<Role> source;
    for (auto [i, role] : llvm::enumerate(roles))
      if (!llvm::is_contained(broadcast.getDimensions(), int64_t(i)))
        source.push_back(role);
    return elementOf(broadcast.getInput(), source, why);
  }
  if (auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
      generic && isElementwiseMap(generic)) {
    const unsigned result = cast<OpResult>(tensor).getResultNumber();
    return valueOf(generic,
                   generic.getBody()->getTerminator()->getOperand(result),
                   roles, why);
  }
  return asQuery();
}

ScalarNode *ScalarGraph::valueOf(linalg::LinalgOp op, Value value,
                                 ArrayRef<Role> roles, std::string &why) {
  if (hasTooMany(why))
    return nullptr;
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
