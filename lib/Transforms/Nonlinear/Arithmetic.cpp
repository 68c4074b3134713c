// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Normal forms of sums, products and choices.
#include "lib/Transforms/Nonlinear/Arithmetic.h"

#include <cmath>

using namespace mlir;
using namespace pumice::arithmetic;

void Node::Profile(llvm::FoldingSetNodeID &profile) const {
  profile.AddInteger(static_cast<int>(fn));
  profile.AddPointer(key);
  for (const Node *arg : args)
    profile.AddPointer(arg);
  for (double number : numbers)
    profile.AddInteger(llvm::bit_cast<uint64_t>(number));
  for (int64_t dim : dims)
    profile.AddInteger(dim);
}

bool Node::isConstant(double value) const {
  return fn == Fn::constant && numbers[0] == value;
}

/// Numbers that f32 and f64 constants write differently become one: whole
/// numbers and their reciprocals, the rest to f32.
static double tidy(double number) {
  if (!std::isfinite(number) || number == 0)
    return number == 0 ? 0.0 : number; // no -0
  auto isWhole = [](double x) {
    return std::abs(x) >= 1 && std::abs(x) < 1e9 &&
           std::abs(x - std::nearbyint(x)) <= 2e-7 * std::abs(x);
  };
  if (isWhole(number))
    return std::nearbyint(number);
  if (isWhole(1 / number))
    return 1 / std::nearbyint(1 / number);
  return static_cast<float>(number);
}

static bool isWhole(double number) { return number == std::nearbyint(number); }
static bool isEven(double number) { return isWhole(number / 2); }

const Node *View::unique(Fn fn, ArrayRef<const Node *> args,
                         ArrayRef<double> numbers, ArrayRef<int64_t> dims,
                         const void *key) {
  auto node = std::make_unique<Node>();
  node->fn = fn;
  node->args.assign(args.begin(), args.end());
  node->numbers.assign(numbers.begin(), numbers.end());
  node->dims.assign(dims.begin(), dims.end());
  node->key = key;
  llvm::FoldingSetNodeID profile;
  node->Profile(profile);
  void *position;
  if (Node *found = nodes.FindNodeOrInsertPos(profile, position))
    return found;
  node->id = storage.size();
  nodes.InsertNode(node.get(), position);
  storage.push_back(std::move(node));
  return storage.back().get();
}

const Node *View::constant(double value) {
  return unique(Fn::constant, {}, tidy(value));
}

/// Adds up the numbers of equal nodes, drops zeros and sorts.
static SmallVector<Term> merge(ArrayRef<Term> terms) {
  SmallVector<Term> sorted(terms);
  llvm::stable_sort(sorted,
                    [](Term a, Term b) { return a.first->id < b.first->id; });
  SmallVector<Term> result;
  for (Term term : sorted) {
    if (!result.empty() && result.back().first == term.first)
      result.back().second += term.second;
    else
      result.push_back(term);
  }
  for (Term &term : result)
    term.second = tidy(term.second);
  llvm::erase_if(result, [](Term term) { return term.second == 0; });
  return result;
}

const Node *View::sum(ArrayRef<Term> terms, double constantTerm) {
  SmallVector<Term> flat;
  for (auto [node, factor] : terms) {
    if (node->is(Fn::constant)) {
      constantTerm += factor * node->numbers[0];
    } else if (node->is(Fn::sum)) {
      constantTerm += factor * node->numbers[0];
      for (auto [i, arg] : llvm::enumerate(node->args))
        flat.push_back({arg, factor * node->numbers[i + 1]});
    } else if (node->is(Fn::product) && node->numbers[0] != 1) {
      SmallVector<Term> factors;
      for (auto [i, arg] : llvm::enumerate(node->args))
        factors.push_back({arg, node->numbers[i + 1]});
      flat.push_back({product(1, factors), factor * node->numbers[0]});
    } else {
      flat.push_back({node, factor});
    }
  }
  flat = merge(flat);
  constantTerm = tidy(constantTerm);
  if (flat.empty())
    return constant(constantTerm);
  if (flat.size() == 1 && constantTerm == 0)
    return product(flat[0].second, {{flat[0].first, 1.0}});
  SmallVector<const Node *> args;
  SmallVector<double> numbers{constantTerm};
  for (auto [node, factor] : flat) {
    args.push_back(node);
    numbers.push_back(factor);
  }
  return unique(Fn::sum, args, numbers);
}

