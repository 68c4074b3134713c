// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From ops to nodes.
#include "lib/Transforms/Nonlinear/Arithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace pumice::arithmetic;

/// Nonlinear functions contain fewer ops; the view ends at this limit.
static constexpr unsigned maxOps = 96;

/// The body of a linalg op at one point of its loops.
struct View::Body {
  linalg::LinalgOp op;
  SmallVector<int64_t, 4> loops; ///< variables
  llvm::DenseMap<Value, const Node *> values;
};

static std::optional<double> scalarConstant(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return number.getType().isInteger(1) ? number.getValue().getBoolValue()
                                         : number.getValue().getSExtValue();
  return std::nullopt;
}

static bool isNumber(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isFloat() || element.isInteger(1);
}

View::View(Value value, llvm::function_ref<bool(Operation *)> isBoundary,
           unsigned maxDepth)
    : isBoundary(isBoundary), maxDepth(maxDepth) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> coords;
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    coords.push_back(i);
    extents[i] = extent;
  }
  nextVariable = type.getRank();
  root = element(value, coords);
}

const Node *View::element(Value tensor, ArrayRef<int64_t> coords) {
  SmallVector<int64_t> at(coords);
  for (auto [i, extent] :
       llvm::enumerate(cast<RankedTensorType>(tensor.getType()).getShape()))
    if (extent == 1)
      at[i] = -1;
  const Node *leaf =
      unique(Fn::element, {}, {}, at, tensor.getAsOpaquePointer());
  auto [it, isNew] = expansions.try_emplace(leaf, leaf);
  if (!isNew)
    return it->second;
  const Node *node = nullptr;
  if (std::optional<double> number = scalarConstant(tensor)) {
    node = constant(*number);
  } else if (auto result = dyn_cast<OpResult>(tensor);
             result && depth < maxDepth && isNumber(tensor.getType()) &&
             !isBoundary(result.getOwner())) {
    full |= held.size() >= maxOps;
    if (!full) {
      ++depth;
      node = expand(result, at);
      --depth;
      if (node)
        held.insert(result.getOwner());
    }
  }
  node = node ? node : leaf;
  expansions[leaf] = node;
  places.try_emplace(node, Place{tensor, llvm::to_vector<4>(at)});
  return node;
}

const Node *View::expand(OpResult tensor, ArrayRef<int64_t> coords) {
  Operation *op = tensor.getOwner();
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return expandReshape(op, coords);
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    std::optional<double> number = scalarConstant(fill.getInputs()[0]);
    return number ? constant(*number) : nullptr;
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.hasPureTensorSemantics()
               ? expandLinalg(linalgOp, tensor.getResultNumber(), coords)
               : nullptr;
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return nullptr;
  SmallVector<const Node *> args;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      return nullptr;
    args.push_back(element(operand, coords));
  }
  return apply(op, args, coords);
}

/// Reshapes that only add or drop dimensions of extent 1.
const Node *View::expandReshape(Operation *op, ArrayRef<int64_t> coords) {
  Value source = op->getOperand(0);
  auto from = cast<RankedTensorType>(source.getType());
  auto to = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> at(from.getRank(), -1);
  int64_t next = 0;
  for (int64_t coord : coords) {
    if (coord == -1)
      continue;
    while (next < from.getRank() && from.getDimSize(next) == 1)
      ++next;
    if (next == from.getRank())
      return nullptr;
    at[next++] = coord;
  }
  auto extentsOf = [](RankedTensorType type) {
    return llvm::filter_to_vector(type.getShape(),
                                  [](int64_t extent) { return extent != 1; });
  };
  return extentsOf(from) == extentsOf(to) ? element(source, at) : nullptr;
}

