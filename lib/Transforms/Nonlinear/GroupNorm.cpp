// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/GroupNorm.h"
#include "lib/Analysis/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace pumice;
using namespace pumice::arithmetic;

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// The table of indices behind an index: PyTorch counts negative ones from the
/// end.
static OpOperand *tableOf(linalg::GenericOp op, Value index) {
  while (Operation *def = index.getDefiningOp()) {
    if (auto select = dyn_cast<arith::SelectOp>(def))
      index = select.getFalseValue();
    else if (isa<arith::IndexCastOp>(def))
      index = def->getOperand(0);
    else
      return nullptr;
  }
  auto arg = dyn_cast<BlockArgument>(index);
  return arg && arg.getOwner() == op.getBody() ? op.getMatchingOpOperand(arg)
                                               : nullptr;
}

/// The source of a gather of all elements in their order.
static Value gatheredWhole(linalg::GenericOp op) {
  if (op.getNumResults() != 1 || op.getNumLoops() != op.getNumParallelLoops())
    return {};
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  auto extract = yielded.getDefiningOp<tensor::ExtractOp>();
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  if (!extract ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return {};
  auto source = extract.getTensor().getType();
  if (!source.hasStaticShape() ||
      source.getNumElements() != type.getNumElements())
    return {};
  SmallVector<int64_t> at(type.getNumElements(), 0);
  for (auto [index, extent] :
       llvm::zip(extract.getIndices(), source.getShape())) {
    OpOperand *table = tableOf(op, index);
    std::optional<SmallVector<int64_t>> data =
        table ? integerData(table->get()) : std::nullopt;
    if (!data)
      return {};
    AffineMap map = op.getMatchingIndexingMap(table);
    ArrayRef<int64_t> extents =
        cast<RankedTensorType>(table->get().getType()).getShape();
    for (int64_t i = 0, e = at.size(); i < e; ++i) {
      int64_t place = 0, rest = i;
      SmallVector<int64_t> point(type.getRank());
      for (int64_t d = type.getRank(); d-- > 0; rest /= type.getDimSize(d))
        point[d] = rest % type.getDimSize(d);
      for (auto [expr, size] : llvm::zip(map.getResults(), extents)) {
        auto dim = dyn_cast<AffineDimExpr>(expr);
        if (!dim && size != 1)
          return {};
        place =
            place * size + (dim && size != 1 ? point[dim.getPosition()] : 0);
      }
      int64_t value = (*data)[place];
      if (value < 0 || value >= extent)
        return {};
      at[i] = at[i] * extent + value;
    }
  }
  for (auto [i, place] : llvm::enumerate(at))
    if (place != int64_t(i))
      return {};
  return extract.getTensor();
}

void pumice::reshapeGathers(Block &block) {
  for (auto op :
       llvm::make_early_inc_range(block.getOps<linalg::GenericOp>())) {
    Value source = gatheredWhole(op);
    if (!source)
      continue;
    auto from = cast<RankedTensorType>(source.getType());
    auto to = cast<RankedTensorType>(op.getResult(0).getType());
    std::optional<SmallVector<ReassociationIndices>> groups =
        getReassociationIndicesForCollapse(from.getShape(), to.getShape());
    if (!groups)
      continue;
    OpBuilder builder(op);
    op.getResult(0).replaceAllUsesWith(tensor::CollapseShapeOp::create(
        builder, op.getLoc(), to, source, *groups));
    op.erase();
  }
}

//===----------------------------------------------------------------------===//
// Group norms
//===----------------------------------------------------------------------===//

static bool near(double a, double b) {
  return std::abs(a - b) <= 1e-3 * std::max(std::abs(a), std::abs(b));
}

static Value tensorOf(const Node *node) {
  return node->is(Fn::element) ? Value::getFromOpaquePointer(node->key)
                               : Value();
}

static bool isReshape(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

static Value throughReshapes(Value value, SmallVectorImpl<Operation *> &ops) {
  while (Operation *def = value.getDefiningOp()) {
    if (!isReshape(def))
      break;
    ops.push_back(def);
    value = def->getOperand(0);
  }
  return value;
}

static bool isConstantNode(const Node *node) {
  Value tensor = tensorOf(node);
  return tensor && tensor.getDefiningOp<arith::ConstantOp>();
}

std::optional<GroupNorm>
pumice::matchGroupNorm(OpResult root, View &outer,
                       llvm::function_ref<bool(Operation *)> isBoundary) {
  // x * a + b
  const Node *sum = outer.getRoot();
  if (!sum->is(Fn::sum) || sum->args.size() != 2 || sum->numbers[0] != 0 ||
      sum->numbers[1] != 1 || sum->numbers[2] != 1)
    return std::nullopt;
  unsigned first = sum->args[0]->is(Fn::product) ? 0 : 1;
  const Node *product = sum->args[first];
  Value shift = tensorOf(sum->args[1 - first]);
  if (!product->is(Fn::product) || product->args.size() != 2 || !shift ||
      product->numbers[1] != 1 || product->numbers[2] != 1)
    return std::nullopt;
  SmallVector<Operation *> reshapes;
  Value b = throughReshapes(shift, reshapes);
  for (unsigned i : {0, 1}) {
    Value scale = tensorOf(product->args[1 - i]);
    const Place *place = outer.placeOf(product->args[i]);
    if (!scale || !place || reshapes.empty() ||
        !isa<RankedTensorType>(b.getType()))
      continue;
    SmallVector<Operation *> moves(reshapes);
    Value a = throughReshapes(scale, moves);
    // shift - sum(x) / n * scale / sqrt(...), in the shape of groups
    View inner(b, isBoundary);
    const Node *node = inner.getRoot();
    const Node *term = nullptr;
    double factor = 0;
    if (node->is(Fn::sum))
      for (auto [j, arg] : llvm::enumerate(node->args)) {
        if (isConstantNode(arg))
          continue;
        if (term)
          return std::nullopt;
        term = arg;
        factor = node->numbers[j + 1];
      }
    else if (node->is(Fn::product)) {
      factor = node->numbers[0];
      term = inner.scaled(1 / factor, node);
    }
    if (!term || !term->is(Fn::product))
      return std::nullopt;
    const Node *mean = nullptr, *norm = nullptr;
    SmallVector<Term> scales;
    for (auto [j, arg] : llvm::enumerate(term->args)) {
      double power = term->numbers[j + 1];
      if (power == -0.5 && !norm)
        norm = arg;
      else if (arg->is(Fn::reduceSum) && power == 1 && !mean)
        mean = arg;
      else if (isConstantNode(arg) && power == 1)
        scales.push_back({arg, 1.0});
      else
        return std::nullopt;
    }
    if (!mean || !norm)
      return std::nullopt;
    double epsilon = 0;
    if (norm->is(Fn::sum) && norm->args.size() == 1) {
      epsilon = norm->numbers[0];
      norm = norm->args[0];
    }
    if (!norm->is(Fn::reduceSum) || norm->dims != mean->dims)
      return std::nullopt;
    double count = 1;
    for (int64_t variable : norm->dims)
      count *= inner.extentOf(variable);
    // sum((x - mean)^2)
    const Node *x = mean->args[0];
    const Node *centred = inner.sum({{x, 1.0}, {mean, -1 / count}});
    if (norm->args[0] != inner.product(1, {{centred, 2.0}}) ||
        !near(factor, -1 / std::sqrt(count)))
      return std::nullopt;
    scales.push_back({inner.sum({{norm, 1.0}}, epsilon), -0.5});
    const Place *scalePlace = inner.placeOfMultiple(inner.product(1, scales));
    const Place *grouped = inner.placeOf(x);
    if (!scalePlace || scalePlace->tensor != a || !grouped)
      return std::nullopt;
    if (throughReshapes(grouped->tensor, moves) != place->tensor)
      return std::nullopt;
    auto groupedType = cast<RankedTensorType>(grouped->tensor.getType());
    auto type = cast<RankedTensorType>(place->tensor.getType());
    if (type.getRank() < 3 || groupedType.getRank() < 3)
      return std::nullopt;
    GroupNorm result;
    result.argument = place->tensor;
    result.groups = groupedType.getDimSize(1);
    result.epsilon = epsilon / count;
    // Everything between the argument and the root.
    SmallVector<Operation *> work{root.getOwner()};
    result.ops.insert(root.getOwner());
    while (!work.empty())
      work.pop_back_val()->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands()) {
          Operation *def = operand.getDefiningOp();
          if (operand == result.argument || !def ||
              def->getBlock() != root.getOwner()->getBlock() ||
              !(outer.holds(def) || inner.holds(def) || isReshape(def)) ||
              isa<linalg::FillOp>(def))
            continue;
          if (result.ops.insert(def))
            work.push_back(def);
        }
      });
    return result;
  }
  return std::nullopt;
}
