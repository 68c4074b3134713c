// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emits a search in the place of a sum over pairs and what reads it.
#include "dialects/PUM/PUM.h"
#include "lib/Transforms/AP/SearchPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-raise-searches"

using namespace mlir;
using namespace pumice;

namespace {

/// `value` with another shape of as many elements.
Value reshaped(OpBuilder &builder, Location loc, Value value,
               ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  if (type.getRank() != 1) {
    SmallVector<ReassociationIndices> all(1);
    for (int64_t i = 0; i < type.getRank(); ++i)
      all[0].push_back(i);
    if (type.getRank() == 0)
      value = tensor::ExpandShapeOp::create(
          builder, loc, RankedTensorType::get({1}, type.getElementType()),
          value, ArrayRef<ReassociationIndices>());
    else
      value = tensor::CollapseShapeOp::create(builder, loc, value, all);
    type = cast<RankedTensorType>(value.getType());
  }
  if (shape.size() == 1)
    return value;
  auto wanted = RankedTensorType::get(shape, type.getElementType());
  if (shape.empty())
    return tensor::CollapseShapeOp::create(builder, loc, wanted, value,
                                           ArrayRef<ReassociationIndices>());
  SmallVector<ReassociationIndices> all(1);
  for (size_t i = 0; i < shape.size(); ++i)
    all[0].push_back(i);
  return tensor::ExpandShapeOp::create(builder, loc, wanted, value, all);
}

/// An elementwise op on `inputs` of one shape.
Value elementwise(OpBuilder &builder, Location loc, ValueRange inputs,
                  ArrayRef<AffineMap> maps, RankedTensorType type,
                  function_ref<Value(OpBuilder &, ValueRange)> body) {
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                        type.getElementType());
  SmallVector<AffineMap> all(maps);
  all.push_back(builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, inputs, empty, all, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, body(b, args));
             })
      .getResult(0);
}

class Emitter {
public:
  explicit Emitter(const SearchPlan &plan) : plan(plan) {}

  void emit() {
    OpBuilder builder(plan.sum.op);
    Location loc = plan.sum.op->getLoc();
    Value keys = emitKeys(builder, loc);
    ElementsAttr table = words(builder);
    const int64_t queries = plan.sum.queries, rows = plan.sum.rows;
    const bool isBest = plan.kind == ap::SearchKind::best;
    const int64_t width = isBest ? plan.ranking->count : rows;
    const bool isWithin = plan.kind == ap::SearchKind::within;
    auto distances = RankedTensorType::get({queries, width},
                                           isWithin ? builder.getI8Type()
                                                    : builder.getI32Type());
    Type indices =
        isBest ? RankedTensorType::get({queries, width}, builder.getI64Type())
               : Type();
    auto search = ap::CamSearchOp::create(
        builder, loc, distances, indices, keys, table,
        ap::SearchKindAttr::get(builder.getContext(), plan.kind),
        builder.getI64IntegerAttr(plan.limit), ap::CamMappingAttr());
    if (plan.sum.op->hasAttr(pum::targetAttrName))
      search->setAttr(pum::targetAttrName,
                      plan.sum.op->getAttr(pum::targetAttrName));
    const AffineMap identity = builder.getMultiDimIdentityMap(2);
    auto mapped = [&](Type type, function_ref<Value(OpBuilder &, Value)> body) {
      return elementwise(
          builder, loc, search.getDistances(), identity,
          RankedTensorType::get({queries, width}, type),
          [&](OpBuilder &b, ValueRange args) { return body(b, args[0]); });
    };
    // [Q, width] -> the shape of `old`, whose words are at `wordDim`.
    auto replace = [&](Value old, Value value, int64_t wordDim) {
      if (!old)
        return;
      ArrayRef<int64_t> shape =
          cast<RankedTensorType>(old.getType()).getShape();
      int64_t behind = 1;
      for (int64_t i = wordDim + 1; i < int64_t(shape.size()); ++i)
        behind *= shape[i];
      const int64_t wide =
          cast<RankedTensorType>(value.getType()).getDimSize(1);
      if (behind > 1 && wide > 1) {
        value = reshaped(builder, loc, value, {queries / behind, behind, wide});
        Value empty = tensor::EmptyOp::create(
            builder, loc, {queries / behind, wide, behind}, elementOf(value));
        value = linalg::TransposeOp::create(builder, loc, value, empty,
                                            ArrayRef<int64_t>{0, 2, 1})
                    ->getResult(0);
      }
      old.replaceAllUsesWith(reshaped(builder, loc, value, shape));
    };
    const int64_t wordDim = plan.chain.wordDim;
    switch (plan.kind) {
    case ap::SearchKind::best: {
      replace(plan.ranking->indices, search.getIndices(), wordDim);
      Value values = plan.ranking->values;
      if (values && !values.use_empty())
        replace(values,
                mapped(elementOf(values),
                       [&](OpBuilder &b, Value distance) {
                         return plan.chain.emit(b, loc,
                                                sumOf(b, loc, distance));
                       }),
                wordDim);
      break;
    }
    case ap::SearchKind::within:
      replace(plan.chain.end,
              mapped(elementOf(plan.chain.end),
                     [&](OpBuilder &b, Value found) {
                       Value inside = arith::TruncIOp::create(
                           b, loc, b.getI1Type(), found);
                       return arith::SelectOp::create(
                                  b, loc, inside, constant(b, loc, plan.inside),
                                  constant(b, loc, plan.outside))
                           .getResult();
                     }),
              wordDim);
      break;
    case ap::SearchKind::distances:
      replace(plan.sum.op->getResult(0),
              mapped(elementOf(plan.sum.op->getResult(0)),
                     [&](OpBuilder &b, Value distance) {
                       return sumOf(b, loc, distance);
                     }),
              plan.sum.wordDim);
      break;
    }
    LDBG() << "raises the sum at " << loc << " to a search for "
           << ap::stringifySearchKind(plan.kind) << " with " << plan.code.cells
           << " cells for each element";
  }

private:
  static Type elementOf(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getElementType();
  }
  static Value constant(OpBuilder &builder, Location loc, Attribute value) {
    return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
  }