/// Never negative.
static bool isPositive(const Node *node) {
  auto all = [&](unsigned first) {
    return llvm::all_of(ArrayRef(node->numbers).take_front(first),
                        [](double number) { return number >= 0; });
  };
  switch (node->fn) {
  case Fn::exp:
  case Fn::abs:
    return true;
  case Fn::constant:
    return node->numbers[0] >= 0;
  case Fn::reduceSum:
    return isPositive(node->args[0]);
  case Fn::sum:
    return all(node->numbers.size()) && llvm::all_of(node->args, isPositive);
  case Fn::product:
    for (auto [i, arg] : llvm::enumerate(node->args))
      if (!isEven(node->numbers[i + 1]) && !isPositive(arg))
        return false;
    return all(1);
  default:
    return false;
  }
}

const Node *View::product(double coefficient, ArrayRef<Term> factors) {
  SmallVector<Term> flat;
  SmallVector<Term> work(llvm::reverse(factors));
  while (!work.empty()) {
    auto [node, exponent] = work.pop_back_val();
    if (node->is(Fn::constant) && (node->numbers[0] > 0 || isWhole(exponent))) {
      coefficient *= std::pow(node->numbers[0], exponent);
    } else if (node->is(Fn::product) &&
               (node->numbers[0] > 0 || isWhole(exponent))) {
      coefficient *= std::pow(node->numbers[0], exponent);
      for (auto [i, arg] : llvm::enumerate(node->args)) {
        double inner = node->numbers[i + 1];
        // sqrt(x^2) is |x|.
        bool losesSign = isEven(inner) && !isEven(inner * exponent) &&
                         !isPositive(arg) && !isWhole(exponent);
        work.push_back(
            {losesSign ? call(Fn::abs, arg) : arg, inner * exponent});
      }
    } else if (node->is(Fn::exp) && exponent != 1) {
      flat.push_back({call(Fn::exp, scaled(exponent, node->args[0])), 1.0});
    } else if (node->is(Fn::abs) && isEven(exponent)) {
      work.push_back({node->args[0], exponent});
    } else {
      flat.push_back({node, exponent});
    }
  }
  // The content of a sum goes to the coefficient, so that 2x + 2y and x + y
  // are the same factor.
  flat = merge(flat);
  bool isScaledSum =
      flat.size() == 1 && flat[0].first->is(Fn::sum) && flat[0].second == 1;
  if (!isScaledSum) {
    for (auto &[node, exponent] : flat) {
      if (!node->is(Fn::sum))
        continue;
      double content = node->numbers[1];
      if (!isWhole(exponent))
        content = std::abs(content);
      if (content == 1)
        continue;
      SmallVector<Term> terms;
      for (auto [i, arg] : llvm::enumerate(node->args))
        terms.push_back({arg, node->numbers[i + 1] / content});
      coefficient *= std::pow(content, exponent);
      node = sum(terms, node->numbers[0] / content);
    }
    flat = merge(flat);
  }
  coefficient = tidy(coefficient);
  if (coefficient == 0 || flat.empty())
    return constant(coefficient);
  if (flat.size() == 1 && flat[0].second == 1) {
    if (coefficient == 1)
      return flat[0].first;
    if (const Node *node = flat[0].first; node->is(Fn::sum)) {
      SmallVector<Term> terms;
      for (auto [i, arg] : llvm::enumerate(node->args))
        terms.push_back({arg, coefficient * node->numbers[i + 1]});
      return sum(terms, coefficient * node->numbers[0]);
    }
  }
  SmallVector<const Node *> args;
  SmallVector<double> numbers{coefficient};
  for (auto [node, exponent] : flat) {
    args.push_back(node);
    numbers.push_back(exponent);
  }
  return unique(Fn::product, args, numbers);
}

