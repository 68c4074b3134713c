// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matcher.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

static /// Whether a parameter differs along a variable that is not among
       /// `variables`.
    bool variesOutside(const Node *node, ArrayRef<int64_t> variables) {
  if (node->is(Fn::element))
    return llvm::any_of(node->dims, [&](int64_t variable) {
      return variable != -1 && !llvm::is_contained(variables, variable);
    });
  return llvm::any_of(node->args, [&](const Node *arg) {
    return variesOutside(arg, variables);
  });
}

namespace {

class NormMatcher : public Matcher {
public:
  using Matcher::Matcher;
  Result match();

private:
  Result norm(const Node *node, ArrayRef<const Node *> shifts);
  Result squash();
};

} // namespace

auto NormMatcher::match() -> Result {
  if (Result match = squash())
    return match;
  if (Result match = norm(root, {}))
    return match;
  // A norm with a shift.
  if (root->is(Fn::sum)) {
    const Node *norm = nullptr;
    SmallVector<const Node *> shifts;
    if (root->numbers[0] != 0)
      shifts.push_back(view.constant(root->numbers[0]));
    bool isNorm = true;
    for (auto [i, arg] : llvm::enumerate(root->args)) {
      if (isParameter(arg, rank()))
        shifts.push_back(arg);
      else if (!norm)
        norm = view.scaled(root->numbers[i + 1], arg);
      else
        isNorm = false;
    }
    if (isNorm && norm && !shifts.empty())
      if (Result match = this->norm(norm, shifts))
        return match;
  }
  return std::nullopt;
}

/// x of x^2, or null.
static const Node *squareRoot(View &view, const Node *node) {
  Product product(node);
  for (Term &factor : product.factors) {
    factor.second /= 2;
    if (factor.second != std::nearbyint(factor.second))
      return nullptr;
  }
  return product.coefficient == 1 ? view.product(1, product.factors) : nullptr;
}

