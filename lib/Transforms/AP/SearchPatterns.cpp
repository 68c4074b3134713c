// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/SearchPatterns.h"

#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace pumice;

/// More symbols of words or queries are not looked at.
static constexpr size_t mostSymbols = 64;

RankedTensorType PairSum::type() const {
  return cast<RankedTensorType>(linalg::LinalgOp(op)->getResult(0).getType());
}

static void visit(const ScalarNode &node,
                  function_ref<void(const ScalarNode &)> callback) {
  callback(node);
  for (const ScalarNode *operand : node.operands)
    visit(*operand, callback);
}

static bool isFilledWithZero(Value tensor) {
  auto fill = tensor.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
                  matchPattern(fill.getInputs()[0], m_Zero()));
}

std::optional<PairSum> pumice::matchPairSum(linalg::LinalgOp op,
                                            ScalarGraph &graph,
                                            std::string &why) {
  if (op.getNumReductionLoops() != 1 || op->getNumResults() != 1 ||
      op.getNumParallelLoops() + 1 != op.getNumLoops() ||
      !op.hasPureTensorSemantics())
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getRank() < 1)
    return std::nullopt;
  OpOperand *init = op.getDpsInitOperand(0);
  AffineMap map = op.getMatchingIndexingMap(init);
  if (!map.isProjectedPermutation() || !isFilledWithZero(init->get()))
    return std::nullopt;
  // The sum of the body.
  Block *body = op.getBlock();
  Value yielded = body->getTerminator()->getOperand(0);
  Operation *add = yielded.getDefiningOp();
  if (!isa_and_present<arith::AddFOp, arith::AddIOp>(add))
    return std::nullopt;
  const auto isAccumulator = [&](Value value) {
    return value == body->getArguments().back();
  };
  Value term;
  if (isAccumulator(add->getOperand(1)))
    term = add->getOperand(0);
  else if (isAccumulator(add->getOperand(0)))
    term = add->getOperand(1);
  else
    return std::nullopt;
  PairSum sum;
  sum.op = op;
  SmallVector<Role> roles(op.getNumLoops());
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [i, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction) {
      roles[i].kind = Role::cell;
      sum.cells = sizes[i];
    }
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    const unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (i + 1 == map.getNumResults()) {
      roles[loop].kind = Role::word;
      sum.rows = sizes[loop];
      continue;
    }
    roles[loop] = {Role::query, unsigned(i)};
    sum.querySizes.push_back(sizes[loop]);
    sum.queries *= sizes[loop];
  }
  std::string whyNot;
  sum.term = graph.valueOf(op, term, roles, whyNot);
  sum.isProduct = !isa<linalg::GenericOp>(op);
  if (!sum.term || !sum.term->usesQuery || !sum.term->usesEntry)
    return std::nullopt;
  // Words are a table: a constant that depends on the word and on the cell.
  bool hasTable = false;
  visit(*sum.term, [&](const ScalarNode &node) {
    auto has = [&](Role::Kind kind) {
      return llvm::any_of(node.roles,
                          [&](const Role &role) { return role.kind == kind; });
    };
    hasTable |= node.kind == ScalarNode::entry &&
                (has(Role::word) || sum.rows == 1) &&
                (has(Role::cell) || sum.cells == 1);
  });
  if (!hasTable)
    return std::nullopt;
  if (sum.queries < 1 || sum.rows < 1 || sum.cells < 1) {
    why = "it has no queries, words or cells";
    return std::nullopt;
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------===//

static bool isSame(const ScalarNode &a, const ScalarNode &b) {
  if (a.kind != b.kind)
    return false;
  if (a.kind == ScalarNode::operation)
    return a.op == b.op && a.result == b.result;
  return a.tensor == b.tensor && a.roles == b.roles && a.value == b.value;
}

/// The largest nodes for which `isWanted` holds, each once.
static void collect(const ScalarNode &node,
                    function_ref<bool(const ScalarNode &)> isWanted,
                    SmallVectorImpl<const ScalarNode *> &found) {
  if (isWanted(node)) {
    if (llvm::none_of(found, [&](const ScalarNode *other) {
          return isSame(node, *other);
        }))
      found.push_back(&node);
    return;
  }
  for (const ScalarNode *operand : node.operands)
    collect(*operand, isWanted, found);
}

/// Positions of the elements that words read of a constant.
static std::optional<std::vector<int64_t>> stridesOf(const ScalarNode &entry) {
  auto type = cast<RankedTensorType>(entry.tensor.getType());
  int64_t word = 0, cell = 0, stride = 1;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    switch (entry.roles[i].kind) {
    case Role::word:
      word += stride;
      break;
    case Role::cell:
      cell += stride;
      break;
    case Role::query:
      return std::nullopt;
    case Role::none:
      break;
    }
    stride *= type.getDimSize(i);
  }
  return std::vector<int64_t>{word, cell};
}

