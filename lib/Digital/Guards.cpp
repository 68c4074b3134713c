// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Guards.cpp - Undefined behaviour of ops, defined
//---------------------===//
//
// Ops have inputs for which they define no result: division by zero, a shift
// by the width or more, a conversion of a float that does not fit, memory that
// nothing was written to. Here each gets an assertion or a value. Accesses to
// memory are checked later (CheckAccesses.cpp).
//
//===----------------------------------------------------------------------===//
#include "lib/Digital/IndexRanges.h"
#include "lib/Digital/LoweringStages.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/DebugLog.h"

#include <cmath>

#define DEBUG_TYPE "pumice-digital-lowering"

using namespace mlir;
using namespace pumice;
using namespace pumice::digital;

namespace {

//===----------------------------------------------------------------------===//
// Memory that nothing was written to
//===----------------------------------------------------------------------===//

/// Whether `use` reads no element of the tensor, or writes all before any is
/// read.
bool ignoresContents(OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<tensor::DimOp>(user))
    return true;
  if (auto softmax = dyn_cast<linalg::SoftmaxOp>(user))
    return use.get() != softmax.getInput();
  auto op = dyn_cast<linalg::LinalgOp>(user);
  if (!op || op.payloadUsesValueFromOperand(&use))
    return false;
  if (!op.isDpsInit(&use))
    return true;
  return writesAll(op, use);
}

/// tensor.empty is zero wherever its contents could reach a result.
struct ZeroUninitialised : FunctionPass<ZeroUninitialised> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ZeroUninitialised)

  void runOnOperation() override {
    SmallVector<tensor::EmptyOp> all;
    getOperation().walk([&](tensor::EmptyOp op) { all.push_back(op); });
    for (tensor::EmptyOp op : all) {
      SmallVector<OpOperand *> readers;
      for (OpOperand &use : op->getUses())
        if (!ignoresContents(use))
          readers.push_back(&use);
      auto element = op.getType().getElementType();
      if (readers.empty() || !element.isIntOrIndexOrFloat())
        continue;
      LDBG() << "zeroes " << op;
      OpBuilder builder(op->getBlock(), std::next(op->getIterator()));
      Value zero = arith::ConstantOp::create(builder, op.getLoc(),
                                             builder.getZeroAttr(element));
      // A tensor of its own: others still write into the empty one.
      Value empty = tensor::EmptyOp::create(builder, op.getLoc(),
                                            op.getType().getShape(), element);
      Value filled = linalg::FillOp::create(builder, op.getLoc(), zero, empty)
                         .getResult(0);
      for (OpOperand *use : readers)
        use->set(filled);
    }
  }
};

//===----------------------------------------------------------------------===//
// Integer arithmetic
//===----------------------------------------------------------------------===//

Value integer(OpBuilder &builder, Location loc, Type type, const APInt &value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(type, value));
}

Value compare(OpBuilder &builder, Location loc, arith::CmpIPredicate predicate,
              Value left, Value right) {
  return arith::CmpIOp::create(builder, loc, predicate, left, right);
}

