// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "dialects/PUM/Reason.h"
#include "lib/Device/Device.h"
#include "lib/Model/Cam/Search.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/SearchPatterns.h"
#include "lib/Transforms/AP/Searches.h"
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-raise-searches"

namespace pumice {
#define GEN_PASS_DEF_APRAISESEARCHES
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

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

/// How the device does a search, decided before anything is changed.
struct Plan {
  PairSum sum;
  PairTerms terms;
  SearchCode code;
  ValueChain chain; ///< between the sum and what is ranked or compared
  ap::SearchKind kind = ap::SearchKind::distances;
  int64_t limit = 0;
  std::optional<Ranking> ranking; ///< of `best`
  Attribute inside, outside;      ///< values of `within`
};

class Raiser {
public:
  Raiser(PairSum sum, const model::CamSpec &cam) : cam(cam) {
    plan.sum = std::move(sum);
  }

  /// Whether the sum becomes a search; otherwise `why` gives the reason, or is
  /// empty for products that nothing searches.
  bool decide(std::string &why) {
    // What the sum is read by, whatever its terms are.
    plan.chain = chainFrom(plan.sum.op->getResult(0), plan.sum.wordDim);
    const bool isCondition = plan.sum.kind != PairSum::Kind::sum;
    if (!isCondition) {
      plan.ranking = matchArgReduction(plan.chain.end, plan.chain.wordDim);
      if (!plan.ranking)
        plan.ranking = matchTopK(plan.chain.end, plan.chain.wordDim);
    }
    const bool isSearched =
        plan.ranking || cast<RankedTensorType>(plan.chain.end.getType())
                            .getElementType()
                            .isInteger(1);
    if (plan.sum.isProduct && !isSearched)
      return false;
    auto terms = readTerms(plan.sum, why);
    if (!terms) {
      // A product of anything with anything is a layer.
      if (plan.sum.isProduct && !hasFewWords())
        why.clear();
      return false;
    }
    plan.terms = std::move(*terms);
    Type element = plan.sum.type().getElementType();
    const int precision = element.isF32()   ? 24
                          : element.isF64() ? 53
                          : isCondition     ? 53 // nothing is added up
                          : isa<IntegerType>(element)
                              ? int(element.getIntOrFloatBitWidth()) - 1
                              : 0;
    if (!areSumsExact(plan.terms.terms, plan.sum.cells,
                      std::min(precision, 53))) {
      why = "its sums are not exact, whatever their order";
      return false;
    }
    std::string whyDistances;
    if (plan.ranking && !checkBest(whyDistances))
      plan.ranking.reset();
    if (plan.ranking) {
      plan.kind = ap::SearchKind::best;
      return true;
    }
    for (int sign : {1, -1})
      if (findCode(sign) && decideWithin())
        return true;
    why = whyDistances;
    for (int sign : {1, -1})
      if (!plan.sum.isProduct && !isCondition && findCode(sign)) {
        plan.kind = ap::SearchKind::distances;
        return true;
      }
    if (why.empty())
      why = "its terms are not distances of cells: no code of up to 3 cells, "
            "no thermometer code and no one-hot code gives them";
    return false;
  }

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

  /// Whether the words hold a few values, as those of a search do.
  bool hasFewWords() const {
    for (Value input : linalg::LinalgOp(plan.sum.op).getDpsInputs())
      if (auto values = valuesOf(input, 4))
        return true;
    return false;
  }

  bool findCode(int sign) {
    SmallVector<double> queries =
        llvm::map_to_vector(plan.terms.queryValues,
                            [](Attribute value) { return numberOf(value); });
    auto code =
        findSearchCode(plan.terms.terms, queries, plan.terms.wordValues, sign);
    if (!code)
      return false;
    plan.code = std::move(*code);
    return true;
  }

  int64_t mostDistance() const { return plan.sum.cells * plan.code.cells; }

  /// What the chain makes of a distance.
  Attribute valueAt(int64_t distance) const {
    const double sum = double(plan.sum.cells) * plan.code.offset +
                       plan.code.scale * double(distance);
    Type element = plan.sum.type().getElementType();
    Attribute value;
    if (plan.sum.kind != PairSum::Kind::sum)
      value = IntegerAttr::get(
          element,
          APInt(1, (sum == 0) == (plan.sum.kind == PairSum::Kind::all)));
    else if (isa<FloatType>(element))
      value = FloatAttr::get(element, sum);
    else
      value = IntegerAttr::get(element, int64_t(sum));
    return plan.chain.apply(value);
  }