/// c * x / sqrt(sum(x^2) + e) * scales + shifts; with x - mean(x) for x it is
/// a layer norm.
auto NormMatcher::norm(const Node *node, ArrayRef<const Node *> shifts)
    -> Result {
  Product product(node);
  SmallVector<Term> core;
  SmallVector<const Node *> parameters(shifts);
  const Node *norm = nullptr;
  double exponent = 0;
  for (auto [factor, power] : product.factors) {
    if (isParameter(factor, rank())) {
      parameters.push_back(factor);
    } else if (!norm && (power == -0.5 || power == -1)) {
      norm = factor;
      exponent = power;
    } else {
      core.push_back({factor, power});
    }
  }
  if (!norm || core.empty())
    return std::nullopt;
  // (sum + e)^-1/2, (sqrt(sum) + e)^-1 or max(sqrt(sum), e)^-1
  double epsilon = 0;
  const Node *squares = norm;
  const Node *mean = nullptr; // of the form mean(x^2) - mean(x)^2
  double meanFactor = 0;
  auto takeRoot = [&](const Node *value) -> const Node * {
    Product root(value);
    return root.factors.size() == 1 && root.coefficient == 1 &&
                   root.factors[0].second == 0.5
               ? root.factors[0].first
               : nullptr;
  };
  if (exponent == -1) {
    if (norm->is(Fn::maximum) && norm->args.size() == 2 &&
        norm->args[1]->is(Fn::constant)) {
      epsilon = norm->args[1]->numbers[0];
      squares = takeRoot(norm->args[0]);
    } else if (norm->is(Fn::sum) && norm->args.size() == 1) {
      epsilon = norm->numbers[0];
      squares = takeRoot(norm->args[0]);
    } else {
      return std::nullopt;
    }
  } else if (norm->is(Fn::sum)) {
    epsilon = norm->numbers[0];
    squares = norm->args[0];
    if (norm->args.size() == 2) {
      unsigned second = squares->is(Fn::reduceSum) ? 1 : 0;
      mean = norm->args[second];
      squares = norm->args[1 - second];
      meanFactor = norm->numbers[second + 1] / norm->numbers[2 - second];
      epsilon /= norm->numbers[2 - second];
      product.coefficient /= std::sqrt(norm->numbers[2 - second]);
    } else if (norm->args.size() != 1) {
      return std::nullopt;
    }
  }
  if (!squares || !squares->is(Fn::reduceSum))
    return std::nullopt;
  ArrayRef<int64_t> variables = squares->dims;
  const Node *x = squareRoot(view, squares->args[0]);
  if (!x)
    return std::nullopt;
  double count = countOf(variables);
  const Node *numerator = view.product(product.coefficient, core);
  Kind kind = llvm::any_of(parameters,
                           [&](const Node *parameter) {
                             return variesOutside(parameter, variables);
                           })
                  ? Kind::group_norm
                  : Kind::layer_norm;
  if (mean) {
    // x - mean(x) over sqrt(mean(x^2) - mean(x)^2 + e).
    auto [scale, centred] = std::make_pair(
        numerator->is(Fn::sum) ? numerator->numbers[1] : 0.0, numerator);
    Product square(mean);
    const Node *argument =
        scale ? withoutReduction(view.scaled(1 / scale, centred), Fn::reduceSum,
                                 1 / count, variables)
              : nullptr;
    if (!argument || square.factors.size() != 1 ||
        square.factors[0].second != 2 ||
        !square.factors[0].first->is(Fn::reduceSum) ||
        !near(meanFactor, -1 / count) || !near(scale * scale, count) ||
        !view.ratio(argument, x) || square.factors[0].first->args[0] != x)
      return std::nullopt;
    return found(kind, argument, variables, {{"epsilon", epsilon / count}});
  }
  std::optional<double> ratio = view.ratio(numerator, x);
  if (!ratio || *ratio == 0)
    return std::nullopt;
  // c x / sqrt(sum(x^2) + e) = c / sqrt(n) * x / sqrt(mean(x^2) + e / n)
  double scale = *ratio / std::sqrt(count);
  Parameters scalars{
      {"epsilon", epsilon / (exponent == -1 ? std::sqrt(count) : count)}};
  if (!near(scale, 1, 1e-5))
    scalars.push_back({"scale", scale});
  if (const Node *argument =
          withoutReduction(x, Fn::reduceSum, 1 / count, variables))
    return found(kind, argument, variables, scalars);
  if (!shifts.empty() || kind == Kind::group_norm)
    return std::nullopt;
  if (near(*ratio, 1, 1e-5) && parameters.empty())
    return found(Kind::l2_norm, x, variables, {{"epsilon", epsilon}});
  return found(Kind::rms_norm, x, variables, scalars);
}

/// x * |x|^2 / (1 + |x|^2) / |x|, with an epsilon inside or outside the root.
auto NormMatcher::squash() -> Result {
  Product product(root);
  const Node *squares = nullptr;
  SmallVector<Term> rest;
  for (auto [factor, power] : product.factors) {
    if (!squares && power == -1 && factor->is(Fn::sum) &&
        factor->args.size() == 1 && factor->args[0]->is(Fn::reduceSum) &&
        near(factor->numbers[0], factor->numbers[1]))
      squares = factor->args[0];
    else
      rest.push_back({factor, power});
  }
  if (!squares || product.coefficient != 1)
    return std::nullopt;
  SmallVector<Term> core;
  double degree = 0; // of |x|
  for (auto [factor, power] : rest) {
    const Node *base = factor;
    if (factor->is(Fn::sum) && factor->args.size() == 1 &&
        factor->numbers[0] > 0 && factor->numbers[0] < 1e-2)
      base = factor->args[0];
    Product inner(base);
    if (base == squares)
      degree += 2 * power;
    else if (inner.factors.size() == 1 && inner.factors[0].first == squares)
      degree += 2 * power * inner.factors[0].second;
    else
      core.push_back({factor, power});
  }
  const Node *x = squareRoot(view, squares->args[0]);
  if (!x || degree != 1 || view.product(1, core) != x)
    return std::nullopt;
  return found(Kind::squash, x, squares->dims);
}

std::optional<NonlinearMatch> pumice::arithmetic::matchNorm(View &view) {
  return NormMatcher(view).match();
}