std::optional<PairTerms> pumice::readTerms(const PairSum &sum,
                                           std::string &why) {
  PairTerms result;
  SmallVector<const ScalarNode *> queries, entries;
  collect(
      *sum.term,
      [](const ScalarNode &node) { return node.usesQuery && !node.usesEntry; },
      queries);
  collect(
      *sum.term,
      [](const ScalarNode &node) { return node.kind == ScalarNode::entry; },
      entries);
  if (queries.size() != 1) {
    why = "its terms read a query in more than one way";
    return std::nullopt;
  }
  result.query = queries.front();
  auto values = valuesOf(*result.query, mostSymbols);
  if (!values) {
    why =
        "its queries are not known to hold a few values only, such as -1 and 1";
    return std::nullopt;
  }
  result.queryValues = std::move(*values);

  // Symbols of words: the tuples of constants that a term reads.
  struct Source {
    ConstantData data;
    int64_t word, cell;
  };
  SmallVector<Source> sources;
  for (const ScalarNode *entry : entries) {
    std::optional<ConstantData> data = ConstantData::find(entry->tensor);
    std::optional<std::vector<int64_t>> strides = stridesOf(*entry);
    if (!data || !strides) {
      why = "its words have no data";
      return std::nullopt;
    }
    const bool splat = data->isSplat();
    sources.push_back({std::move(*data), splat ? 0 : (*strides)[0],
                       splat ? 0 : (*strides)[1]});
  }
  std::vector<SmallVector<uint64_t, 2>> symbols;
  std::vector<SmallVector<int64_t, 2>> firsts; ///< element of each source
  result.symbols.resize(sum.rows * sum.cells);
  SmallVector<uint64_t, 2> tuple(sources.size());
  size_t last = 0;
  for (int64_t r = 0; r < sum.rows; ++r)
    for (int64_t k = 0; k < sum.cells; ++k) {
      for (auto [i, source] : llvm::enumerate(sources)) {
        const int64_t at = r * source.word + k * source.cell;
        uint64_t bits = 0;
        std::memcpy(&bits,
                    source.data.bytes().data() + at * source.data.width(),
                    size_t(source.data.width()));
        tuple[i] = bits;
      }
      if (symbols.empty() || symbols[last] != tuple) {
        last = llvm::find(symbols, tuple) - symbols.begin();
        if (last == symbols.size()) {
          if (symbols.size() == mostSymbols) {
            why = "its words hold more than " + std::to_string(mostSymbols) +
                  " different values";
            return std::nullopt;
          }
          symbols.push_back(tuple);
          firsts.push_back(
              llvm::map_to_vector<2>(sources, [&](const Source &source) {
                return r * source.word + k * source.cell;
              }));
        }
      }
      result.symbols[r * sum.cells + k] = uint8_t(last);
    }

  for (size_t s = 0; s < symbols.size() && entries.size() == 1; ++s)
    result.wordValues.push_back(
        numberOf(elementOf(entries[0]->tensor, firsts[s][0])));
  for (Attribute query : result.queryValues) {
    std::vector<double> &row = result.terms.emplace_back();
    for (size_t s = 0; s < symbols.size(); ++s) {
      Attribute term = evaluate(*sum.term, [&](const ScalarNode &node) {
        if (isSame(node, *result.query))
          return query;
        for (auto [i, entry] : llvm::enumerate(entries))
          if (isSame(node, *entry))
            return elementOf(entry->tensor, firsts[s][i]);
        return Attribute();
      });
      if (!term) {
        why = "its terms hold an operation that cannot be evaluated";
        return std::nullopt;
      }
      row.push_back(numberOf(term));
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

/// The constant that all elements of a tensor, or a scalar, are.
static Attribute uniformConstant(Value value) {
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)) &&
      isa<FloatAttr, IntegerAttr>(constant))
    return constant;
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return uniformConstant(fill.getInputs()[0]);
  std::optional<ConstantData> data = ConstantData::find(value);
  if (data && (data->isSplat() || data->size() == 1))
    return elementOf(value, 0);
  return {};
}

