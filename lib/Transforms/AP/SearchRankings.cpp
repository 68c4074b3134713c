// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ConstantData.h"
#include "lib/Transforms/AP/SearchPatterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace pumice;

static Attribute numberAttr(Type type, double value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value);
  return IntegerAttr::get(type, int64_t(value));
}

/// Whether `value` is only compared, so that its order decides all results.
static bool isOnlyOrdered(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<arith::CmpFOp, arith::CmpIOp, arith::MinimumFOp,
               arith::MaximumFOp, arith::MinNumFOp, arith::MaxNumFOp,
               arith::MinSIOp, arith::MaxSIOp, arith::SelectOp,
               linalg::YieldOp>(user);
  });
}

/// Whether `map` is the identity without the result `dim`, or with 0 there.
static bool isWithout(AffineMap map, unsigned loops, int64_t dim) {
  AffineMap identity =
      AffineMap::getMultiDimIdentityMap(loops, map.getContext());
  if (map == identity.dropResult(dim))
    return true;
  SmallVector<AffineExpr> results(identity.getResults());
  results[dim] = getAffineConstantExpr(0, map.getContext());
  return map == AffineMap::get(loops, 0, results, map.getContext());
}

std::optional<Ranking> pumice::matchArgReduction(Value value, int64_t wordDim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 1 || !value.hasOneUse())
    return std::nullopt;
  OpOperand &use = *value.getUses().begin();
  auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!op || op.getNumDpsInputs() != 1 || !op.isDpsInput(&use) ||
      op.getNumReductionLoops() != 1 ||
      !op.getMatchingIndexingMap(&use).isIdentity() ||
      op.getIteratorTypesArray()[wordDim] != utils::IteratorType::reduction ||
      op.getNumDpsInits() > 2)
    return std::nullopt;
  for (OpOperand &init : op.getDpsInitsMutable())
    if (!isWithout(op.getMatchingIndexingMap(&init), op.getNumLoops(), wordDim))
      return std::nullopt;
  Block &body = *op.getBody();
  Type element = type.getElementType();
  const bool hasIndex = op.getNumDpsInits() == 2;
  if (body.getArgument(1).getType() != element ||
      (hasIndex && !body.getArgument(2).getType().isInteger(64)) ||
      !isOnlyOrdered(body.getArgument(0)) ||
      !isOnlyOrdered(body.getArgument(1)))
    return std::nullopt;
  // Three cases decide what it does: an element below, as and above the best.
  Builder builder(value.getContext());
  auto run = [&](double in, double best, double &found, int64_t &index) {
    SmallVector<Attribute> arguments{numberAttr(element, in),
                                     numberAttr(element, best)},
        results;
    if (hasIndex)
      arguments.push_back(builder.getI64IntegerAttr(3));
    if (!runBody(body, arguments, results, [&](linalg::IndexOp position) {
          return int64_t(position.getDim()) == wordDim
                     ? Attribute(builder.getIndexAttr(7))
                     : Attribute();
        }))
      return false;
    found = numberOf(results[0]);
    index = hasIndex ? int64_t(numberOf(results[1])) : in == found ? 7 : 3;
    return true;
  };
  double below, same, above;
  int64_t ifBelow, ifSame, ifAbove;
  if (!run(1, 2, below, ifBelow) || !run(2, 2, same, ifSame) ||
      !run(3, 2, above, ifAbove) || same != 2 || (hasIndex && ifSame != 3))
    return std::nullopt;
  Ranking ranking;
  if (below == 1 && above == 2 && ifBelow == 7 && ifAbove == 3)
    ranking.largest = false;
  else if (below == 2 && above == 3 && ifBelow == 3 && ifAbove == 7)
    ranking.largest = true;
  else
    return std::nullopt;
  Attribute limit = uniformConstant(op.getDpsInits()[0]);
  if (!limit || (hasIndex && !isFilledWithZero(op.getDpsInits()[1])))
    return std::nullopt;
  ranking.limits.push_back(limit);
  ranking.values = op->getResult(0);
  if (hasIndex)
    ranking.indices = op->getResult(1);
  return ranking;
}

