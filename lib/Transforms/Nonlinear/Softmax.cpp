// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matcher.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

namespace {

class SoftmaxMatcher : public Matcher {
public:
  using Matcher::Matcher;
  Result match();

private:
  Result softmax(const Node *node);
  Result logSoftmax();
};

} // namespace

auto SoftmaxMatcher::match() -> Result {
  if (Result match = softmax(root))
    return match;
  return logSoftmax();
}

/// exp(x - max(x)) / sum(exp(x - max(x))), with or without the maximum.
auto SoftmaxMatcher::softmax(const Node *node) -> Result {
  // A row that is masked everywhere gives zeros.
  if (node->is(Fn::select) && node->args[0]->is(Fn::reduceAll) &&
      node->args[1]->isConstant(0)) {
    const Node *test = node->args[0]->args[0];
    if (!test->is(Fn::equal) || !test->args[1]->is(Fn::constant) ||
        !(test->args[1]->numbers[0] < -1e30))
      return std::nullopt;
    Result inner = softmax(node->args[2]);
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

auto SoftmaxMatcher::logSoftmax() -> Result {
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

std::optional<NonlinearMatch> pumice::arithmetic::matchSoftmax(View &view) {
  return SoftmaxMatcher(view).match();
}
