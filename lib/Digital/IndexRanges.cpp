// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/IndexRanges.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using Bounds = std::optional<pumice::IntegerRange>;

namespace pumice::digital {

/// Computations are followed this far back; what is beyond is not known.
static constexpr unsigned kMaxDepth = 256;

static Bounds add(Bounds a, Bounds b) {
  IntegerRange sum;
  if (!a || !b || llvm::AddOverflow(a->low, b->low, sum.low) ||
      llvm::AddOverflow(a->high, b->high, sum.high))
    return std::nullopt;
  return sum;
}

static Bounds subtract(Bounds a, Bounds b) {
  IntegerRange difference;
  if (!a || !b || llvm::SubOverflow(a->low, b->high, difference.low) ||
      llvm::SubOverflow(a->high, b->low, difference.high))
    return std::nullopt;
  return difference;
}

static Bounds multiply(Bounds a, Bounds b) {
  if (!a || !b)
    return std::nullopt;
  Bounds result;
  for (int64_t x : {a->low, a->high})
    for (int64_t y : {b->low, b->high}) {
      int64_t product;
      if (llvm::MulOverflow(x, y, product))
        return std::nullopt;
      IntegerRange point{product, product};
      result = result ? result->join(point) : point;
    }
  return result;
}

/// The positive constant that `range` is; 0 if it is none.
static int64_t positiveConstant(Bounds range) {
  return range && range->low == range->high && range->low > 0 ? range->low : 0;
}

static Bounds modulo(Bounds a, Bounds b) {
  int64_t divisor = positiveConstant(b);
  if (!divisor)
    return std::nullopt;
  if (a && a->low >= 0 && a->high < divisor)
    return a;
  return IntegerRange{0, divisor - 1};
}

/// Rounds as `round` does; monotonic.
template <typename Round>
static Bounds divide(Bounds a, Bounds b, Round round) {
  int64_t divisor = positiveConstant(b);
  if (!a || !divisor)
    return std::nullopt;
  return IntegerRange{round(a->low, divisor), round(a->high, divisor)};
}

static int64_t floorOf(int64_t a, int64_t b) {
  return llvm::divideFloorSigned(a, b);
}
static int64_t ceilOf(int64_t a, int64_t b) {
  return llvm::divideCeilSigned(a, b);
}
static int64_t truncated(int64_t a, int64_t b) { return a / b; }

Bounds rangeOf(AffineExpr expr, unsigned numDims, ArrayRef<Bounds> ranges) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return IntegerRange{constant.getValue(), constant.getValue()};
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return ranges[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return ranges[numDims + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Bounds left = rangeOf(binary.getLHS(), numDims, ranges);
  Bounds right = rangeOf(binary.getRHS(), numDims, ranges);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return add(left, right);
  case AffineExprKind::Mul:
    return multiply(left, right);
  case AffineExprKind::Mod:
    return modulo(left, right);
  case AffineExprKind::FloorDiv:
    return divide(left, right, floorOf);
  case AffineExprKind::CeilDiv:
    return divide(left, right, ceilOf);
  default:
    return std::nullopt;
  }
}

/// All values of an integer type; none for those of 64 bits and more.
static Bounds ofType(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() == 0 || integer.getWidth() >= 64)
    return std::nullopt;
  return IntegerRange::ofBits(integer.getWidth(), /*isSigned=*/true);
}

static Bounds meet(Bounds range, Type type) {
  Bounds all = ofType(type);
  if (!all || (range && all->contains(*range)))
    return range;
  return all; // wraps around
}

/// The counter of a loop, unless it might wrap around on its way to the end.
static Bounds ofLoop(Type type, Bounds first, Bounds end, Bounds step) {
  int64_t last, next;
  if (!first || !end || !step || step->low <= 0 ||
      llvm::SubOverflow(end->high, int64_t(1), last) ||
      llvm::AddOverflow(last, step->high, next))
    return std::nullopt;
  if (Bounds all = ofType(type); all && next > all->high)
    return std::nullopt;
  // A loop without iterations has no values; any range holds them all.
  return IntegerRange{first->low, std::max(first->low, last)};
}

Bounds IndexRanges::of(Value value) {
  if (!value.getType().isIntOrIndex())
    return std::nullopt;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  if (depth >= kMaxDepth)
    return ofType(value.getType());
  ++depth;
  Bounds range = meet(compute(value), value.getType());
  --depth;
  known[value] = range;
  return range;
}

