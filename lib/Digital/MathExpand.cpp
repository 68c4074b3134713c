// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/MathExpand.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace {

/// (exp(r) - 1) / r on |r| <= ln(2)/2, interpolated at Chebyshev nodes:
/// relative error 5.2e-12.
constexpr double kExpm1[] = {0.99999999999550904,    0.49999999999955108,
                             0.16666666786308587,    0.041666666786265731,
                             0.0083332835387085278,  0.0013888839110572009,
                             0.00019907569310848288, 2.4867870179687727e-05};

/// erf(sqrt(t)) / sqrt(t) on 0 <= t <= 16: relative error 4.0e-10.
constexpr double kErf[] = {
    1.1283791668944105,      -0.37612637994416254,    0.11283784806429992,
    -0.026865963750455343,   0.0052236461496136307,   -0.00085450651019488471,
    0.0001203383996463952,   -1.4825297167592423e-05, 1.6116703597671405e-06,
    -1.5463813944083871e-07, 1.2980389195573635e-08,  -9.3706488571225505e-10,
    5.6823739391549953e-11,  -2.8122359092737115e-12, 1.0968599972908687e-13,
    -3.2214784279409349e-15, 6.6614222223123495e-17,  -8.611370426755082e-19,
    5.2201645242380988e-21};

/// Scalar f64 arithmetic in the body of a region.
struct Builder64 {
  PatternRewriter &rewriter;
  Location loc;

  Value constant(double value) {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getF64FloatAttr(value));
  }
  Value constant(int64_t value) {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getI64IntegerAttr(value));
  }
  Value widen(Value x) {
    return arith::ExtFOp::create(rewriter, loc, rewriter.getF64Type(), x);
  }
  Value narrow(Value x) {
    return arith::TruncFOp::create(rewriter, loc, rewriter.getF32Type(), x);
  }
  Value add(Value a, Value b) {
    return arith::AddFOp::create(rewriter, loc, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubFOp::create(rewriter, loc, a, b);
  }
  Value mul(Value a, Value b) {
    return arith::MulFOp::create(rewriter, loc, a, b);
  }
  /// Rounds once on every host, unlike a contracted product and sum.
  Value fma(Value a, Value b, Value c) {
    return math::FmaOp::create(rewriter, loc, a, b, c);
  }
  Value polynomial(ArrayRef<double> coefficients, Value x) {
    Value sum = constant(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, constant(coefficient));
    return sum;
  }
  /// Ordered compares: a NaN passes through.
  Value clamp(Value x, double low, double high) {
    Value l = constant(low), h = constant(high);
    Value below =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OLT, x, l);
    x = arith::SelectOp::create(rewriter, loc, below, l, x);
    Value above =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OGT, x, h);
    return arith::SelectOp::create(rewriter, loc, above, h, x);
  }

  /// exp(x) = scale * (1 + m) with scale a power of two and |m| < 0.42.
  /// |x| must be below 700.
  std::pair<Value, Value> scaledExp(Value x) {
    // Adding 1.5 * 2^52 leaves the nearest integer in the low mantissa bits.
    // Unlike fptosi, this is defined for NaN.
    Value magic = constant(6755399441055744.0);
    Value shifted = add(mul(x, constant(1.4426950408889634)), magic);
    Value n = sub(shifted, magic);
    Value r = sub(x, mul(n, constant(0.69314718055994531)));
    Value bits =
        arith::BitcastOp::create(rewriter, loc, rewriter.getI64Type(), shifted);
    bits = arith::ShLIOp::create(rewriter, loc, bits, constant(int64_t(52)));
    bits = arith::AddIOp::create(rewriter, loc, bits,
                                 constant(int64_t(1023) << 52));
    Value scale =
        arith::BitcastOp::create(rewriter, loc, rewriter.getF64Type(), bits);
    return {scale, mul(r, polynomial(kExpm1, r))};
  }
  Value exp(Value x) {
    auto [scale, m] = scaledExp(x);
    return add(scale, mul(scale, m));
  }
  /// Keeps relative precision near zero, where scale is exactly one.
  Value expm1(Value x) {
    auto [scale, m] = scaledExp(x);
    return add(mul(scale, m), sub(scale, constant(1.0)));
  }
};

