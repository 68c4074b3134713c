// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matchers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;
using Kind = pum::NonlinearKind;

namespace {

bool near(double a, double b, double tolerance = 1e-3) {
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

/// coefficient * product of factors.
struct Product {
  double coefficient = 1;
  SmallVector<Term> factors;

  explicit Product(const Node *node) {
    if (!node->is(Fn::product)) {
      factors.push_back({node, 1.0});
      return;
    }
    coefficient = node->numbers[0];
    for (auto [i, arg] : llvm::enumerate(node->args))
      factors.push_back({arg, node->numbers[i + 1]});
  }
  const Node *without(View &view, size_t index) const {
    SmallVector<Term> rest(factors);
    rest.erase(rest.begin() + index);
    return view.product(coefficient, rest);
  }
};

/// A scalar that is the same for all activations: made of constants and of
/// arguments of the program that have fewer dimensions than the activations.
bool isParameter(const Node *node, int64_t rank) {
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

/// Whether a parameter differs along a variable that is not among `variables`.
bool variesOutside(const Node *node, ArrayRef<int64_t> variables) {
  if (node->is(Fn::element))
    return llvm::any_of(node->dims, [&](int64_t variable) {
      return variable != -1 && !llvm::is_contained(variables, variable);
    });
  return llvm::any_of(node->args, [&](const Node *arg) {
    return variesOutside(arg, variables);
  });
}

class Matcher {
public:
  explicit Matcher(View &view) : view(view), root(view.getRoot()) {}

  std::optional<NonlinearMatch> subroutine();
  std::optional<NonlinearMatch> function();

private:
  using Result = std::optional<NonlinearMatch>;
  using Parameters = SmallVector<std::pair<StringRef, double>>;

  Result found(Kind kind, const Node *argument,
               ArrayRef<int64_t> variables = {}, Parameters parameters = {});

  Result matchSoftmax(const Node *node);
  Result matchLogSoftmax();
  Result matchNorm(const Node *node, ArrayRef<const Node *> shifts);
  Result matchSquash();
  Result matchPool();
  Result matchGate();
  Result matchRectifier();
  Result matchClamp();

  std::optional<std::pair<const Node *, double>> softplusOf(const Node *node);
  /// `node` with the one term `which` picks removed, and that term's factor.
  template <typename Predicate>
  std::optional<std::tuple<const Node *, const Node *, double>>
  takeTerm(const Node *node, Predicate which);
  const Node *withoutReduction(const Node *node, Fn fn, double share,
                               ArrayRef<int64_t> variables);
  double countOf(ArrayRef<int64_t> variables) {
    double count = 1;
    for (int64_t variable : variables)
      count *= view.extentOf(variable);
    return count;
  }
  int64_t rank() { return view.placeOf(root)->coords.size(); }

  View &view;
  const Node *root;
};

} // namespace

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

template <typename Predicate>
std::optional<std::tuple<const Node *, const Node *, double>>
Matcher::takeTerm(const Node *node, Predicate which) {
  if (!node->is(Fn::sum))
    return std::nullopt;
  for (auto [i, arg] : llvm::enumerate(node->args)) {
    if (!which(arg))
      continue;
    SmallVector<Term> rest;
    for (auto [j, other] : llvm::enumerate(node->args))
      if (i != j)
        rest.push_back({other, node->numbers[j + 1]});
    return std::make_tuple(view.sum(rest, node->numbers[0]), arg,
                           node->numbers[i + 1]);
  }
  return std::nullopt;
}

/// x of `x - share * reduce(x)`, or null.
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

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// exp(x - max(x)) / sum(exp(x - max(x))), with or without the maximum.
auto Matcher::matchSoftmax(const Node *node) -> Result {
  // A row that is masked everywhere gives zeros.
  if (node->is(Fn::select) && node->args[0]->is(Fn::reduceAll) &&
      node->args[1]->isConstant(0)) {
    const Node *test = node->args[0]->args[0];
    if (!test->is(Fn::equal) || !test->args[1]->is(Fn::constant) ||
        !(test->args[1]->numbers[0] < -1e30))
      return std::nullopt;
    Result inner = matchSoftmax(node->args[2]);
    const Place *place = view.placeOf(test->args[0]);
    return place && inner && place->tensor == inner->argument ? inner
                                                              : std::nullopt;
  }
  Product product(node);
  if (product.factors.size() != 2 || product.coefficient != 1)
    return std::nullopt;
  auto [e, p] = product.factors[0];
  auto [total, q] = product.factors[1];
  if (!e->is(Fn::exp))
    std::swap(e, total), std::swap(p, q);
  if (!e->is(Fn::exp) || !total->is(Fn::reduceSum) || total->args[0] != e ||
      p != 1 || q != -1)
    return std::nullopt;
  const Node *exponent = e->args[0];
  const Node *x = withoutReduction(exponent, Fn::reduceMax, 1, total->dims);
  return found(Kind::softmax, x ? x : exponent, total->dims);
}

auto Matcher::matchLogSoftmax() -> Result {
  auto taken = takeTerm(root, [](const Node *arg) {
    return arg->is(Fn::log) && arg->args[0]->is(Fn::reduceSum) &&
           arg->args[0]->args[0]->is(Fn::exp);
  });
  if (!taken)
    return std::nullopt;
  auto [rest, logarithm, factor] = *taken;
  const Node *total = logarithm->args[0];
  if (factor != -1 || total->args[0]->args[0] != rest)
    return std::nullopt;
  const Node *x = withoutReduction(rest, Fn::reduceMax, 1, total->dims);
  return found(Kind::log_softmax, x ? x : rest, total->dims);
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

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
auto Matcher::matchNorm(const Node *node, ArrayRef<const Node *> shifts)
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
auto Matcher::matchSquash() -> Result {
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

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

auto Matcher::matchPool() -> Result {
  auto isWindow = [&](const Node *reduction) {
    return reduction->args[0]->is(Fn::element) &&
           llvm::any_of(reduction->args[0]->dims, [&](int64_t variable) {
             return variable != -1 && view.extentOf(variable) == 0;
           });
  };
  if (root->is(Fn::reduceMax))
    return found(Kind::max_pool, root->args[0], root->dims);
  Product product(root);
  const Node *total = nullptr;
  for (auto [factor, power] : product.factors) {
    bool isDivisor = factor->is(Fn::other) || isParameter(factor, rank());
    if (!total && factor->is(Fn::reduceSum) && power == 1)
      total = factor;
    else if (!isDivisor || power != -1)
      return std::nullopt;
  }
  if (!total)
    return std::nullopt;
  bool isMean = product.factors.size() == 1 &&
                near(product.coefficient, 1 / countOf(total->dims), 1e-5);
  if (isWindow(total) ? root == total : !isMean)
    return std::nullopt;
  return found(Kind::avg_pool, total->args[0], total->dims);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// x and b of log(1 + exp(b x)) / b, also above a threshold or as
/// max(x, 0) + log(1 + exp(-|x|)).
std::optional<std::pair<const Node *, double>>
Matcher::softplusOf(const Node *node) {
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
auto Matcher::matchGate() -> Result {
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
auto Matcher::matchRectifier() -> Result {
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
auto Matcher::matchClamp() -> Result {
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

//===----------------------------------------------------------------------===//
// All
//===----------------------------------------------------------------------===//

auto Matcher::subroutine() -> Result {
  if (Result match = matchSoftmax(root))
    return match;
  if (Result match = matchLogSoftmax())
    return match;
  if (Result match = matchSquash())
    return match;
  if (Result match = matchNorm(root, {}))
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
      if (Result match = matchNorm(norm, shifts))
        return match;
  }
  if (Result match = matchPool())
    return match;
  if (Result match = matchGate())
    return match;
  if (Result match = matchRectifier())
    return match;
  return matchClamp();
}

auto Matcher::function() -> Result {
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
  return Matcher(view).subroutine();
}

std::optional<NonlinearMatch> pumice::matchFunction(View &view) {
  return Matcher(view).function();
}