/// A tensor that is read as if it had `shape`, such as one in blocks.
struct Shaped {
  Value value;
  SmallVector<int64_t> shape;

  explicit Shaped(Value value)
      : value(value),
        shape(cast<RankedTensorType>(value.getType()).getShape()) {}
  Shaped(Value value, ArrayRef<int64_t> shape) : value(value), shape(shape) {}
};

/// Whether `expanded` is `value` with one more dimension, of one element, at
/// `unitDim`.
static bool isExpansion(Value expanded, const Shaped &value, int64_t unitDim) {
  auto op = expanded.getDefiningOp<tensor::ExpandShapeOp>();
  if (!op || op.getSrc() != value.value)
    return false;
  SmallVector<int64_t> shape(value.shape);
  shape.insert(shape.begin() + unitDim, 1);
  return op.getResultType().getShape() == ArrayRef(shape);
}

/// Whether a constant [rows, columns] has the elements that `expected` says.
static bool holds(Value constant, ArrayRef<int64_t> shape,
                  function_ref<int64_t(int64_t, int64_t)> expected) {
  std::optional<ConstantData> data = ConstantData::find(constant);
  if (!data || data->size() != shape[0] * shape[1] ||
      !isa<IntegerType>(data->elementType()))
    return false;
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      if (data->integer(data->isSplat() ? 0 : i * shape[1] + j) !=
          expected(i, j))
        return false;
  return true;
}

/// The sum over the last dimension of `tensor`.
static Value sumOverLast(Value tensor) {
  if (!tensor.hasOneUse())
    return {};
  auto op = dyn_cast<linalg::GenericOp>(*tensor.getUsers().begin());
  if (!op || op.getNumDpsInputs() != 1 || op.getNumReductionLoops() != 1 ||
      op.getNumDpsInits() != 1 ||
      op.getIteratorTypesArray().back() != utils::IteratorType::reduction ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity() ||
      !isFilledWithZero(op.getDpsInits()[0]))
    return {};
  if (op.getMatchingIndexingMap(op.getDpsInitOperand(0)) !=
      AffineMap::getMultiDimIdentityMap(op.getNumLoops(), tensor.getContext())
          .dropResult(op.getNumLoops() - 1))
    return {};
  Block &body = *op.getBody();
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_present<arith::AddFOp, arith::AddIOp>(add) ||
      !llvm::is_contained(add->getOperands(), body.getArgument(0)) ||
      !llvm::is_contained(add->getOperands(), body.getArgument(1)))
    return {};
  return op->getResult(0);
}

/// Loops of an operand's dimensions; -1: a dimension of one element.
using Loops = SmallVector<int64_t, 4>;

/// The loops 0 .. count - 1, and those that follow.
static Loops loopsFrom(int64_t count, ArrayRef<int64_t> others) {
  Loops loops;
  for (int64_t i = 0; i < count; ++i)
    loops.push_back(i);
  llvm::append_range(loops, others);
  return loops;
}

/// The number of the input of `op` whose map has the results `loops`.
static std::optional<unsigned> inputWith(linalg::GenericOp op,
                                         ArrayRef<int64_t> loops,
                                         function_ref<bool(Value)> isWanted) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.getNumResults() != loops.size() || !isWanted(input->get()))
      continue;
    bool fits = true;
    for (auto [expr, loop] : llvm::zip(map.getResults(), loops)) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      const bool isOne = !dim || sizes[dim.getPosition()] == 1;
      fits &= (dim && int64_t(dim.getPosition()) == loop) ||
              (isOne && (loop < 0 || sizes[loop] == 1));
    }
    if (fits)
      return input->getOperandNumber();
  }
  return std::nullopt;
}