template <typename Op>
struct Expand : OpRewritePattern<Op> {
  using Function = Value (*)(Builder64, Value);
  Function function;
  Expand(MLIRContext *context, Function function)
      : OpRewritePattern<Op>(context), function(function) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "only scalar f32 is expanded");
    Builder64 b{rewriter, op.getLoc()};
    rewriter.replaceOp(op, b.narrow(function(b, b.widen(op.getOperand()))));
    return success();
  }
};

struct WideFPowI : OpRewritePattern<math::FPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FPowIOp op,
                                PatternRewriter &rewriter) const override {
    Type exponent = op.getRhs().getType();
    if (!exponent.isInteger() || exponent.isInteger(32))
      return failure();
    Value converted = arith::SIToFPOp::create(rewriter, op.getLoc(),
                                              op.getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<math::PowFOp>(op, op.getLhs(), converted);
    return success();
  }
};

/// 1 / x^n, rounded to zero. Upstream divides, by zero too where the power
/// overflows.
struct NegativeIPowI : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IPowIOp op,
                                PatternRewriter &rewriter) const override {
    APInt exponent;
    if (!op.getType().isInteger() ||
        !matchPattern(op.getRhs(), m_ConstantInt(&exponent)) ||
        !exponent.isNegative())
      return failure();
    Location loc = op.getLoc();
    Value base = op.getLhs();
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(
          rewriter, loc, rewriter.getIntegerAttr(op.getType(), value));
    };
    auto is = [&](arith::CmpIPredicate predicate, int64_t value) -> Value {
      return arith::CmpIOp::create(rewriter, loc, predicate, base,
                                   constant(value));
    };
    Value zero = constant(0), one = constant(1), minusOne = constant(-1);
    cf::AssertOp::create(rewriter, loc, is(arith::CmpIPredicate::ne, 0),
                         "zero to a negative power");
    Value ofMinusOne =
        arith::SelectOp::create(rewriter, loc, is(arith::CmpIPredicate::eq, -1),
                                exponent[0] ? minusOne : one, zero);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(
        op, is(arith::CmpIPredicate::eq, 1), one, ofMinusOne);
    return success();
  }
};

} // namespace

void pumice::digital::populateMathLegalizePatterns(
    RewritePatternSet &patterns) {
  // After the simplifications, which turn small constant exponents into
  // products.
  patterns.add<WideFPowI>(patterns.getContext(), /*benefit=*/0);
  patterns.add<NegativeIPowI>(patterns.getContext(), /*benefit=*/10);
}

void pumice::digital::populateMathExpandPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  // Outside of these bounds, the f32 result is 0, inf or +-1.
  patterns.add<Expand<math::ExpOp>>(
      context,
      +[](Builder64 b, Value x) { return b.exp(b.clamp(x, -120, 100)); });
  patterns.add<Expand<math::ExpM1Op>>(
      context,
      +[](Builder64 b, Value x) { return b.expm1(b.clamp(x, -120, 100)); });
  patterns.add<Expand<math::TanhOp>>(
      context, +[](Builder64 b, Value x) -> Value {
        Value twice = b.mul(b.clamp(x, -10, 10), b.constant(2.0));
        Value m = b.expm1(twice);
        return arith::DivFOp::create(b.rewriter, b.loc, m,
                                     b.add(m, b.constant(2.0)));
      });
  patterns.add<Expand<math::ErfOp>>(
      context, +[](Builder64 b, Value x) {
        Value c = b.clamp(x, -4, 4);
        return b.mul(c, b.polynomial(kErf, b.mul(c, c)));
      });
}