unsigned widthOf(Type type) {
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

struct GuardTraps : FunctionPass<GuardTraps> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GuardTraps)

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect,
                    linalg::LinalgDialect>();
  }

  static bool isDivision(Operation *op) {
    return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
               arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp,
               index::DivSOp, index::DivUOp, index::RemSOp, index::RemUOp,
               index::CeilDivSOp, index::CeilDivUOp, index::FloorDivSOp>(op);
  }
  static bool isUnsignedDivision(Operation *op) {
    return isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp,
               index::DivUOp, index::RemUOp, index::CeilDivUOp>(op);
  }
  static bool isShift(Operation *op) {
    return isa<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp, index::ShlOp,
               index::ShrSOp, index::ShrUOp>(op);
  }

  static void guardDivision(Operation *op) {
    Value divisor = op->getOperand(1);
    Type type = divisor.getType();
    if (!type.isIntOrIndex())
      return; // of tensors: they have become loops, or are refused
    std::optional<int64_t> constant = getConstantIntValue(divisor);
    if (constant && *constant != 0 && *constant != -1)
      return;
    OpBuilder builder(op);
    Location loc = op->getLoc();
    auto differs = [&](Value value, const APInt &from) {
      return compare(builder, loc, arith::CmpIPredicate::ne, value,
                     integer(builder, loc, type, from));
    };
    unsigned width = widthOf(type);
    cf::AssertOp::create(builder, loc, differs(divisor, APInt::getZero(width)),
                         "integer division by zero");
    if (isUnsignedDivision(op))
      return;
    Value fits = arith::OrIOp::create(
        builder, loc,
        differs(op->getOperand(0), APInt::getSignedMinValue(width)),
        differs(divisor, APInt::getAllOnes(width)));
    cf::AssertOp::create(builder, loc, fits, "integer division overflows");
  }

  static void guardShift(Operation *op) {
    Value amount = op->getOperand(1);
    Type type = amount.getType();
    if (!type.isIntOrIndex())
      return;
    unsigned width = widthOf(type);
    std::optional<int64_t> constant = getConstantIntValue(amount);
    if (constant && *constant >= 0 && *constant < int64_t(width))
      return;
    OpBuilder builder(op);
    Location loc = op->getLoc();
    // A power of two is at least the width, so that the width is representable.
    Value limit = integer(builder, loc, type, APInt(width, width - 1));
    cf::AssertOp::create(
        builder, loc,
        compare(builder, loc, arith::CmpIPredicate::ule, amount, limit),
        "shift by at least the width of " + std::to_string(width) + " bits");
  }

  /// A loop that does not advance would never end; also bounds of its trips are
  /// computed by a division by the step.
  static void guardSteps(Operation *op, MutableArrayRef<OpOperand> steps) {
    for (OpOperand &step : steps) {
      std::optional<int64_t> constant = getConstantIntValue(step.get());
      if (constant && *constant > 0)
        continue;
      OpBuilder builder(op);
      Location loc = op->getLoc();
      Type type = step.get().getType();
      unsigned width = widthOf(type);
      Value one = integer(builder, loc, type, APInt(width, 1));
      cf::AssertOp::create(
          builder, loc,
          compare(builder, loc, arith::CmpIPredicate::sge, step.get(), one),
          "loop step that is not positive");
      step.set(arith::MaxSIOp::create(builder, loc, step.get(), one));
    }
  }

  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (isDivision(op))
        guardDivision(op);
      else if (isShift(op))
        guardShift(op);
      else if (auto loop = dyn_cast<scf::ForOp>(op))
        guardSteps(op, MutableArrayRef(&loop.getStepMutable(), 1));
      else if (auto loop = dyn_cast<scf::ParallelOp>(op))
        guardSteps(op, loop.getStepMutable());
    });
  }
};

//===----------------------------------------------------------------------===//
// Conversions of floats to integers
//===----------------------------------------------------------------------===//

/// What a float can be.
struct FloatRange {
  double low = -HUGE_VAL, high = HUGE_VAL;
  bool canBeNaN = true;
};

std::optional<double> floatConstant(Value value) {
  APFloat constant(0.0);
  if (!matchPattern(value, m_ConstantFloat(&constant)))
    return std::nullopt;
  bool loses;
  constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
  return constant.convertToDouble();
}

double largestOf(FloatType type) {
  APFloat largest = APFloat::getLargest(type.getFloatSemantics());
  bool loses;
  largest.convert(APFloat::IEEEdouble(), APFloat::rmTowardZero, &loses);
  return largest.convertToDouble();
}

