// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/SearchPatterns.h"

#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-raise-searches"

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

bool pumice::isFilledWithZero(Value tensor) {
  auto fill = tensor.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
                  matchPattern(fill.getInputs()[0], m_Zero()));
}

/// Whether the body of `op` adds up its terms, or all or any of them must be 1;
/// sets `term`. What it starts with changes nothing.
static std::optional<PairSum::Kind> matchReduction(linalg::LinalgOp op,
                                                   Value &term) {
  Block *body = op.getBlock();
  Operation *combine = body->getTerminator()->getOperand(0).getDefiningOp();
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!combine || combine->getNumOperands() != 2 || !fill)
    return std::nullopt;
  const bool isCondition = combine->getResult(0).getType().isInteger(1);
  const bool startsAtOne = matchPattern(fill.getInputs()[0], m_One());
  PairSum::Kind kind = PairSum::Kind::sum;
  if (isa<arith::AddFOp, arith::AddIOp>(combine))
    kind = PairSum::Kind::sum;
  else if (isCondition && isa<arith::AndIOp>(combine))
    kind = PairSum::Kind::all;
  else if (isCondition && isa<arith::OrIOp>(combine))
    kind = PairSum::Kind::any;
  else
    return std::nullopt;
  if (kind == PairSum::Kind::all ? !startsAtOne
                                 : !isFilledWithZero(op.getDpsInits()[0]))
    return std::nullopt;
  const Value accumulator = body->getArguments().back();
  const unsigned at = combine->getOperand(1) == accumulator ? 0 : 1;
  if (combine->getOperand(1 - at) != accumulator)
    return std::nullopt;
  term = combine->getOperand(at);
  return kind;
}

/// Matches `op` with words at `wordDim` of its result.
static std::optional<PairSum> matchWordsAt(linalg::LinalgOp op, int64_t wordDim,
                                           ScalarGraph &graph,
                                           std::string &why) {
  if (op.getNumReductionLoops() != 1 ||
      op.getNumParallelLoops() + 1 != op.getNumLoops() ||
      !op.hasPureTensorSemantics())
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Value term;
  std::optional<PairSum::Kind> kind = matchReduction(op, term);
  if (!kind || !map.isProjectedPermutation())
    return std::nullopt;
  PairSum sum;
  sum.op = op;
  sum.kind = *kind;
  sum.wordDim = wordDim;
  SmallVector<Role> roles(op.getNumLoops());
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [i, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if (iterator == utils::IteratorType::reduction) {
      roles[i].kind = Role::cell;
      sum.cells = sizes[i];
    }
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    const unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (int64_t(i) == wordDim) {
      roles[loop].kind = Role::word;
      sum.rows = sizes[loop];
      continue;
    }
    roles[loop] = {Role::query, unsigned(sum.querySizes.size())};
    sum.querySizes.push_back(sizes[loop]);
    sum.queries *= sizes[loop];
  }
  std::string whyNot;
  sum.term = graph.valueOf(op, term, roles, whyNot);
  sum.isProduct = !isa<linalg::GenericOp>(op);
  if (!sum.term || !sum.term->usesQuery || !sum.term->usesEntry) {
    LDBG() << "no words along dimension " << wordDim << " of the sum at "
           << op->getLoc() << ": " << whyNot;
    (void)graph.hasTooMany(why);
    return std::nullopt;
  }
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

std::optional<PairSum> pumice::matchPairSum(linalg::LinalgOp op,
                                            ScalarGraph &graph,
                                            std::string &why) {
  auto type = op->getNumResults() == 1
                  ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                  : RankedTensorType();
  if (!type || !type.hasStaticShape() || type.getRank() < 1)
    return std::nullopt;
  // Words are usually the last dimension, but `words @ queries.T` has them
  // first.
  for (int64_t wordDim = type.getRank() - 1; wordDim >= 0; --wordDim)
    if (std::optional<PairSum> sum = matchWordsAt(op, wordDim, graph, why))
      return sum;
  return std::nullopt;
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

/// Whether a constant is the same all along a dimension of `size` elements that
/// are `stride` elements apart.
static bool isRepeated(const ConstantData &data, int64_t size, int64_t stride) {
  const int64_t chunk = stride * data.width();
  const char *bytes = data.bytes().data();
  for (int64_t at = 0; at < data.size() * data.width(); at += size * chunk)
    for (int64_t i = 1; i < size; ++i)
      if (std::memcmp(bytes + at, bytes + at + i * chunk, size_t(chunk)) != 0)
        return false;
  return true;
}

/// Positions of the elements that words read of a constant.
static std::optional<std::vector<int64_t>> stridesOf(const ScalarNode &entry,
                                                     const ConstantData &data) {
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
      if (!data.isSplat() && !isRepeated(data, type.getDimSize(i), stride))
        return std::nullopt;
      break;
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
    if (!data) {
      why = "its words have no data";
      return std::nullopt;
    }
    std::optional<std::vector<int64_t>> strides = stridesOf(*entry, *data);
    if (!strides) {
      why = "each query has words of its own";
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
      const double value = numberOf(term);
      // Of conditions, those that decide the result are counted.
      row.push_back(sum.kind == PairSum::Kind::all ? 1 - value : value);
    }
  }
  return result;
}