/// An op that only makes elements of [..., A, B] from its inputs.
static linalg::GenericOp pairsOp(Operation *reader, int64_t loops,
                                 unsigned mostInputs) {
  auto op = dyn_cast<linalg::GenericOp>(reader);
  if (!op || int64_t(op.getNumLoops()) != loops || op.getNumReductionLoops() ||
      op->getNumResults() != 1 || op.getNumDpsInputs() > mostInputs ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return {};
  return op;
}

/// The rank of each element in the last dimension of `value`: how many others
/// come before it. Sets whether the largest comes first.
static Value matchRank(const Shaped &value, bool &largest) {
  const int64_t leading = int64_t(value.shape.size()) - 1;
  const int64_t rows = value.shape.back();
  for (Operation *user : value.value.getUsers())
    for (Operation *reader : user->getUsers()) {
      auto op = pairsOp(reader, leading + 2, 3);
      if (!op || op.getNumDpsInputs() != 3)
        continue;
      auto other = inputWith(
          op, loopsFrom(leading, {-1, leading + 1}),
          [&](Value input) { return isExpansion(input, value, leading); });
      auto mine =
          inputWith(op, loopsFrom(leading, {leading, -1}), [&](Value input) {
            return isExpansion(input, value, leading + 1);
          });
      auto before = inputWith(op, {leading, leading + 1}, [&](Value input) {
        return holds(input, {rows, rows},
                     [](int64_t i, int64_t j) { return j < i; });
      });
      if (!other || !mine || !before)
        continue;
      Block &body = *op.getBody();
      Type element = body.getArgument(*mine).getType();
      if (!isOnlyOrdered(body.getArgument(*mine)) ||
          !isOnlyOrdered(body.getArgument(*other)) ||
          !body.getArgument(*before).getType().isInteger(1))
        continue;
      auto comesBefore = [&](double otherValue, double myValue,
                             bool isBefore) -> int {
        SmallVector<Attribute> arguments(4), results;
        arguments[*other] = numberAttr(element, otherValue);
        arguments[*mine] = numberAttr(element, myValue);
        arguments[*before] = IntegerAttr::get(
            body.getArgument(*before).getType(), APInt(1, isBefore));
        return runBody(body, arguments, results) ? int(numberOf(results[0]))
                                                 : -1;
      };
      bool isStable = true;
      for (bool isBefore : {false, true})
        isStable &= comesBefore(2, 2, isBefore) == int(isBefore);
      bool ascends = true, descends = true;
      for (bool isBefore : {false, true}) {
        ascends &= comesBefore(1, 2, isBefore) == 1 &&
                   comesBefore(2, 1, isBefore) == 0;
        descends &= comesBefore(1, 2, isBefore) == 0 &&
                    comesBefore(2, 1, isBefore) == 1;
      }
      if (!isStable || ascends == descends)
        continue;
      largest = descends;
      if (Value rank = sumOverLast(op->getResult(0)))
        return rank;
    }
  return {};
}

/// Whether the body of `op` compares arguments[at] with arguments[number], or
/// with 0 without a number, and yields that or selects by it.
static bool isComparison(linalg::GenericOp op, unsigned at,
                         std::optional<unsigned> number) {
  Block &body = *op.getBody();
  auto isNumber = [&](Value value) {
    return number ? value == body.getArgument(*number)
                  : matchPattern(value, m_Zero());
  };
  auto isWanted = [&](arith::CmpIOp compare) {
    if (compare.getPredicate() != arith::CmpIPredicate::eq)
      return false;
    Value a = compare.getLhs(), b = compare.getRhs();
    return (a == body.getArgument(at) && isNumber(b)) ||
           (b == body.getArgument(at) && isNumber(a));
  };
  auto compares = llvm::to_vector(body.getOps<arith::CmpIOp>());
  if (compares.size() != 1 || !isWanted(compares[0]))
    return false;
  for (unsigned argument : {at, number.value_or(at)})
    for (Operation *user : body.getArgument(argument).getUsers())
      if (user != compares[0])
        return false;
  Value yielded = body.getTerminator()->getOperand(0);
  auto select = yielded.getDefiningOp<arith::SelectOp>();
  return yielded == compares[0].getResult() ||
         (select && select.getCondition() == compares[0].getResult());
}

/// Whether the body of `op` yields select(condition, arguments[taken], 0),
/// where the condition is arguments[condition] or a comparison (see
/// isComparison).
static bool isSelection(linalg::GenericOp op, unsigned taken,
                        std::optional<unsigned> condition) {
  Block &body = *op.getBody();
  auto select =
      body.getTerminator()->getOperand(0).getDefiningOp<arith::SelectOp>();
  if (!select || select.getTrueValue() != body.getArgument(taken) ||
      !(matchPattern(select.getFalseValue(), m_Zero()) ||
        matchPattern(select.getFalseValue(), m_AnyZeroFloat())))
    return false;
  return condition ? select.getCondition() == body.getArgument(*condition)
                   : bool(select.getCondition().getDefiningOp<arith::CmpIOp>());
}

/// The first ones of the last dimension of `value`: their values, and those
/// numbers that `numbers` (of the shape of `value`) has for them, or their
/// positions if it is null.
static std::optional<Ranking> matchFirst(const Shaped &value, Value numbers) {
  const int64_t leading = int64_t(value.shape.size()) - 1;
  const int64_t rows = value.shape.back();
  const Loops each = loopsFrom(leading, {-1, leading + 1});
  Ranking ranking;
  Value rank = matchRank(value, ranking.largest);
  if (!rank)
    return std::nullopt;
  // select(rank[..., r] == number, r or value[..., r], 0), summed over r; the
  // comparison may be an op of its own.
  for (Operation *user : rank.getUsers())
    for (Operation *reader : user->getUsers()) {
      auto op = pairsOp(reader, leading + 2, 3);
      if (!op)
        continue;
      const int64_t count = cast<RankedTensorType>(op->getResult(0).getType())
                                .getDimSize(leading);
      auto at = inputWith(op, each, [&](Value input) {
        return isExpansion(input, Shaped(rank), leading);
      });
      auto number = inputWith(op, {leading, -1}, [&](Value input) {
        return holds(input, {count, 1}, [](int64_t i, int64_t) { return i; });
      });
      // The number of a single one is a constant of the body.
      if (number && number == at)
        number = std::nullopt;
      if (!at || (!number && count != 1) || !isComparison(op, *at, number))
        continue;
      auto take = [&](linalg::GenericOp selection,
                      std::optional<unsigned> condition) {
        auto element = inputWith(selection, each, [&](Value input) {
          return isExpansion(input, value, leading);
        });
        auto index =
            numbers ? inputWith(selection, each,
                                [&](Value input) {
                                  return isExpansion(input, Shaped(numbers),
                                                     leading);
                                })
                    : inputWith(selection, {leading + 1}, [&](Value input) {
                        return holds(input, {1, rows},
                                     [](int64_t, int64_t j) { return j; });
                      });
        if (!index && !element)
          return;
        const unsigned taken = index ? *index : *element;
        if (!isSelection(selection, taken, condition))
          return;
        if (Value sum = sumOverLast(selection->getResult(0))) {
          ranking.count = count;
          (index ? ranking.indices : ranking.values) = sum;
        }
      };
      if (!op->getResult(0).getType().isInteger(1) &&
          op.getNumDpsInputs() == (number ? 3u : 2u)) {
        take(op, std::nullopt);
        continue;
      }
      for (Operation *chosen : op->getResult(0).getUsers()) {
        auto selection = pairsOp(chosen, leading + 2, 2);
        if (!selection || selection.getNumDpsInputs() != 2)
          continue;
        if (auto condition = inputWith(
                selection, loopsFrom(leading + 2, {}),
                [&](Value input) { return input == op->getResult(0); }))
          take(selection, condition);
      }
    }
  if (!ranking.indices && !ranking.values)
    return std::nullopt;
  return ranking;
}

/// `value` with more elements at the end of its last dimension that come last
/// in a ranking, if `op` adds such.
static Value paddedBy(Operation *op, Value value, bool largest) {
  auto pad = dyn_cast<tensor::PadOp>(op);
  if (!pad || pad.getSource() != value || !pad.getConstantPaddingValue())
    return {};
  const int64_t last = pad.getSourceType().getRank() - 1;
  for (int64_t i = 0; i <= last; ++i)
    if (pad.getStaticLow()[i] != 0 || (i < last && pad.getStaticHigh()[i] != 0))
      return {};
  Attribute padding;
  if (!matchPattern(pad.getConstantPaddingValue(), m_Constant(&padding)))
    return {};
  if (auto number = dyn_cast<FloatAttr>(padding)) {
    const double found = number.getValueAsDouble();
    return (largest ? std::isinf(found) && found < 0
                    : std::isnan(found) || (std::isinf(found) && found > 0))
               ? pad.getResult()
               : Value();
  }
  const APInt found = cast<IntegerAttr>(padding).getValue();
  return (largest ? found.isMinSignedValue() : found.isMaxSignedValue())
             ? pad.getResult()
             : Value();
}

/// The only user of `value`, if it collapses its last two dimensions.
static Value collapsedLast(Value value) {
  auto op = value.hasOneUse()
                ? dyn_cast<tensor::CollapseShapeOp>(*value.user_begin())
                : tensor::CollapseShapeOp();
  if (!op)
    return {};
  SmallVector<int64_t> shape(op.getSrcType().getShape());
  const int64_t last = shape.pop_back_val();
  shape.back() *= last;
  return op.getResultType().getShape() == ArrayRef(shape) ? op.getResult()
                                                          : Value();
}

/// Numbers of elements in blocks of `size`, as numbers of all elements.
static Value withOffsets(Value indices, int64_t size) {
  auto op = indices && indices.hasOneUse()
                ? dyn_cast<linalg::GenericOp>(*indices.user_begin())
                : linalg::GenericOp();
  if (!op || op.getNumReductionLoops() || op.getNumDpsInputs() != 2 ||
      op->getResult(0).getType() != indices.getType() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return {};
  const int64_t rank = op.getNumLoops();
  const int64_t blocks = op.getStaticLoopRanges()[rank - 2];
  auto isOffset = [&](Value input) {
    return holds(input, {blocks, 1},
                 [&](int64_t i, int64_t) { return i * size; });
  };
  auto own = inputWith(op, loopsFrom(rank, {}),
                       [&](Value input) { return input == indices; });
  auto offset = inputWith(op, {rank - 2, -1}, isOffset);
  if (!offset)
    offset = inputWith(op, {rank - 2}, isOffset);
  Block &body = *op.getBody();
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddIOp>();
  if (!own || !offset || !add ||
      !llvm::is_contained(add->getOperands(), body.getArgument(*own)) ||
      !llvm::is_contained(add->getOperands(), body.getArgument(*offset)))
    return {};
  return op->getResult(0);
}

std::optional<Ranking> pumice::matchTopK(Value value, int64_t wordDim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 1 || wordDim + 1 != type.getRank())
    return std::nullopt;
  if (auto ranking = matchFirst(Shaped(value), {}))
    return ranking;
  // Blocks: the first ones of each, and of those the first ones.
  Value all = value;
  if (value.hasOneUse() && isa<tensor::PadOp>(*value.user_begin()))
    all = (*value.user_begin())->getResult(0);
  // Reads of [..., blocks, size] as [..., blocks, 1, size].
  SmallVector<int64_t> shape;
  for (Operation *user : all.getUsers()) {
    auto expand = dyn_cast<tensor::ExpandShapeOp>(user);
    if (!expand || expand.getResultType().getRank() != type.getRank() + 2)
      return std::nullopt;
    ArrayRef<int64_t> found = expand.getResultType().getShape();
    if (found[type.getRank()] == 1) {
      shape.assign(found.begin(), found.end());
      shape.erase(shape.begin() + type.getRank());
    }
  }
  if (shape.empty())
    return std::nullopt;
  const int64_t size = shape.back();
  auto inBlocks = matchFirst(Shaped(all, shape), {});
  if (!inBlocks || !inBlocks->values)
    return std::nullopt;
  if (all != value &&
      paddedBy(all.getDefiningOp(), value, inBlocks->largest) != all)
    return std::nullopt;
  Value candidates = collapsedLast(inBlocks->values);
  Value numbers = withOffsets(inBlocks->indices, size);
  if (numbers)
    numbers = collapsedLast(numbers);
  // Without numbers, only values are read.
  if (!candidates || (inBlocks->indices && !numbers))
    return std::nullopt;
  auto ranking = matchFirst(Shaped(candidates), numbers);
  if (!ranking || ranking->largest != inBlocks->largest ||
      ranking->count > inBlocks->count || (ranking->indices && !numbers))
    return std::nullopt;
  return ranking;
}