FloatRange floatRange(Value value, unsigned depth = 0) {
  constexpr unsigned kMaxDepth = 12;
  Operation *op = value.getDefiningOp();
  if (!op || depth > kMaxDepth)
    return {};
  if (std::optional<double> constant = floatConstant(value)) {
    if (std::isnan(*constant))
      return {};
    return {*constant, *constant, false};
  }
  auto operand = [&](unsigned i) {
    return floatRange(op->getOperand(i), depth + 1);
  };
  if (isa<math::RoundEvenOp, math::RoundOp, math::FloorOp, math::CeilOp,
          math::TruncOp>(op)) {
    FloatRange range = operand(0);
    return {std::floor(range.low), std::ceil(range.high), range.canBeNaN};
  }
  if (isa<arith::ExtFOp>(op))
    return operand(0);
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    Type type = op->getOperand(0).getType();
    double limit = std::ldexp(1.0, int(widthOf(type)));
    // Integers that a narrow type of floats does not hold become infinite.
    auto floats = dyn_cast<FloatType>(value.getType());
    if (!floats || limit > largestOf(floats))
      limit = HUGE_VAL;
    return {isa<arith::UIToFPOp>(op) ? 0.0 : -limit, limit, false};
  }
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp,
          arith::MinNumFOp>(op)) {
    FloatRange a = operand(0), b = operand(1);
    bool isMax = isa<arith::MaximumFOp, arith::MaxNumFOp>(op);
    bool isNum = isa<arith::MaxNumFOp, arith::MinNumFOp>(op);
    FloatRange range;
    range.low = isMax ? std::max(a.low, b.low) : std::min(a.low, b.low);
    range.high = isMax ? std::max(a.high, b.high) : std::min(a.high, b.high);
    // One that prefers numbers gives the other operand for a NaN.
    range.canBeNaN =
        isNum ? a.canBeNaN && b.canBeNaN : a.canBeNaN || b.canBeNaN;
    if (isNum && a.canBeNaN)
      range = {std::min(range.low, b.low), std::max(range.high, b.high),
               range.canBeNaN};
    if (isNum && b.canBeNaN)
      range = {std::min(range.low, a.low), std::max(range.high, a.high),
               range.canBeNaN};
    return range;
  }
  if (auto clamp = dyn_cast<math::ClampFOp>(op)) {
    FloatRange low = floatRange(clamp.getMin(), depth + 1);
    FloatRange high = floatRange(clamp.getMax(), depth + 1);
    return {std::min(low.low, high.low), std::max(low.high, high.high), true};
  }
  return {};
}

/// A float that has no integer of the type becomes what processors of the x86
/// family make of it: the conversion is to at least 32 bits (64 if the integer
/// is unsigned and of 32), cut to the width; NaN and what does not fit there
/// become the smallest number.
struct DefineConversions : FunctionPass<DefineConversions> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DefineConversions)

  static void define(Operation *op) {
    auto type = dyn_cast<IntegerType>(op->getResult(0).getType());
    Value source = op->getOperand(0);
    auto floats = dyn_cast<FloatType>(source.getType());
    if (!type || !floats || type.getWidth() > 64)
      return;
    const bool isUnsigned = isa<arith::FPToUIOp>(op);
    const unsigned width = type.getWidth();
    const unsigned wide = width < 32                  ? 32
                          : isUnsigned && width == 32 ? 64
                                                      : std::max(width, 32u);
    const bool wideUnsigned = isUnsigned && width == 64;
    FloatRange range = floatRange(source);
    // Powers of two, which every float type has (or infinity instead).
    double low = wideUnsigned ? 0.0 : -std::ldexp(1.0, int(wide) - 1);
    double end = std::ldexp(1.0, wideUnsigned ? int(wide) : int(wide) - 1);
    const bool fits = range.low >= low && range.high < end;
    if (fits && !range.canBeNaN && wide == width)
      return;
    OpBuilder builder(op);
    Location loc = op->getLoc();
    auto wideType = builder.getIntegerType(wide);
    auto number = [&](double value) -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getFloatAttr(floats, value));
    };
    auto is = [&](arith::CmpFPredicate predicate, Value right) -> Value {
      return arith::CmpFOp::create(builder, loc, predicate, source, right);
    };
    Value valid;
    if (!fits || range.canBeNaN) {
      if (fits) {
        valid = is(arith::CmpFPredicate::ORD, source);
      } else {
        Value above = wideUnsigned ? is(arith::CmpFPredicate::OGT, number(-1.0))
                                   : is(arith::CmpFPredicate::OGE, number(low));
        // Every finite number of a narrow float type fits.
        if (!wideUnsigned && floats.isF16())
          above = is(arith::CmpFPredicate::OGT, number(low));
        valid = arith::AndIOp::create(
            builder, loc, above, is(arith::CmpFPredicate::OLT, number(end)));
      }
      source = arith::SelectOp::create(builder, loc, valid, source, number(0));
    }
    Value converted =
        wideUnsigned
            ? Value(arith::FPToUIOp::create(builder, loc, wideType, source))
            : Value(arith::FPToSIOp::create(builder, loc, wideType, source));
    // Cut to fewer bits, the smallest number is 0, as the conversion of 0 is.
    if (wide != width)
      converted = arith::TruncIOp::create(builder, loc, type, converted);
    else if (valid)
      converted = arith::SelectOp::create(
          builder, loc, valid, converted,
          integer(builder, loc, type, APInt::getSignedMinValue(width)));
    op->getResult(0).replaceAllUsesWith(converted);
    op->erase();
  }

  void runOnOperation() override {
    SmallVector<Operation *> conversions;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
        conversions.push_back(op);
    });
    for (Operation *op : conversions)
      define(op);
  }
};

