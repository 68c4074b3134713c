// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matchers.h"
#include "lib/Transforms/Nonlinear/Matcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

bool pumice::arithmetic::isParameter(const Node *node, int64_t rank) {
  switch (node->fn) {
  case Fn::constant:
    return true;
  case Fn::element: {
    Value tensor = Value::getFromOpaquePointer(node->key);
    if (Operation *def = tensor.getDefiningOp())
      return isa<arith::ConstantOp>(def);
    return cast<RankedTensorType>(tensor.getType()).getRank() < rank;
  }
  case Fn::sum:
  case Fn::product:
    return llvm::all_of(
        node->args, [&](const Node *arg) { return isParameter(arg, rank); });
  default:
    return false;
  }
}

auto Matcher::found(Kind kind, const Node *argument,
                    ArrayRef<int64_t> variables, Parameters parameters)
    -> Result {
  const Place *place = view.placeOf(argument);
  if (!place)
    place = view.placeOfMultiple(argument);
  if (!place || argument == root)
    return std::nullopt;
  bool isPool = kind == Kind::max_pool || kind == Kind::avg_pool;
  NonlinearMatch match{kind, place->tensor, {}, std::move(parameters)};
  for (auto [i, variable] : llvm::enumerate(place->coords))
    if (variable != -1 && (llvm::is_contained(variables, variable) ||
                           (isPool && view.extentOf(variable) == 0)))
      match.dimensions.push_back(i);
  if (!isPool && match.dimensions.size() < variables.size())
    return std::nullopt;
  return match;
}

const Node *Matcher::withoutReduction(const Node *node, Fn fn, double share,
                                      ArrayRef<int64_t> variables) {
  auto taken = takeTerm(node, [&](const Node *arg) {
    return arg->is(fn) && ArrayRef(arg->dims) == variables;
  });
  if (!taken)
    return nullptr;
  auto [rest, reduction, factor] = *taken;
  std::optional<double> ratio = view.ratio(rest, reduction->args[0]);
  if (!ratio || !near(factor, -share * *ratio) ||
      (fn == Fn::reduceMax && *ratio <= 0))
    return nullptr;
  return rest;
}

namespace {

/// Functions of one value.
struct FunctionMatcher : Matcher {
  using Matcher::Matcher;
  Result match();
};

} // namespace

auto FunctionMatcher::match() -> Result {
  switch (root->fn) {
  case Fn::exp:
    return found(Kind::exp, root->args[0]);
  case Fn::log:
    return found(Kind::log, root->args[0]);
  case Fn::tanh:
    return found(Kind::tanh, root->args[0]);
  case Fn::erf:
    return found(Kind::erf, root->args[0]);
  case Fn::abs:
    return found(Kind::abs, root->args[0]);
  case Fn::product: {
    Product product(root);
    if (product.factors.size() != 1 || product.coefficient <= 0)
      return std::nullopt;
    auto [base, power] = product.factors[0];
    const Node *x = view.scaled(std::pow(product.coefficient, 1 / power), base);
    if (power == -1 && !view.placeOf(x))
      return found(Kind::division, base);
    if (power == 0.5)
      return found(Kind::sqrt, x);
    if (power == -0.5)
      return found(Kind::rsqrt, x);
    if (power == -1)
      return found(Kind::reciprocal, x);
    return found(Kind::power, x, {}, {{"exponent", power}});
  }
  default:
    return std::nullopt;
  }
}

std::optional<NonlinearMatch> pumice::matchSubroutine(View &view) {
  for (auto match : {matchSoftmax, matchNorm, matchPool, matchActivation})
    if (std::optional<NonlinearMatch> found = match(view))
      return found;
  return std::nullopt;
}

std::optional<NonlinearMatch> pumice::matchFunction(View &view) {
  return FunctionMatcher(view).match();
}