const Node *View::extremum(Fn fn, ArrayRef<const Node *> args) {
  SmallVector<const Node *> flat;
  const Node *bound = nullptr;
  for (const Node *arg : args)
    for (const Node *part :
         arg->is(fn) ? ArrayRef<const Node *>(arg->args) : ArrayRef(arg)) {
      if (!part->is(Fn::constant))
        flat.push_back(part);
      else if (!bound ||
               (fn == Fn::maximum ? part->numbers[0] > bound->numbers[0]
                                  : part->numbers[0] < bound->numbers[0]))
        bound = part;
    }
  llvm::sort(flat, [](auto *a, auto *b) { return a->id < b->id; });
  flat.erase(llvm::unique(flat), flat.end());
  // What a maximum starts with: over one element, it is that element.
  if (bound && !flat.empty() &&
      (fn == Fn::maximum ? bound->numbers[0] <= -3e38
                         : bound->numbers[0] >= 3e38))
    bound = nullptr;
  // max(low, min(high, x)) -> min(high, max(low, x)).
  if (fn == Fn::maximum && bound && flat.size() == 1 &&
      flat[0]->is(Fn::minimum) && flat[0]->args.size() == 2 &&
      flat[0]->args[1]->is(Fn::constant) &&
      flat[0]->args[1]->numbers[0] >= bound->numbers[0])
    return extremum(
        Fn::minimum,
        {extremum(Fn::maximum, {flat[0]->args[0], bound}), flat[0]->args[1]});
  if (bound)
    flat.push_back(bound);
  return flat.size() == 1 ? flat[0] : unique(fn, flat);
}

const Node *View::select(const Node *condition, const Node *a, const Node *b) {
  if (a == b)
    return a;
  if (condition->is(Fn::greater)) {
    const Node *left = condition->args[0], *right = condition->args[1];
    if (a == left && b == right)
      return extremum(Fn::maximum, {left, right});
    if (b == left && a == right)
      return extremum(Fn::minimum, {left, right});
    if (left->is(Fn::constant) && !right->is(Fn::constant))
      return select(call(Fn::greater, {right, left}), b, a);
  }
  return unique(Fn::select, {condition, a, b});
}

const Node *View::call(Fn fn, ArrayRef<const Node *> args) {
  switch (fn) {
  case Fn::maximum:
  case Fn::minimum:
    return extremum(fn, args);
  case Fn::select:
    return select(args[0], args[1], args[2]);
  case Fn::abs:
    return isPositive(args[0]) ? args[0] : unique(fn, args);
  case Fn::log: // log(x^n) = n log(x)
    if (args[0]->is(Fn::product) && args[0]->args.size() == 1 &&
        args[0]->numbers[0] == 1)
      return scaled(args[0]->numbers[1], unique(fn, args[0]->args));
    return unique(fn, args);
  case Fn::tanh:
  case Fn::erf: { // odd functions
    const Node *arg = args[0];
    bool isNegative = (arg->is(Fn::product) && arg->numbers[0] < 0) ||
                      (arg->is(Fn::sum) && arg->numbers[1] < 0);
    return isNegative ? scaled(-1, unique(fn, scaled(-1, arg)))
                      : unique(fn, args);
  }
  default:
    return unique(fn, args);
  }
}

/// A node as a number times a node.
static std::pair<double, const Node *> split(View &view, const Node *node) {
  double content = 1;
  if (node->is(Fn::product))
    content = node->numbers[0];
  else if (node->is(Fn::sum))
    content = node->numbers[1];
  return {content, view.scaled(1 / content, node)};
}

std::optional<double> View::ratio(const Node *a, const Node *b) {
  if (a == b)
    return 1.0;
  auto [ca, pa] = split(*this, a);
  auto [cb, pb] = split(*this, b);
  if (!approximatelyEqual(pa, pb))
    return std::nullopt;
  return ca / cb;
}

bool pumice::arithmetic::approximatelyEqual(const Node *a, const Node *b,
                                            double tolerance) {
  if (a == b)
    return true;
  if (a->fn != b->fn || a->key != b->key || a->dims != b->dims ||
      a->args.size() != b->args.size() ||
      a->numbers.size() != b->numbers.size())
    return false;
  auto isNear = [&](double x, double y) {
    return x == y ||
           std::abs(x - y) <= tolerance * std::max(std::abs(x), std::abs(y));
  };
  return llvm::equal(a->numbers, b->numbers, isNear) &&
         llvm::equal(a->args, b->args, [&](const Node *x, const Node *y) {
           return approximatelyEqual(x, y, tolerance);
         });
}

const Place *View::placeOf(const Node *node) const {
  const auto *it = places.find(node);
  return it == places.end() ? nullptr : &it->second;
}

const Place *View::placeOfMultiple(const Node *node) {
  for (auto &[other, place] : places)
    if (!other->is(Fn::constant) && other != root && ratio(other, node))
      return &place;
  return nullptr;
}