//===----------------------------------------------------------------------===//
// Promises that nothing keeps
//===----------------------------------------------------------------------===//

/// Lowerings promise that index arithmetic does not overflow; LLVM makes what
/// it likes of a broken promise. Kept are those that hold. Poison of folders is
/// zero.
struct DropPromises : FunctionPass<DropPromises> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropPromises)

  void runOnOperation() override {
    IndexRanges ranges;
    SmallVector<ub::PoisonOp> poison;
    getOperation().walk([&](Operation *op) {
      if (auto value = dyn_cast<ub::PoisonOp>(op))
        poison.push_back(value);
      auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op);
      if (flags && (flags.hasNoSignedWrap() || flags.hasNoUnsignedWrap()) &&
          !ranges.of(op->getResult(0)))
        dropPromises(op);
    });
    for (ub::PoisonOp op : poison) {
      OpBuilder builder(op);
      TypedAttr zero = builder.getZeroAttr(op.getType());
      if (!zero) {
        op.emitError("expected no poison of type ") << op.getType();
        return signalPassFailure();
      }
      op.getResult().replaceAllUsesWith(
          arith::ConstantOp::create(builder, op.getLoc(), zero).getResult());
      op.erase();
    }
  }
};

} // namespace

bool pumice::digital::writesAll(linalg::LinalgOp op, OpOperand &init) {
  auto type = cast<ShapedType>(init.get().getType());
  llvm::SmallDenseSet<unsigned> loops;
  AffineMap map = op.getMatchingIndexingMap(&init);
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (dim ? !loops.insert(dim.getPosition()).second
            : !constant || constant.getValue() != 0 ||
                  type.getDimSize(axis) != 1)
      return false;
  }
  return true;
}

void pumice::digital::dropPromises(Operation *op) {
  MLIRContext *context = op->getContext();
  if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op))
    op->setAttr(
        flags.getFastMathAttrName(),
        arith::FastMathFlagsAttr::get(context, arith::FastMathFlags::none));
  if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op))
    op->setAttr(flags.getIntegerOverflowAttrName(),
                arith::IntegerOverflowFlagsAttr::get(
                    context, arith::IntegerOverflowFlags::none));
  for (StringRef name : {"isExact", "nonNeg"})
    op->removeAttr(name);
}

std::unique_ptr<Pass> pumice::digital::createZeroUninitialisedPass() {
  return std::make_unique<ZeroUninitialised>();
}
std::unique_ptr<Pass> pumice::digital::createGuardTrapsPass() {
  return std::make_unique<GuardTraps>();
}
std::unique_ptr<Pass> pumice::digital::createDefineConversionsPass() {
  return std::make_unique<DefineConversions>();
}
std::unique_ptr<Pass> pumice::digital::createDropPromisesPass() {
  return std::make_unique<DropPromises>();
}