  /// The nearest words are the ranked ones: the ranked values are a strictly
  /// monotone function of the distance.
  bool checkBest(std::string &why) {
    const Ranking &ranking = *plan.ranking;
    if (ranking.count > cam.bestMatches) {
      why = "it ranks " + std::to_string(ranking.count) +
            " best matches, but the periphery ranks at most " +
            std::to_string(cam.bestMatches);
      return false;
    }
    for (int sign : {1, -1}) {
      if (!findCode(sign))
        continue;
      double before = 0;
      bool isMonotone = true;
      for (int64_t d = 0; d <= mostDistance() && isMonotone; ++d) {
        Attribute value = valueAt(d);
        if (!value || !isa<FloatAttr, IntegerAttr>(value)) {
          isMonotone = false;
          break;
        }
        const double number = numberOf(value);
        isMonotone =
            !std::isnan(number) &&
            (d == 0 || (ranking.largest ? number < before : number > before));
        // The first element must beat what the reduction starts with.
        for (Attribute limit : ranking.limits)
          isMonotone &= ranking.largest ? number > numberOf(limit)
                                        : number < numberOf(limit);
        before = number;
      }
      if (isMonotone)
        return true;
      why =
          "what is ranked is not a strictly monotone function of the distance";
    }
    return false;
  }

