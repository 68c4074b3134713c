// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether, and how, a sum over pairs becomes a search.
#include "lib/Transforms/AP/SearchPlan.h"
#include "lib/Device/Device.h"
#include "lib/Model/Cam/Search.h"
#include "lib/Transforms/AP/Searches.h"

using namespace mlir;
using namespace pumice;

void pumice::queryTensorsOf(const ScalarNode &node,
                            SmallVectorImpl<const ScalarNode *> &found) {
  if (node.kind == ScalarNode::query &&
      llvm::none_of(found, [&](const ScalarNode *other) {
        return other->tensor == node.tensor && other->roles == node.roles;
      }))
    found.push_back(&node);
  for (const ScalarNode *operand : node.operands)
    queryTensorsOf(*operand, found);
}

namespace {

class Planner {
public:
  Planner(PairSum sum, const model::CamSpec &cam) : cam(cam) {
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

  /// Whether the query's tensors are in the order of queries and cells; `why`
  /// has the reason if not.
  bool checkQuery(std::string &why) const {
    SmallVector<const ScalarNode *> tensors;
    queryTensorsOf(*plan.terms.query, tensors);
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

  SearchPlan take() { return std::move(plan); }

private:
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

  const model::CamSpec &cam;
  SearchPlan plan;
};

} // namespace

std::optional<SearchPlan>
pumice::planSearch(PairSum sum, const model::CamSpec &cam, std::string &why) {
  Planner planner(std::move(sum), cam);
  if (!planner.decide(why) || !planner.checkQuery(why) ||
      !planner.checkFit(why))
    return std::nullopt;
  return planner.take();
}