Bounds IndexRanges::compute(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto loop = dyn_cast_or_null<scf::ForOp>(parent))
      if (argument == loop.getInductionVar()) {
        Bounds first = of(loop.getLowerBound()), end = of(loop.getUpperBound());
        // Numbers that are not negative compare alike with and without sign.
        if (loop.getUnsignedCmp() &&
            !(first && first->low >= 0 && end && end->low >= 0))
          return std::nullopt;
        return ofLoop(value.getType(), first, end, of(loop.getStep()));
      }
    if (auto loop = dyn_cast_or_null<scf::ParallelOp>(parent)) {
      unsigned number = argument.getArgNumber();
      if (number < loop.getNumLoops())
        return ofLoop(value.getType(), of(loop.getLowerBound()[number]),
                      of(loop.getUpperBound()[number]),
                      of(loop.getStep()[number]));
    }
    if (auto loop = dyn_cast_or_null<affine::AffineForOp>(parent))
      if (argument == loop.getInductionVar() && loop.hasConstantBounds()) {
        int64_t first = loop.getConstantLowerBound();
        int64_t end = loop.getConstantUpperBound();
        int64_t step = loop.getStepAsInt();
        return ofLoop(value.getType(), IntegerRange{first, first},
                      IntegerRange{end, end}, IntegerRange{step, step});
      }
    return std::nullopt;
  }
  Operation *op = value.getDefiningOp();
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSignificantBits() <= 64
               ? Bounds(IntegerRange{constant.getSExtValue(),
                                     constant.getSExtValue()})
               : std::nullopt;
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    auto parent = dyn_cast<linalg::LinalgOp>(op->getParentOp());
    if (!parent)
      return std::nullopt;
    int64_t extent = parent.getStaticLoopRanges()[index.getDim()];
    if (ShapedType::isDynamic(extent))
      return std::nullopt;
    return IntegerRange{0, std::max<int64_t>(extent, 1) - 1};
  }
  auto affine = [&](AffineMap map, ValueRange operands) {
    SmallVector<Bounds> inputs;
    for (Value operand : operands)
      inputs.push_back(of(operand));
    SmallVector<Bounds> results;
    for (AffineExpr expr : map.getResults())
      results.push_back(rangeOf(expr, map.getNumDims(), inputs));
    return results;
  };
  // One known bound of a minimum bounds it above only.
  auto extreme = [](ArrayRef<Bounds> all, bool isMin) -> Bounds {
    Bounds result;
    for (Bounds range : all) {
      if (!range)
        return std::nullopt;
      if (!result)
        result = range;
      else if (isMin)
        result = IntegerRange{std::min(result->low, range->low),
                              std::min(result->high, range->high)};
      else
        result = IntegerRange{std::max(result->low, range->low),
                              std::max(result->high, range->high)};
    }
    return result;
  };
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return affine(apply.getAffineMap(), apply.getMapOperands()).front();
  if (auto min = dyn_cast<affine::AffineMinOp>(op))
    return extreme(affine(min.getAffineMap(), min.getOperands()), true);
  if (auto max = dyn_cast<affine::AffineMaxOp>(op))
    return extreme(affine(max.getAffineMap(), max.getOperands()), false);

  auto operand = [&](unsigned i) { return of(op->getOperand(i)); };
  if (isa<arith::AddIOp>(op))
    return add(operand(0), operand(1));
  if (isa<arith::SubIOp>(op))
    return subtract(operand(0), operand(1));
  if (isa<arith::MulIOp>(op))
    return multiply(operand(0), operand(1));
  if (isa<arith::DivSIOp>(op))
    return divide(operand(0), operand(1), truncated);
  if (isa<arith::FloorDivSIOp>(op))
    return divide(operand(0), operand(1), floorOf);
  if (isa<arith::CeilDivSIOp>(op))
    return divide(operand(0), operand(1), ceilOf);
  if (isa<arith::RemSIOp>(op)) {
    int64_t divisor = positiveConstant(operand(1));
    if (!divisor)
      return std::nullopt;
    Bounds dividend = operand(0);
    bool isPositive = dividend && dividend->low >= 0;
    return IntegerRange{isPositive ? 0 : 1 - divisor, divisor - 1};
  }
  if (isa<arith::DivUIOp, arith::RemUIOp>(op)) {
    // Numbers that are not negative are the same with and without sign.
    Bounds dividend = operand(0);
    bool isPositive = dividend && dividend->low >= 0;
    if (isa<arith::RemUIOp>(op))
      return isPositive ? modulo(dividend, operand(1))
                        : modulo(std::nullopt, operand(1));
    return isPositive ? divide(dividend, operand(1), truncated) : std::nullopt;
  }
  // A constant bounds these on one side; an unknown operand has no other.
  if (isa<arith::MinSIOp, arith::MaxSIOp>(op)) {
    constexpr IntegerRange any{INT64_MIN, INT64_MAX};
    return extreme({operand(0).value_or(any), operand(1).value_or(any)},
                   isa<arith::MinSIOp>(op));
  }
  if (isa<arith::AndIOp>(op)) {
    Bounds a = operand(0), b = operand(1);
    if (a && a->low >= 0 && b && b->low >= 0)
      return IntegerRange{0, std::min(a->high, b->high)};
    if (a && a->low >= 0)
      return IntegerRange{0, a->high};
    if (b && b->low >= 0)
      return IntegerRange{0, b->high};
    return std::nullopt;
  }
  if (isa<arith::SelectOp>(op)) {
    Bounds a = operand(1), b = operand(2);
    return a && b ? Bounds(a->join(*b)) : std::nullopt;
  }
  if (isa<arith::ExtSIOp, arith::IndexCastOp, arith::TruncIOp>(op))
    return operand(0);
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    Bounds source = operand(0);
    if (source && source->low >= 0)
      return source;
    auto type = dyn_cast<IntegerType>(op->getOperand(0).getType());
    if (type && type.getWidth() < 63)
      return IntegerRange::ofBits(type.getWidth(), /*isSigned=*/false);
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace pumice::digital
