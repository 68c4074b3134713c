// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Matcher.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

namespace {

struct PoolMatcher : Matcher {
  using Matcher::Matcher;
  Result match();
};

} // namespace

auto PoolMatcher::match() -> Result {
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

std::optional<NonlinearMatch> pumice::arithmetic::matchPool(View &view) {
  return PoolMatcher(view).match();
}
