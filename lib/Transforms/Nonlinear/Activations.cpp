// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matcher.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

namespace {

class ActivationMatcher : public Matcher {
public:
  using Matcher::Matcher;
  Result match();

private:
  Result gate();
  Result rectifier();
  Result clamp();
  std::optional<std::pair<const Node *, double>> softplusOf(const Node *node);
};

} // namespace

auto ActivationMatcher::match() -> Result {
  if (Result match = gate())
    return match;
  if (Result match = rectifier())
    return match;
  return clamp();
}

/// x and b of log(1 + exp(b x)) / b, also above a threshold or as
/// max(x, 0) + log(1 + exp(-|x|)).
std::optional<std::pair<const Node *, double>>
ActivationMatcher::softplusOf(const Node *node) {
  if (node->is(Fn::select) && node->args[0]->is(Fn::greater) &&
      node->args[0]->args[1]->is(Fn::constant)) {
    auto inner = softplusOf(node->args[2]);
    std::optional<double> scale =
        view.ratio(node->args[0]->args[0], node->args[1]);
    bool matches = inner && inner->first == node->args[1] && scale &&
                   *scale > 0 && node->args[0]->args[1]->numbers[0] > 0;
    return matches ? inner : std::nullopt;
  }
  auto exponentOf = [](const Node *logarithm) -> const Node * {
    const Node *arg = logarithm->is(Fn::log) ? logarithm->args[0] : nullptr;
    return arg && arg->is(Fn::sum) && arg->args.size() == 1 &&
                   arg->numbers[0] == 1 && arg->numbers[1] == 1 &&
                   arg->args[0]->is(Fn::exp)
               ? arg->args[0]->args[0]
               : nullptr;
  };
  Product product(node);
  if (product.factors.size() == 1 && product.factors[0].second == 1)
    if (const Node *exponent = exponentOf(product.factors[0].first))
      return std::make_pair(view.scaled(product.coefficient, exponent),
                            1 / product.coefficient);
  if (node->is(Fn::sum) && node->args.size() == 2 && node->numbers[0] == 0) {
    unsigned first = node->args[0]->is(Fn::log) ? 1 : 0;
    const Node *linear = node->args[first];
    const Node *exponent = exponentOf(node->args[1 - first]);
    double sign = node->numbers[2 - first];
    if (!exponent || std::abs(sign) != 1 || node->numbers[first + 1] != 1 ||
        !linear->is(sign > 0 ? Fn::maximum : Fn::minimum) ||
        linear->args.size() != 2 || !linear->args[1]->isConstant(0))
      return std::nullopt;
    const Node *x = linear->args[0];
    if (exponent == view.scaled(-1, view.call(Fn::abs, x)))
      return std::make_pair(x, sign);
  }
  return std::nullopt;
}

/// A product of x with a function of x that goes from 0 to 1, and that function
/// alone.
auto ActivationMatcher::gate() -> Result {
  if (auto softplus = softplusOf(root)) {
    auto [x, beta] = *softplus;
    if (beta == -1)
      return found(Kind::log_sigmoid, x);
    if (beta > 0)
      return found(Kind::softplus, x, {}, {{"beta", beta}});
  }
  // 0.5 + 0.5 tanh(x / 2)
  if (root->is(Fn::sum) && root->args.size() == 1 && root->numbers[0] == 0.5 &&
      root->numbers[1] == 0.5 && root->args[0]->is(Fn::tanh))
    return found(Kind::sigmoid, view.scaled(2, root->args[0]->args[0]));
  auto isCubic = [&](const Node *node, const Node *x, double factor) {
    return approximatelyEqual(
        node, view.sum({{x, factor},
                        {view.product(1, {{x, 3.0}}), 0.044715 * factor}}));
  };
  const double tanhFactor = std::sqrt(2 / M_PI);
  Product product(root);
  for (auto [i, term] : llvm::enumerate(product.factors)) {
    auto [factor, power] = term;
    const Node *rest = product.without(view, i);
    if (factor->is(Fn::tanh) && power == 1) {
      auto softplus = softplusOf(factor->args[0]);
      if (softplus && softplus->second == 1 && softplus->first == rest)
        return found(Kind::mish, rest);
    }
    if (!factor->is(Fn::sum) || factor->args.size() != 1 ||
        !near(factor->numbers[0], 1) || factor->numbers[1] != 1)
      continue;
    const Node *inner = factor->args[0];
    if (power == -1 && inner->is(Fn::exp)) {
      const Node *x = view.scaled(-1, inner->args[0]);
      if (rest->isConstant(1))
        return found(Kind::sigmoid, x);
      if (rest == inner) // exp(x) / (1 + exp(x))
        return found(Kind::sigmoid, inner->args[0]);
      if (rest == view.product(1, {{inner, 1.0}, {inner->args[0], 1.0}}))
        return found(Kind::silu, inner->args[0], {}, {{"beta", 1}});
      if (isCubic(x, rest, 2 * tanhFactor))
        return found(Kind::gelu_tanh, rest);
      if (std::optional<double> beta = view.ratio(x, rest); beta && *beta > 0)
        return found(Kind::silu, rest, {}, {{"beta", *beta}});
    }
    if (power != 1)
      continue;
    const Node *x = view.scaled(2, rest);
    if (inner->is(Fn::erf)) {
      std::optional<double> ratio = view.ratio(inner->args[0], x);
      if (ratio && near(*ratio, M_SQRT1_2))
        return found(Kind::gelu, x);
    }
    if (inner->is(Fn::tanh)) {
      if (isCubic(inner->args[0], x, tanhFactor))
        return found(Kind::gelu_tanh, x);
      std::optional<double> ratio = view.ratio(inner->args[0], x);
      if (ratio && *ratio > 0)
        return found(Kind::silu, x, {}, {{"beta", 2 * *ratio}});
    }
  }
  return std::nullopt;
}