ValueChain pumice::chainFrom(Value start) {
  ValueChain chain;
  chain.end = start;
  while (chain.end.hasOneUse()) {
    OpOperand &use = *chain.end.getUses().begin();
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

/// The results of a body on constants; arguments without a value are null.
static bool runBody(Block &body, ArrayRef<Attribute> arguments,
                    SmallVectorImpl<Attribute> &results,
                    function_ref<Attribute(linalg::IndexOp)> index = nullptr) {
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
    for (Operation &inner : op.getBody()->without_terminator())
      builder.clone(inner, mapping);
    value =
        mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0));
  }
  return value;
}

//===----------------------------------------------------------------------===//
// Rankings
//===----------------------------------------------------------------------===//

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

std::optional<Ranking> pumice::matchArgReduction(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 1 || !value.hasOneUse())
    return std::nullopt;
  OpOperand &use = *value.getUses().begin();
  auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!op || op.getNumDpsInputs() != 1 || !op.isDpsInput(&use) ||
      op.getNumReductionLoops() != 1 ||
      !op.getMatchingIndexingMap(&use).isIdentity() ||
      op.getIteratorTypesArray().back() != utils::IteratorType::reduction ||
      op.getNumDpsInits() > 2)
    return std::nullopt;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (map.getNumResults() + 1 != op.getNumLoops() ||
        map != AffineMap::getMultiDimIdentityMap(op.getNumLoops(),
                                                 value.getContext())
                   .dropResult(op.getNumLoops() - 1))
      return std::nullopt;
  }
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
          return position.getDim() + 1 == op.getNumLoops()
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

/// The dimensions of `expanded` that are not of one element, if it is an
/// expansion of `value` by dimensions of one element.
static bool isExpansion(Value expanded, Value value, int64_t unitDim) {
  auto op = expanded.getDefiningOp<tensor::ExpandShapeOp>();
  auto type = dyn_cast<RankedTensorType>(expanded.getType());
  return op && op.getSrc() == value && type.getRank() == 3 &&
         type.getDimSize(unitDim) == 1;
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

/// The sum over the last loop of `tensor`, [A, B, C], to [A, B].
static Value sumOverLast(Value tensor) {
  if (!tensor.hasOneUse())
    return {};
  auto op = dyn_cast<linalg::GenericOp>(*tensor.getUsers().begin());
  if (!op || op.getNumDpsInputs() != 1 || op.getNumLoops() != 3 ||
      op.getNumReductionLoops() != 1 || op.getNumDpsInits() != 1 ||
      op.getIteratorTypesArray().back() != utils::IteratorType::reduction ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity() ||
      !isFilledWithZero(op.getDpsInits()[0]))
    return {};
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (map !=
      AffineMap::getMultiDimIdentityMap(3, tensor.getContext()).dropResult(2))
    return {};
  Block &body = *op.getBody();
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_present<arith::AddFOp, arith::AddIOp>(add) ||
      !llvm::is_contained(add->getOperands(), body.getArgument(0)) ||
      !llvm::is_contained(add->getOperands(), body.getArgument(1)))
    return {};
  return op->getResult(0);
}

/// The number of the input of `op` whose map has the results `dims` of its
/// loops (-1: a constant 0).
static std::optional<unsigned> inputWith(linalg::GenericOp op,
                                         ArrayRef<int64_t> dims,
                                         function_ref<bool(Value)> isWanted) {
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.getNumResults() != dims.size() || !isWanted(input->get()))
      continue;
    bool fits = true;
    for (auto [expr, dim] : llvm::zip(map.getResults(), dims)) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      fits &= dim < 0 ? !loop : loop && int64_t(loop.getPosition()) == dim;
    }
    if (fits)
      return input->getOperandNumber();
  }
  return std::nullopt;
}