  /// offset + scale * distance, exactly.
  Value sumOf(OpBuilder &b, Location loc, Value distance) const {
    Type element = plan.sum.type().getElementType();
    const double offset = double(plan.sum.cells) * plan.code.offset;
    if (isa<FloatType>(element)) {
      Value value = arith::SIToFPOp::create(b, loc, element, distance);
      if (plan.code.scale != 1)
        value = arith::MulFOp::create(
            b, loc, value,
            constant(b, loc, FloatAttr::get(element, plan.code.scale)));
      if (offset != 0)
        value = arith::AddFOp::create(
            b, loc, value, constant(b, loc, FloatAttr::get(element, offset)));
      return value;
    }
    Value value = distance;
    if (element.getIntOrFloatBitWidth() > 32)
      value = arith::ExtSIOp::create(b, loc, element, value);
    else if (element.getIntOrFloatBitWidth() < 32)
      value = arith::TruncIOp::create(b, loc, element, value);
    if (plan.code.scale != 1)
      value = arith::MulIOp::create(
          b, loc, value,
          constant(b, loc,
                   IntegerAttr::get(element, int64_t(plan.code.scale))));
    if (offset != 0)
      value = arith::AddIOp::create(
          b, loc, value,
          constant(b, loc, IntegerAttr::get(element, int64_t(offset))));
    return value;
  }

  static Value emitNode(OpBuilder &b, Location loc, const ScalarNode &node,
                        ArrayRef<const ScalarNode *> tensors, ValueRange args) {
    if (node.kind == ScalarNode::constant)
      return constant(b, loc, node.value);
    if (node.kind == ScalarNode::query) {
      for (auto [i, other] : llvm::enumerate(tensors))
        if (other->tensor == node.tensor && other->roles == node.roles)
          return args[i];
    }
    IRMapping mapping;
    for (auto [operand, value] :
         llvm::zip(node.operands, node.op->getOperands()))
      mapping.map(value, emitNode(b, loc, *operand, tensors, args));
    return b.clone(*node.op, mapping)->getResult(node.result);
  }

  /// The keys, [Q, cells].
  Value emitKeys(OpBuilder &builder, Location loc) const {
    SmallVector<const ScalarNode *> tensors;
    queryTensorsOf(*plan.terms.query, tensors);
    const int64_t queries = plan.sum.queries, elements = plan.sum.cells;
    const int64_t cells = plan.code.cells;
    SmallVector<Value> inputs;
    for (const ScalarNode *node : tensors)
      inputs.push_back(
          reshaped(builder, loc, node->tensor, {queries, elements}));
    // The code of a symbol is a constant of its own if it has several cells.
    SmallVector<AffineMap> maps(
        inputs.size(), AffineMap::getMultiDimIdentityMap(cells > 1 ? 3 : 2,
                                                         builder.getContext()));
    SmallVector<int64_t> shape{queries, elements};
    if (cells > 1) {
      shape.push_back(cells);
      for (AffineMap &map : maps)
        map = map.dropResult(2);
      for (const std::vector<int8_t> &key : plan.code.keys) {
        inputs.push_back(arith::ConstantOp::create(
            builder, loc,
            DenseElementsAttr::get(
                RankedTensorType::get({cells}, builder.getI8Type()),
                ArrayRef(key))));
        maps.push_back(AffineMap::get(3, 0, builder.getAffineDimExpr(2)));
      }
    }
    auto type = RankedTensorType::get(shape, builder.getI8Type());
    Value keys = elementwise(
        builder, loc, inputs, maps, type,
        [&](OpBuilder &b, ValueRange args) -> Value {
          Value value = emitNode(b, loc, *plan.terms.query, tensors, args);
          auto keyOf = [&](size_t symbol) -> Value {
            if (cells > 1)
              return args[tensors.size() + symbol];
            return constant(b, loc,
                            b.getI8IntegerAttr(plan.code.keys[symbol][0]));
          };
          const size_t symbols = plan.terms.queryValues.size();
          Value key = keyOf(symbols - 1);
          for (size_t i = symbols - 1; i-- > 0;) {
            Value symbol = constant(b, loc, plan.terms.queryValues[i]);
            Value is =
                isa<FloatType>(value.getType())
                    ? arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                            value, symbol)
                          .getResult()
                    : arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                            value, symbol)
                          .getResult();
            key = arith::SelectOp::create(b, loc, is, keyOf(i), key);
          }
          return key;
        });
    return reshaped(builder, loc, keys, {queries, elements * cells});
  }

  ElementsAttr words(OpBuilder &builder) const {
    const int64_t cells = plan.code.cells;
    std::vector<int8_t> entries;
    entries.reserve(plan.terms.symbols.size() * cells);
    for (uint8_t symbol : plan.terms.symbols)
      llvm::append_range(entries, plan.code.words[symbol]);
    return DenseElementsAttr::get(
        RankedTensorType::get({plan.sum.rows, plan.sum.cells * cells},
                              builder.getI8Type()),
        ArrayRef(entries));
  }

  const SearchPlan &plan;
};

} // namespace

void pumice::emitSearch(const SearchPlan &plan) { Emitter(plan).emit(); }
