// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SplitSums.cpp - Products of concatenations -------------------------===//
//
// PyTorch computes `cdist` of more than 25 rows as a product of [-2 x, |x|^2,
// 1] with [w, 1, |w|^2]. For signs, |x|^2 is a number, so only the first part
// compares queries with words; the others add a number to each word.
//
//===----------------------------------------------------------------------===//
#include "lib/Transforms/AP/SplitSums.h"
#include "lib/Transforms/AP/SearchPatterns.h"

#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace pumice;

namespace {

/// Values that queries of a search may have.
constexpr size_t kMostValues = 16;

/// The concatenation that a product sums over, of queries in rows.
struct Parts {
  tensor::ConcatOp concat;
  unsigned own = 0;            ///< the input that is not uniform
  SmallVector<double> numbers; ///< of the others, by input
  double largest = 0;          ///< magnitude of an element of `own`
};

std::optional<Parts> matchParts(Value queries) {
  auto concat = queries.getDefiningOp<tensor::ConcatOp>();
  if (!concat || concat.getDim() != 1)
    return std::nullopt;
  Parts parts{concat, 0, {}, 0};
  std::optional<unsigned> own;
  for (auto [i, input] : llvm::enumerate(concat.getInputs())) {
    Attribute uniform = uniformConstant(input);
    if (!uniform && own)
      return std::nullopt;
    if (!uniform)
      own = i;
    parts.numbers.push_back(uniform ? numberOf(uniform) : 0);
  }
  if (!own || parts.numbers.size() < 2)
    return std::nullopt;
  parts.own = *own;
  auto values = valuesOf(concat.getInputs()[*own], kMostValues);
  if (!values)
    return std::nullopt;
  auto isInteger = [](double number) {
    return number == std::nearbyint(number);
  };
  for (Attribute value : *values) {
    const double number = numberOf(value);
    if (!isInteger(number))
      return std::nullopt;
    parts.largest = std::max(parts.largest, std::abs(number));
  }
  return llvm::all_of(parts.numbers, isInteger) ? std::optional(parts)
                                                : std::nullopt;
}

} // namespace

bool pumice::splitSum(linalg::MatmulOp op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!type || !type.getElementType().isF32() || !fill ||
      op.hasUserDefinedMaps() || !op.hasPureTensorSemantics() ||
      !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
    return false;
  std::optional<Parts> parts = matchParts(op.getDpsInputs()[0]);
  std::optional<ConstantData> table = ConstantData::find(op.getDpsInputs()[1]);
  if (!parts || !table)
    return false;

  const int64_t words = type.getDimSize(1);
  const std::vector<float> all = table->elements<float>();
  ArrayRef<float> rows(all);
  SmallVector<float> own;
  std::vector<double> offsets(words), largest(words);
  for (auto [i, input] : llvm::enumerate(parts->concat.getInputs())) {
    const int64_t cells = cast<RankedTensorType>(input.getType()).getDimSize(1);
    ArrayRef<float> part = rows.take_front(cells * words);
    rows = rows.drop_front(cells * words);
    for (auto [k, weight] : llvm::enumerate(part)) {
      if (weight != std::nearbyint(weight))
        return false;
      const double number =
          i == parts->own ? parts->largest : parts->numbers[i];
      largest[k % words] += std::abs(number * double(weight));
      if (i != parts->own)
        offsets[k % words] += number * double(weight);
    }
    if (i == parts->own)
      own.assign(part.begin(), part.end());
  }
  // Sums are the same in any order.
  if (llvm::any_of(largest, [](double sum) { return !(sum < (1 << 24)); }))
    return false;

  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value queries = parts->concat.getInputs()[parts->own];
  const int64_t cells = cast<RankedTensorType>(queries.getType()).getDimSize(1);
  auto constant = [&](ArrayRef<int64_t> shape,
                      ArrayRef<float> values) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(
            RankedTensorType::get(shape, builder.getF32Type()), values));
  };
  const SmallVector<float> added(offsets.begin(), offsets.end());
  const bool isUniform = llvm::all_equal(added);
  // Before the product, where a search would stand.
  Value uniform;
  if (isUniform)
    uniform = arith::ConstantOp::create(builder, loc,
                                        builder.getF32FloatAttr(added[0]));
  auto product = linalg::MatmulOp::create(
      builder, loc, type, ValueRange{queries, constant({cells, words}, own)},
      op.getDpsInits()[0]);
  product->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  SmallVector<Value> inputs{product->getResult(0)};
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(2)};
  if (!isUniform) {
    inputs.push_back(constant({words}, added));
    maps.push_back(AffineMap::get(2, 0, builder.getAffineDimExpr(1)));
  }
  maps.push_back(builder.getMultiDimIdentityMap(2));
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                        type.getElementType());
  auto sum = linalg::GenericOp::create(
      builder, loc, type, inputs, empty, maps,
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location inner, ValueRange args) {
        linalg::YieldOp::create(
            b, inner,
            arith::AddFOp::create(b, inner, args[0],
                                  isUniform ? uniform : args[1])
                .getResult());
      });
  op->getResult(0).replaceAllUsesWith(sum->getResult(0));
  op->erase();
  return true;
}