/// Functions with one piece for x > 0 and another for x < 0.
auto ActivationMatcher::rectifier() -> Result {
  auto isZeroBound = [](const Node *node, Fn fn) {
    return node->is(fn) && node->args.size() == 2 &&
           node->args[1]->isConstant(0);
  };
  if (isZeroBound(root, Fn::maximum))
    return found(Kind::relu, root->args[0]);
  // max(x, a x)
  if (root->is(Fn::maximum) && root->args.size() == 2) {
    std::optional<double> slope = view.ratio(root->args[1], root->args[0]);
    if (slope && *slope > 1)
      return found(Kind::leaky_relu, root->args[1], {},
                   {{"negative_slope", 1 / *slope}});
    if (slope && *slope != 1)
      return found(Kind::leaky_relu, root->args[0], {},
                   {{"negative_slope", *slope}});
  }
  // s max(x, 0) + ...
  if (root->is(Fn::sum) && root->args.size() == 2) {
    unsigned first = isZeroBound(root->args[0], Fn::maximum) ? 0 : 1;
    const Node *upper = root->args[first], *lower = root->args[1 - first];
    double scale = root->numbers[first + 1], other = root->numbers[2 - first];
    if (!isZeroBound(upper, Fn::maximum))
      return std::nullopt;
    const Node *x = upper->args[0];
    auto isLower = [&](const Node *node) {
      return isZeroBound(node, Fn::minimum) && node->args[0] == x;
    };
    if (isLower(lower) && scale == 1 && root->numbers[0] == 0)
      return found(Kind::leaky_relu, x, {}, {{"negative_slope", other}});
    if (lower->is(Fn::exp) && isLower(lower->args[0]) &&
        near(root->numbers[0], -other))
      return found(Kind::elu, x, {},
                   {{"alpha", other / scale}, {"scale", scale}});
    return std::nullopt;
  }
  // x > 0 ? s x : ...
  if (!root->is(Fn::select) || !root->args[0]->is(Fn::greater) ||
      !root->args[0]->args[1]->isConstant(0))
    return std::nullopt;
  const Node *x = root->args[0]->args[0], *lower = root->args[2];
  std::optional<double> scale = view.ratio(root->args[1], x);
  if (!scale)
    return std::nullopt;
  if (std::optional<double> slope = view.ratio(lower, x); slope && *scale == 1)
    return found(Kind::leaky_relu, x, {}, {{"negative_slope", *slope}});
  if (lower->is(Fn::sum) && lower->args.size() == 1 &&
      lower->args[0]->is(Fn::exp) && lower->args[0]->args[0] == x &&
      near(lower->numbers[0], -lower->numbers[1]))
    return found(Kind::elu, x, {},
                 {{"alpha", lower->numbers[1] / *scale}, {"scale", *scale}});
  // A slope per channel.
  Product product(lower);
  for (auto [i, factor] : llvm::enumerate(product.factors))
    if (*scale == 1 && factor.second == 1 &&
        isParameter(factor.first, rank()) && product.without(view, i) == x)
      return found(Kind::leaky_relu, x);
  return std::nullopt;
}

/// min(high, max(low, a x + b)), scaled or times x: hard sigmoid, hard swish.
auto ActivationMatcher::clamp() -> Result {
  auto boundsOf = [](const Node *node)
      -> std::optional<std::tuple<const Node *, double, double>> {
    double low = -INFINITY, high = INFINITY;
    if (node->is(Fn::minimum) && node->args.size() == 2 &&
        node->args[1]->is(Fn::constant)) {
      high = node->args[1]->numbers[0];
      node = node->args[0];
    }
    if (node->is(Fn::maximum) && node->args.size() == 2 &&
        node->args[1]->is(Fn::constant)) {
      low = node->args[1]->numbers[0];
      node = node->args[0];
    }
    if (low == -INFINITY && high == INFINITY)
      return std::nullopt;
    return std::make_tuple(node, low, high);
  };
  Product product(root);
  for (auto [i, term] : llvm::enumerate(product.factors)) {
    auto bounds = boundsOf(term.first);
    if (!bounds || term.second != 1)
      continue;
    auto [linear, low, high] = *bounds;
    const Node *rest = product.without(view, i);
    double offset = linear->is(Fn::sum) ? linear->numbers[0] : 0;
    const Node *slope = view.sum({{linear, 1.0}}, -offset); // a x
    // A step from 0 to 1 around 0, in units of the bound.
    bool isGate = low == 0 && near(offset, high / 2);
    if (isGate && product.factors.size() == 1 &&
        near(product.coefficient * high, 1))
      for (double steepness : {1.0 / 6, 0.2}) {
        const Node *x = view.scaled(product.coefficient / steepness, slope);
        if (view.placeOf(x))
          return found(Kind::hard_sigmoid, x, {}, {{"slope", steepness}});
      }
    if (isGate && product.factors.size() > 1) {
      // rest = x / high
      const Node *x = view.scaled(high, rest);
      std::optional<double> ratio = view.ratio(slope, x);
      if (ratio && near(*ratio / high, 1.0 / 6))
        return found(Kind::hard_swish, x);
    }
    if (root == term.first) {
      Parameters scalars;
      if (low != -INFINITY)
        scalars.push_back({"minimum", low});
      if (high != INFINITY)
        scalars.push_back({"maximum", high});
      return found(Kind::clamp, linear, {}, scalars);
    }
  }
  return std::nullopt;
}

std::optional<NonlinearMatch> pumice::arithmetic::matchActivation(View &view) {
  return ActivationMatcher(view).match();
}