  /// Whether the chain has one value up to some distance and another beyond.
  bool decideWithin() {
    // As long a chain as still has two values: what follows stays.
    if (plan.chain.steps.empty() && plan.sum.kind == PairSum::Kind::sum)
      return false;
    int64_t last = -1;
    const Attribute inside = valueAt(0);
    const Attribute outside = valueAt(mostDistance());
    if (!inside || !outside || inside == outside)
      return false;
    for (int64_t d = 0; d <= mostDistance(); ++d) {
      Attribute value = valueAt(d);
      if (value != inside && value != outside)
        return false;
      if (value == inside) {
        if (last != d - 1)
          return false;
        last = d;
      }
    }
    plan.kind = ap::SearchKind::within;
    plan.limit = last;
    plan.inside = inside;
    plan.outside = outside;
    return true;
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

  /// The tensors that a part of the term reads, each once.
  static void tensorsOf(const ScalarNode &node,
                        SmallVectorImpl<const ScalarNode *> &found) {
    if (node.kind == ScalarNode::query &&
        llvm::none_of(found, [&](const ScalarNode *other) {
          return other->tensor == node.tensor && other->roles == node.roles;
        }))
      found.push_back(&node);
    for (const ScalarNode *operand : node.operands)
      tensorsOf(*operand, found);
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

public:
  /// Whether the query's tensors are in the order of queries and cells; `why`
  /// has the reason if not.
  bool checkQuery(std::string &why) const {
    SmallVector<const ScalarNode *> tensors;
    tensorsOf(*plan.terms.query, tensors);
    for (const ScalarNode *node : tensors) {
      unsigned next = 0;
      bool isCell = false, isInOrder = true;
      auto type = cast<RankedTensorType>(node->tensor.getType());
      for (auto [i, role] : llvm::enumerate(node->roles)) {
        if (role.kind == Role::none) {
          isInOrder &= type.getDimSize(i) == 1;
          continue;
        }
        isInOrder &= !isCell;
        if (role.kind == Role::cell) {
          isCell = true;
          continue;
        }
        // Dimensions of one query may be missing.
        while (next < role.number && plan.sum.querySizes[next] == 1)
          ++next;
        isInOrder &= role.number == next++;
      }
      isInOrder &= type.getNumElements() == plan.sum.queries * plan.sum.cells;
      if (!isInOrder || (!isCell && plan.sum.cells > 1)) {
        why = "its queries are not rows of a tensor";
        return false;
      }
    }
    return true;
  }

  /// Whether the memories can do the search; otherwise `why` has the numbers.
  bool checkFit(std::string &why) const {
    model::SearchSpec spec;
    spec.kind = searchKindOf(plan.kind);
    spec.queries = plan.sum.queries;
    spec.rows = plan.sum.rows;
    spec.bits = plan.sum.cells * plan.code.cells;
    spec.limit = plan.limit;
    spec.count = plan.ranking ? plan.ranking->count : 0;
    auto isMasked = [](const std::vector<int8_t> &word) {
      return llvm::is_contained(word, int8_t(2));
    };
    if (!cam.ternary && llvm::any_of(plan.code.words, isMasked)) {
      why = "it stores words with \"don't care\", but cells are binary";
      return false;
    }
    llvm::Expected<model::SearchMapping> mapping =
        model::mapSearch(cam, spec, model::SearchGoal::latency);
    if (mapping)
      return true;
    why = "it " + llvm::toString(mapping.takeError());
    return false;
  }

private:
  /// The keys, [Q, cells].
  Value emitKeys(OpBuilder &builder, Location loc) const {
    SmallVector<const ScalarNode *> tensors;
    tensorsOf(*plan.terms.query, tensors);
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

  const model::CamSpec &cam;
  Plan plan;
};

struct APRaiseSearchesPass
    : pumice::impl::APRaiseSearchesBase<APRaiseSearchesPass> {
  using APRaiseSearchesBase::APRaiseSearchesBase;

  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    if (!device || !hasCams(device))
      return;
    FailureOr<SmallVector<TargetChoice>> choices =
        readTargetChoices(getOperation(), targets, device);
    if (failed(choices))
      return signalPassFailure();
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    llvm::DenseSet<Operation *> erased;
    reasons.clear();
    for (linalg::LinalgOp op : ops)
      if (!erased.contains(op))
        raise(op, device, *choices, erased);
    for (const TargetChoice &choice : *choices) {
      auto left = reasons.find(choice.text);
      if (choice.isUsed || left == reasons.end())
        continue;
      left->second.first->emitError("cannot be assigned to ")
          << stringifyLayerTarget(choice.target)
          << " as targets asks: " << left->second.second;
      return signalPassFailure();
    }
  }

private:
  void raise(linalg::LinalgOp op, pum::DeviceAttr device,
             MutableArrayRef<TargetChoice> choices,
             llvm::DenseSet<Operation *> &erased) {
    const std::string name = namesOf(op->getLoc()).layer;
    TargetChoice *choice = findTargetChoice(choices, name);
    if (choice && choice->target != LayerTarget::cam)
      return;
    ScalarGraph graph;
    std::string why;
    std::optional<PairSum> sum = matchPairSum(op, graph, why);
    if (sum) {
      const StringRef group = choice ? StringRef(choice->group) : "";
      const model::CamSpec cam = *camsOf(device, group);
      Raiser raiser(std::move(*sum), cam);
      if (raiser.decide(why) && raiser.checkQuery(why) &&
          raiser.checkFit(why)) {
        if (choice)
          choice->isUsed = true;
        if (choice && !choice->group.empty())
          op->setAttr(pum::targetAttrName,
                      pum::TargetAttr::get(&getContext(), LayerTarget::cam,
                                           choice->group));
        raiser.emit();
        ++numSearches;
        if (!why.empty())
          op->emitRemark("is ranked on the digital unit: ") << why;
        eraseDead(erased);
        return;
      }
    }
    if (why.empty())
      return;
    if (choice && choice->isExact) {
      reasons[choice->text] = {op, why};
      return;
    }
    LDBG() << "leaves the sum at " << op->getLoc() << ": " << why;
    op->emitRemark("is not a search of stored words: ") << why;
    op->setAttr(pum::reasonAttrName,
                StringAttr::get(&getContext(),
                                "it is not a search of stored words: " + why));
    ++numLeft;
  }

  /// Why nothing of a layer that a choice names in full became a search.
  llvm::StringMap<std::pair<Operation *, std::string>> reasons;

  /// Erases what nothing reads any more, and so on.
  void eraseDead(llvm::DenseSet<Operation *> &erased) {
    bool isChanged = true;
    while (isChanged) {
      isChanged = false;
      SmallVector<Operation *> dead;
      getOperation().walk([&](Operation *op) {
        if (op->getParentOp() == getOperation() && op->use_empty() &&
            isOpTriviallyDead(op))
          dead.push_back(op);
      });
      for (Operation *op : dead) {
        erased.insert(op);
        op->erase();
        isChanged = true;
      }
    }
  }
};

} // namespace
