// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Matcher.h - What matchers of subroutines share -----------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHER_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHER_H

#include "lib/Transforms/Nonlinear/Matchers.h"

#include <cmath>

namespace pumice::arithmetic {

inline bool near(double a, double b, double tolerance = 1e-3) {
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

/// coefficient * product of factors.
struct Product {
  double coefficient = 1;
  llvm::SmallVector<Term> factors;

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
    llvm::SmallVector<Term> rest(factors);
    rest.erase(rest.begin() + index);
    return view.product(coefficient, rest);
  }
};

/// A scalar that is the same for all activations: made of constants and of
/// arguments of the program that have fewer dimensions than the activations.
bool isParameter(const Node *node, int64_t rank);

/// Matches the arithmetic of one family of subroutines against the root of a
/// view. A result names the tensor that the subroutine is a function of.
class Matcher {
public:
  explicit Matcher(View &view) : view(view), root(view.getRoot()) {}

protected:
  using Kind = pum::NonlinearKind;
  using Result = std::optional<NonlinearMatch>;
  using Parameters = llvm::SmallVector<std::pair<llvm::StringRef, double>>;

  /// A match of `argument`, if that is a tensor of the program; `variables` are
  /// those that the subroutine reduces over.
  Result found(Kind kind, const Node *argument,
               llvm::ArrayRef<int64_t> variables = {},
               Parameters parameters = {});

  /// A sum without the one term that `which` picks, that term, and its factor.
  template <typename Predicate>
  std::optional<std::tuple<const Node *, const Node *, double>>
  takeTerm(const Node *node, Predicate which);

  /// x of `x - share * reduce(x)`, or null.
  const Node *withoutReduction(const Node *node, Fn fn, double share,
                               llvm::ArrayRef<int64_t> variables);

  double countOf(llvm::ArrayRef<int64_t> variables) {
    double count = 1;
    for (int64_t variable : variables)
      count *= view.extentOf(variable);
    return count;
  }
  int64_t rank() { return view.placeOf(root)->coords.size(); }

  View &view;
  const Node *root;
};

template <typename Predicate>
std::optional<std::tuple<const Node *, const Node *, double>>
Matcher::takeTerm(const Node *node, Predicate which) {
  if (!node->is(Fn::sum))
    return std::nullopt;
  for (auto [i, arg] : llvm::enumerate(node->args)) {
    if (!which(arg))
      continue;
    llvm::SmallVector<Term> rest;
    for (auto [j, other] : llvm::enumerate(node->args))
      if (i != j)
        rest.push_back({other, node->numbers[j + 1]});
    return std::make_tuple(view.sum(rest, node->numbers[0]), arg,
                           node->numbers[i + 1]);
  }
  return std::nullopt;
}

// The families, in the order in which they are tried.

/// Softmax and its logarithm.
std::optional<NonlinearMatch> matchSoftmax(View &view);
/// Layer, RMS, L2 and group norms; squash.
std::optional<NonlinearMatch> matchNorm(View &view);
/// Maximum and average pools.
std::optional<NonlinearMatch> matchPool(View &view);
/// Gates such as GELU and SiLU, rectifiers, clamps.
std::optional<NonlinearMatch> matchActivation(View &view);

} // namespace pumice::arithmetic

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHER_H