/// A value from outside that a region could not hold.
static bool captures(linalg::LinalgOp op) {
  WalkResult result = op.getBlock()->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (!op->isAncestor(operand.getParentBlock()->getParentOp()) &&
          !isa<RankedTensorType>(operand.getType()) &&
          !matchPattern(operand, m_Constant()))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

const Node *View::expandLinalg(linalg::LinalgOp op, unsigned result,
                               ArrayRef<int64_t> coords) {
  // Integers belong to quantization.
  for (OpOperand *input : op.getDpsInputOperands())
    if (!isNumber(input->get().getType()))
      return nullptr;
  if (captures(op))
    return nullptr;
  OpOperand *init = op.getDpsInitOperand(result);
  Body body{op, SmallVector<int64_t, 4>(op.getNumLoops(), -1),
            llvm::DenseMap<Value, const Node *>()};
  llvm::SmallBitVector isSet(op.getNumLoops());
  for (auto [expr, coord] :
       llvm::zip(op.getMatchingIndexingMap(init).getResults(), coords)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      body.loops[dim.getPosition()] = coord;
      isSet.set(dim.getPosition());
    } else if (coord != -1) {
      return nullptr;
    }
  }
  // Bound variables: those of the view that are free, in order, so that a
  // reduced dimension keeps its name.
  SmallVector<int64_t> bound;
  auto iterators = op.getIteratorTypesArray();
  auto ranges = op.getStaticLoopRanges();
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    if (isSet.test(loop) || ranges[loop] == 1)
      continue;
    if (iterators[loop] != utils::IteratorType::reduction)
      return nullptr;
    int64_t variable = 0, rank = nextVariable;
    auto isTaken = [&](int64_t v) {
      return llvm::is_contained(body.loops, v) ||
             extents.lookup(v) != ranges[loop];
    };
    while (variable < rank && isTaken(variable))
      ++variable;
    if (variable == rank)
      extents[nextVariable++] = ranges[loop];
    body.loops[loop] = variable;
    bound.push_back(variable);
  }
  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  BlockArgument accumulator = op.getMatchingBlockArgument(init);
  if (!bound.empty()) {
    // A product of two tensors is a layer, not a subroutine.
    llvm::SmallPtrSet<Value, 2> read;
    for (OpOperand *input : op.getDpsInputOperands())
      if (op.payloadUsesValueFromOperand(input))
        read.insert(input->get());
    bool isWindow = llvm::any_of(op.getIndexingMapsArray(), [](AffineMap map) {
      return !map.isProjectedPermutation(/*allowZeroInResults=*/true);
    });
    if (read.size() > 1 && (isWindow || linalg::isaContractionOpInterface(op)))
      return nullptr;
    return reduce(body, yielded, accumulator, init->get(), bound);
  }
  if (!accumulator.use_empty())
    body.values[accumulator] = element(init->get(), coords);
  return scalar(body, yielded);
}

const Node *View::reduce(Body &body, Value yielded, Value accumulator,
                         Value init, ArrayRef<int64_t> variables) {
  Operation *combine = yielded.getDefiningOp();
  std::optional<double> start = scalarConstant(init);
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    start = scalarConstant(fill.getInputs()[0]);
  if (!combine || !start)
    return nullptr;
  Fn fn;
  SmallVector<Value> operands(combine->getOperands());
  if (isa<arith::AddFOp>(combine) && *start == 0) {
    fn = Fn::reduceSum;
  } else if (isa<arith::MaximumFOp, arith::MaxNumFOp>(combine) &&
             *start <= -3e38) {
    fn = Fn::reduceMax;
  } else if (isa<arith::AndIOp>(combine) && *start == 1) {
    fn = Fn::reduceAll;
  } else if (auto choice = dyn_cast<arith::SelectOp>(combine);
             choice && *start <= -3e38) {
    auto compare = choice.getCondition().getDefiningOp<arith::CmpFOp>();
    bool isGreater =
        compare && llvm::is_contained(
                       {arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE,
                        arith::CmpFPredicate::UGT, arith::CmpFPredicate::UGE},
                       compare.getPredicate());
    if (!isGreater || compare.getLhs() != choice.getTrueValue() ||
        compare.getRhs() != choice.getFalseValue())
      return nullptr;
    fn = Fn::reduceMax;
    operands = {choice.getTrueValue(), choice.getFalseValue()};
  } else {
    return nullptr;
  }
  if (operands[0] == accumulator)
    std::swap(operands[0], operands[1]);
  if (operands[1] != accumulator || operands[0] == accumulator)
    return nullptr;
  const Node *arg = scalar(body, operands[0]);
  if (!arg)
    return nullptr;
  SmallVector<int64_t> sorted(variables);
  llvm::sort(sorted);
  // A factor moves out of a sum, so that sum(2x) is 2 sum(x).
  double factor = 1;
  if (fn == Fn::reduceSum && arg->is(Fn::product) && arg->numbers[0] != 1) {
    factor = arg->numbers[0];
    arg = scaled(1 / factor, arg);
  }
  return scaled(factor, unique(fn, arg, {}, sorted));
}

const Node *View::argument(Body &body, BlockArgument arg) {
  OpOperand *operand = body.op.getMatchingOpOperand(arg);
  auto type = dyn_cast<RankedTensorType>(operand->get().getType());
  if (!type) {
    std::optional<double> number = scalarConstant(operand->get());
    return number ? constant(*number)
                  : unique(Fn::other, {}, {}, {},
                           operand->get().getAsOpaquePointer());
  }
  SmallVector<int64_t> at;
  bool isOpaque = false;
  for (auto [i, expr] :
       llvm::enumerate(body.op.getMatchingIndexingMap(operand).getResults())) {
    if (type.getDimSize(i) == 1) {
      at.push_back(-1);
    } else if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      at.push_back(body.loops[dim.getPosition()]);
    } else { // a window
      extents[nextVariable] = 0;
      at.push_back(nextVariable++);
      isOpaque = true;
    }
  }
  if (!isOpaque)
    return element(operand->get(), at);
  const Node *leaf =
      unique(Fn::element, {}, {}, at, operand->get().getAsOpaquePointer());
  places.try_emplace(leaf, Place{operand->get(), llvm::to_vector<4>(at)});
  return leaf;
}