/// The rank of each element of `value`, [Q, R]: how many others come before it.
/// Sets whether the largest comes first.
static Value matchRank(Value value, bool &largest) {
  const int64_t rows = cast<RankedTensorType>(value.getType()).getDimSize(1);
  for (Operation *user : value.getUsers())
    for (Operation *reader : user->getUsers()) {
      auto op = dyn_cast<linalg::GenericOp>(reader);
      if (!op || op.getNumLoops() != 3 || op.getNumReductionLoops() ||
          op.getNumDpsInputs() != 3)
        continue;
      auto other = inputWith(op, {0, -1, 2}, [&](Value input) {
        return isExpansion(input, value, 1);
      });
      auto mine = inputWith(op, {0, 1, -1}, [&](Value input) {
        return isExpansion(input, value, 2);
      });
      auto before = inputWith(op, {1, 2}, [&](Value input) {
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

/// Whether the body of `op` yields arguments[at] == arguments[number], or
/// selects by that (the case of three arguments, see isSelection).
static bool isComparison(linalg::GenericOp op, unsigned at, unsigned number) {
  Block &body = *op.getBody();
  for (unsigned argument : {at, number})
    for (Operation *user : body.getArgument(argument).getUsers())
      if (auto compare = dyn_cast<arith::CmpIOp>(user);
          !compare || compare.getPredicate() != arith::CmpIPredicate::eq ||
          !llvm::is_contained(compare->getOperands(), body.getArgument(at)) ||
          !llvm::is_contained(compare->getOperands(), body.getArgument(number)))
        return false;
  auto compares = llvm::to_vector(body.getOps<arith::CmpIOp>());
  if (compares.size() != 1)
    return false;
  return op.getNumDpsInputs() == 3 ||
         body.getTerminator()->getOperand(0) == compares[0].getResult();
}

/// Whether the body of `op` yields select(condition, arguments[taken], 0).
static bool isSelection(linalg::GenericOp op, unsigned taken) {
  Block &body = *op.getBody();
  auto select =
      body.getTerminator()->getOperand(0).getDefiningOp<arith::SelectOp>();
  if (!select || select.getTrueValue() != body.getArgument(taken) ||
      !(matchPattern(select.getFalseValue(), m_Zero()) ||
        matchPattern(select.getFalseValue(), m_AnyZeroFloat())))
    return false;
  Value condition = select.getCondition();
  if (op.getNumDpsInputs() == 2)
    return condition == body.getArgument(1 - taken);
  return bool(condition.getDefiningOp<arith::CmpIOp>());
}

std::optional<Ranking> pumice::matchTopK(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != 2)
    return std::nullopt;
  const int64_t rows = type.getDimSize(1);
  Ranking ranking;
  Value rank = matchRank(value, ranking.largest);
  if (!rank)
    return std::nullopt;
  // select(rank[q, r] == number, r or value[q, r], 0), summed over r; the
  // comparison may be an op of its own.
  for (Operation *user : rank.getUsers())
    for (Operation *reader : user->getUsers()) {
      auto op = dyn_cast<linalg::GenericOp>(reader);
      if (!op || op.getNumLoops() != 3 || op.getNumReductionLoops() ||
          op.getNumDpsInputs() > 3)
        continue;
      const int64_t count =
          cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(1);
      auto at = inputWith(op, {0, -1, 2}, [&](Value input) {
        return isExpansion(input, rank, 1);
      });
      auto number = inputWith(op, {1, -1}, [&](Value input) {
        return holds(input, {count, 1}, [](int64_t i, int64_t) { return i; });
      });
      if (!at || !number || !isComparison(op, *at, *number))
        continue;
      auto take = [&](linalg::GenericOp selection) {
        auto index = inputWith(selection, {2}, [&](Value input) {
          return holds(input, {1, rows}, [](int64_t, int64_t j) { return j; });
        });
        auto element = inputWith(selection, {0, -1, 2}, [&](Value input) {
          return isExpansion(input, value, 1);
        });
        if (!index && !element)
          return;
        const unsigned taken = index ? *index : *element;
        if (!isSelection(selection, taken))
          return;
        if (Value sum = sumOverLast(selection->getResult(0))) {
          ranking.count = count;
          (index ? ranking.indices : ranking.values) = sum;
        }
      };
      if (op.getNumDpsInputs() == 3) {
        take(op);
        continue;
      }
      for (Operation *chosen : op->getResult(0).getUsers()) {
        auto selection = dyn_cast<linalg::GenericOp>(chosen);
        if (selection && selection.getNumLoops() == 3 &&
            !selection.getNumReductionLoops() &&
            selection.getNumDpsInputs() == 2 &&
            inputWith(selection, {0, 1, 2},
                      [&](Value input) { return input == op->getResult(0); }))
          take(selection);
      }
    }
  if (!ranking.indices && !ranking.values)
    return std::nullopt;
  return ranking;
}