const Node *View::scalar(Body &body, Value value) {
  auto [it, isNew] = body.values.try_emplace(value, nullptr);
  if (!isNew)
    return it->second;
  const Node *node = nullptr;
  Operation *op = value.getDefiningOp();
  auto arg = dyn_cast<BlockArgument>(value);
  if (arg && arg.getOwner() == body.op.getBlock()) {
    // In a reduction, only the combining op may read the accumulator.
    if (arg.getArgNumber() < body.op.getNumDpsInputs())
      node = argument(body, arg);
  } else if (std::optional<double> number = scalarConstant(value)) {
    node = constant(*number);
  } else if (op && op->getBlock() == body.op.getBlock()) {
    SmallVector<const Node *> args;
    bool all = op->getNumResults() == 1 && op->getNumRegions() == 0;
    for (Value operand : op->getOperands()) {
      if (isa<ShapedType>(operand.getType()))
        continue; // tensor.extract: known by the op itself
      args.push_back(scalar(body, operand));
      all &= args.back() != nullptr;
    }
    if (all)
      node = apply(op, args, body.loops);
  }
  return body.values[value] = node;
}

const Node *View::apply(Operation *op, ArrayRef<const Node *> args,
                        ArrayRef<int64_t> coords) {
  auto binary = [&](double a, double b) {
    return sum({{args[0], a}, {args[1], b}});
  };
  auto power = [&](double exponent) {
    return product(1, {{args[0], exponent}});
  };
  auto other = [&](const void *key) {
    return unique(Fn::other, args, {}, coords, key);
  };
  return TypeSwitch<Operation *, const Node *>(op)
      // Precision is not part of the function.
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) { return args[0]; })
      .Case<arith::AddFOp>([&](auto) { return binary(1, 1); })
      .Case<arith::SubFOp>([&](auto) { return binary(1, -1); })
      .Case<arith::NegFOp>([&](auto) { return scaled(-1, args[0]); })
      .Case<arith::MulFOp>(
          [&](auto) { return product(1, {{args[0], 1.0}, {args[1], 1.0}}); })
      .Case<arith::DivFOp>(
          [&](auto) { return product(1, {{args[0], 1.0}, {args[1], -1.0}}); })
      .Case<math::FmaOp>([&](auto) {
        return sum({{product(1, {{args[0], 1.0}, {args[1], 1.0}}), 1.0},
                    {args[2], 1.0}});
      })
      .Case<math::SqrtOp>([&](auto) { return power(0.5); })
      .Case<math::RsqrtOp>([&](auto) { return power(-0.5); })
      .Case<math::PowFOp, math::FPowIOp>([&](auto) {
        return args[1]->is(Fn::constant) ? power(args[1]->numbers[0])
                                         : other(op);
      })
      .Case<math::ExpOp>([&](auto) { return call(Fn::exp, args); })
      .Case<math::Exp2Op>(
          [&](auto) { return call(Fn::exp, scaled(std::log(2.0), args[0])); })
      .Case<math::ExpM1Op>(
          [&](auto) { return sum({{call(Fn::exp, args), 1.0}}, -1); })
      .Case<math::LogOp>([&](auto) { return call(Fn::log, args); })
      .Case<math::Log1pOp>(
          [&](auto) { return call(Fn::log, sum({{args[0], 1.0}}, 1)); })
      .Case<math::TanhOp>([&](auto) { return call(Fn::tanh, args); })
      .Case<math::ErfOp>([&](auto) { return call(Fn::erf, args); })
      .Case<math::ErfcOp>(
          [&](auto) { return sum({{call(Fn::erf, args), -1.0}}, 1); })
      .Case<math::AbsFOp>([&](auto) { return call(Fn::abs, args); })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>(
          [&](auto) { return call(Fn::maximum, args); })
      .Case<arith::MinimumFOp, arith::MinNumFOp>(
          [&](auto) { return call(Fn::minimum, args); })
      .Case<math::ClampFOp>([&](auto) {
        return call(Fn::maximum,
                    {args[1], call(Fn::minimum, {args[0], args[2]})});
      })
      .Case<arith::SelectOp>([&](auto) { return call(Fn::select, args); })
      .Case<arith::CmpFOp>([&](arith::CmpFOp compare) {
        using P = arith::CmpFPredicate;
        switch (compare.getPredicate()) {
        case P::OGT:
        case P::OGE:
        case P::UGT:
        case P::UGE:
          return call(Fn::greater, args);
        case P::OLT:
        case P::OLE:
        case P::ULT:
        case P::ULE:
          return call(Fn::greater, {args[1], args[0]});
        case P::OEQ:
        case P::UEQ:
          return call(Fn::equal, args);
        default:
          return other(op);
        }
      })
      .Default([&](Operation *) { return other(op); });
}
