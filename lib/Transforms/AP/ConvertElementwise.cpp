// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Elementwise.h"
#include "lib/APCompiler/Epilogue.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Device/Device.h"
#include "lib/Digital/Registration.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/AP/ChannelFunctions.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/SumPoolings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-convert-elementwise"

namespace pumice {
#define GEN_PASS_DEF_APCONVERTELEMENTWISE
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using Interval = IntegerRange;

namespace {

Interval joined(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Interval rangeOf(DenseIntElementsAttr codes) {
  Interval range = {INT8_MAX, INT8_MIN};
  for (int8_t code : codes.getValues<int8_t>())
    range = joined(range, {code, code});
  return range;
}

/// The range of an i8 tensor, read as signed. A tensor that is known to hold
/// values of at most 127 if read as unsigned has no negative ones.
Interval rangeOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto layer = dyn_cast_if_present<ap::MVMOp>(op);
      layer && layer.getCodes())
    return rangeOf(cast<DenseIntElementsAttr>(layer.getCodesAttr()));
  if (auto layer = dyn_cast_if_present<ap::Conv2DOp>(op);
      layer && layer.getCodes())
    return rangeOf(cast<DenseIntElementsAttr>(layer.getCodesAttr()));
  if (auto sum = dyn_cast_if_present<ap::WeightedSumOp>(op))
    return rangeOf(cast<DenseIntElementsAttr>(sum.getCodesAttr()));
  if (isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return rangeOf(op->getOperand(0));
  if (auto pool = dyn_cast_if_present<ap::MaxPool2DOp>(op))
    return IntegerRange::ofBits(pool.getInputBits(), !pool.getInputUnsigned());
  IntegerRange codes = rangeOfCodes(value, /*isUnsigned=*/true);
  if (codes.high > INT8_MAX)
    codes = rangeOfCodes(value, /*isUnsigned=*/false);
  return {codes.low, codes.high};
}

std::optional<int64_t> constantOf(Value value) {
  APInt number;
  if (!value || !matchPattern(value, m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

/// A maximum pooling of a rank-4 tensor [N, C, H, W].
struct Pooling {
  Value input;
  SmallVector<int64_t> kernel, strides, dilations, padding = {0, 0, 0, 0};
  Interval range; ///< of the inputs, padding included
  int64_t paddingCode = 0;
};

/// Takes the input and padding from `pad` if it pads images with a constant;
/// returns false otherwise.
bool lookThroughPadding(Pooling &pooling, tensor::PadOp pad) {
  std::optional<int64_t> code = constantOf(pad.getConstantPaddingValue());
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  auto isBad = [](int64_t size) { return size < 0; };
  if (!code || low[0] || low[1] || high[0] || high[1] ||
      llvm::any_of(low, isBad) || llvm::any_of(high, isBad))
    return false;
  pooling.input = pad.getSource();
  pooling.padding = {low[2], low[3], high[2], high[3]};
  pooling.range = rangeOf(pooling.input);
  // Padding below all inputs has the effect of the least input, provided that
  // no window is all padding.
  auto covers = [&](unsigned d) {
    return pooling.dilations[d] == 1 &&
           std::max(pooling.padding[d], pooling.padding[2 + d]) <
               pooling.kernel[d];
  };
  if (*code < pooling.range.low && covers(0) && covers(1))
    code = pooling.range.low;
  pooling.paddingCode = *code;
  pooling.range = joined(pooling.range, {*code, *code});
  return true;
}

std::optional<Pooling> matchPooling(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (op.getNumResults() != 1 || op.getNumDpsInputs() != 2 ||
      !llvm::hasSingleElement(body.without_terminator()) ||
      !getElementTypeOrSelf(op.getResult(0).getType()).isInteger(8))
    return std::nullopt;
  Operation *maximum = &body.front();
  if (!isa<arith::MaxUIOp, arith::MaxSIOp>(maximum) ||
      maximum->getOperand(0) != body.getArgument(0) ||
      maximum->getOperand(1) != body.getArgument(2))
    return std::nullopt;
  std::optional<Windows> windows = matchWindows(op);
  if (!windows)
    return std::nullopt;
  Pooling pooling;
  pooling.kernel = windows->kernel;
  pooling.strides = windows->strides;
  pooling.dilations = windows->dilations;

  pooling.input = op.getDpsInputs()[0];
  auto pad = pooling.input.getDefiningOp<tensor::PadOp>();
  if (!pad || !lookThroughPadding(pooling, pad))
    pooling.range = rangeOf(pooling.input);
  // The initial value must not exceed any input.
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  std::optional<int64_t> first =
      fill ? constantOf(fill.getInputs()[0]) : std::nullopt;
  const bool isUnsigned = isa<arith::MaxUIOp>(maximum);
  if (!first || *first > pooling.range.low ||
      (isUnsigned && (*first < 0 || pooling.range.low < 0)))
    return std::nullopt;
  if (!windows->give(cast<RankedTensorType>(pooling.input.getType()),
                     pooling.padding,
                     cast<RankedTensorType>(op.getResult(0).getType())))
    return std::nullopt;
  return pooling;
}

/// An elementwise function of two quantized tensors.
struct Pair {
  unsigned lhs = 0, rhs = 0; ///< operand numbers
  bool isUniform = true;     ///< the same in all channels
  size_t function = 0;       ///< index in ChannelFunctions
};

std::optional<Pair> matchPair(linalg::GenericOp op,
                              ChannelFunctions &functions) {
  if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() ||
      (op.getNumLoops() != 4 && op.getNumLoops() != 2) ||
      !getElementTypeOrSelf(op.getResult(0).getType()).isInteger(8))
    return std::nullopt;
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  OpOperand *init = op.getDpsInitOperand(0);
  if (!op.getMatchingIndexingMap(init).isIdentity() ||
      !op.getMatchingBlockArgument(init).use_empty())
    return std::nullopt;
  Pair pair;
  Expression expression;
  SmallVector<Value, 2> variables;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value argument = op.getMatchingBlockArgument(operand);
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (std::optional<ConstantData> data =
            constantPerChannel(operand->get(), map, type.getDimSize(1))) {
      pair.isUniform &= data->isSplat() || data->size() == 1;
      expression.constants[argument] = std::move(*data);
      continue;
    }
    if (variables.size() == 2 || operand->get().getType() != type ||
        !map.isIdentity())
      return std::nullopt;
    (variables.empty() ? pair.lhs : pair.rhs) = operand->getOperandNumber();
    variables.push_back(argument);
  }
  Value yielded =
      cast<linalg::YieldOp>(op.getBody()->getTerminator()).getOperand(0);
  if (variables.size() != 2 ||
      !expression.collect(*op.getBody(), yielded, variables))
    return std::nullopt;
  pair.function = functions.add({{&expression, variables}});
  return pair;
}

/// The results for all pairs (a, b); b varies fastest.
using Table = std::vector<int8_t>;

/// Searches for factors p, q with which a function of (a, b) is a step function
/// of p * a + q * b.
class FactorSearch {
public:
  FactorSearch(Interval lhs, Interval rhs, int64_t bits) : lhs(lhs), rhs(rhs) {
    // A ratio of factors matters only through the order of the sums. Factors
    // below twice the number of quantized values produce every order.
    const int64_t most = int64_t(2) << bits;
    for (int64_t p = 1; p < most; ++p)
      for (int64_t q = 1; q < most; ++q)
        for (int64_t sign : {1, -1}) {
          const int64_t digits = digitsOf(p) + digitsOf(q);
          candidates.push_back(
              {4 * digits * sumsOf(p, sign * q).signedBits(), p, sign * q});
        }
    llvm::sort(candidates);
  }

  /// The step functions of factors[0] * a + factors[1] * b that equal `tables`,
  /// with at most `mostSteps` steps each, and the factors with the fewest
  /// passes.
  std::optional<std::vector<apcompiler::StepFunction>>
  run(ArrayRef<Table> tables, size_t mostSteps, int64_t (&factors)[2]) const {
    std::optional<std::vector<apcompiler::StepFunction>> best;
    int64_t fewest = INT64_MAX;
    for (auto [additions, p, q] : candidates) {
      if (additions >= fewest)
        break;
      std::vector<apcompiler::StepFunction> found;
      int64_t comparisons = 0;
      for (const Table &table : tables) {
        std::optional<apcompiler::StepFunction> one =
            functionOf(table, p, q, mostSteps);
        if (!one)
          break;
        for (int64_t threshold : one->thresholds)
          comparisons += sumsOf(p, q).signedBits() - zerosOf(threshold) + 2;
        found.push_back(std::move(*one));
      }
      if (found.size() != tables.size())
        continue;
      const int64_t passes = additions + comparisons / int64_t(tables.size());
      if (passes >= fewest)
        continue;
      fewest = passes;
      factors[0] = p;
      factors[1] = q;
      best = std::move(found);
    }
    return best;
  }

private:
  /// Number of additions that multiply by `factor`.
  static int64_t digitsOf(int64_t factor) {
    const std::vector<int8_t> digits = apcompiler::signedDigits(factor);
    return digits.size() - llvm::count(digits, 0);
  }
  static int64_t zerosOf(int64_t number) {
    return number ? llvm::countr_zero(uint64_t(number)) : 0;
  }

  Interval sumsOf(int64_t p, int64_t q) const {
    return {p * lhs.low + std::min(q * rhs.low, q * rhs.high),
            p * lhs.high + std::max(q * rhs.low, q * rhs.high)};
  }

  std::optional<apcompiler::StepFunction>
  functionOf(const Table &table, int64_t p, int64_t q, size_t mostSteps) const {
    const Interval sums = sumsOf(p, q);
    constexpr int64_t none = INT64_MIN;
    std::vector<int64_t> codes(sums.high - sums.low + 1, none);
    size_t i = 0;
    for (int64_t a = lhs.low; a <= lhs.high; ++a)
      for (int64_t b = rhs.low; b <= rhs.high; ++b, ++i) {
        int64_t &code = codes[p * a + q * b - sums.low];
        if (code != none && code != table[i])
          return std::nullopt;
        code = table[i];
      }
    apcompiler::StepFunction stepFunction;
    int64_t before = sums.low; // the previous sum that occurs
    for (size_t u = 0; u < codes.size(); ++u) {
      if (codes[u] == none)
        continue;
      const int64_t sum = sums.low + int64_t(u);
      if (stepFunction.codes.empty()) {
        stepFunction.codes.push_back(int8_t(codes[u]));
      } else if (codes[u] != stepFunction.codes.back()) {
        // Any threshold after `before` is correct. Trailing zeros save passes.
        int64_t threshold = sum;
        for (int64_t other = before + 1; other < sum; ++other)
          if (zerosOf(other) > zerosOf(threshold))
            threshold = other;
        stepFunction.thresholds.push_back(threshold);
        stepFunction.codes.push_back(int8_t(codes[u]));
        if (stepFunction.thresholds.size() > mostSteps)
          return std::nullopt;
      }
      before = sum;
    }
    return stepFunction;
  }

  Interval lhs, rhs;
  /// (passes of the additions, p, q)
  std::vector<std::tuple<int64_t, int64_t, int64_t>> candidates;
};

struct APConvertElementwisePass
    : pumice::impl::APConvertElementwiseBase<APConvertElementwisePass> {
  using APConvertElementwiseBase::APConvertElementwiseBase;

  // Functions are compiled by the compiler of the digital unit.
  void getDependentDialects(DialectRegistry &registry) const override {
    APConvertElementwiseBase::getDependentDialects(registry);
    digital::registerDigitalDialects(registry);
  }

  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    std::optional<model::APSpec> processors =
        device ? processorsOf(device) : std::nullopt;
    if (!processors || !processors->elementwiseBits)
      return;
    ap = *processors;
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    ChannelFunctions functions(&getContext(), model::threadCount(threads));
    llvm::DenseMap<Operation *, Pair> pairs;
    for (linalg::GenericOp op : ops)
      if (std::optional<Pair> pair = matchPair(op, functions))
        pairs[op] = *pair;
    // Converting an op narrows the ranges of its users, so go in program order.
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp op : ops) {
      rewriter.setInsertionPoint(op);
      if (auto pair = pairs.find(op); pair != pairs.end()) {
        if (llvm::Error error =
                convert(rewriter, op, pair->second, functions)) {
          op.emitError() << llvm::toString(std::move(error));
          return signalPassFailure();
        }
      } else if (std::optional<Pooling> pooling = matchPooling(op)) {
        convert(rewriter, op, *pooling);
      }
    }
  }

private:
  bool fits(Interval codes) const { return codes.bits() <= ap.elementwiseBits; }

  void convert(IRRewriter &rewriter, linalg::GenericOp op,
               const Pooling &pooling) {
    if (!fits(pooling.range) ||
        pooling.kernel[0] * pooling.kernel[1] + 2 > ap.columns ||
        pooling.range.bits() > ap.domains)
      return;
    LDBG() << "converting a pooling: " << op.getLoc();
    rewriter.replaceOpWithNewOp<ap::MaxPool2DOp>(
        op, op.getResult(0).getType(), pooling.input,
        crossbar::WindowAttr::get(&getContext(), pooling.kernel,
                                  pooling.strides, pooling.dilations,
                                  pooling.padding),
        pooling.range.low < 0 ? UnitAttr() : rewriter.getUnitAttr(),
        rewriter.getI64IntegerAttr(pooling.paddingCode),
        rewriter.getI64IntegerAttr(pooling.range.bits()));
    ++numPoolings;
  }

  llvm::Error convert(IRRewriter &rewriter, linalg::GenericOp op,
                      const Pair &pair, ChannelFunctions &functions) {
    Value left = op->getOperand(pair.lhs), right = op->getOperand(pair.rhs);
    const Interval lhs = rangeOf(left), rhs = rangeOf(right);
    const Interval codes = joined(lhs, rhs);
    if (!fits(codes))
      return llvm::Error::success();
    // Compile all functions when the first one is needed.
    if (!functions.isCompiled(pair.function))
      if (llvm::Error error = functions.compile())
        return error;
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    const int64_t channels = type.getDimSize(1);
    std::vector<int8_t> a, b;
    for (int64_t x = lhs.low; x <= lhs.high; ++x)
      for (int64_t y = rhs.low; y <= rhs.high; ++y) {
        a.push_back(int8_t(x));
        b.push_back(int8_t(y));
      }
    std::vector<Table> tables;
    for (int64_t c = 0; c < (pair.isUniform ? 1 : channels); ++c) {
      Table &table = tables.emplace_back(a.size());
      if (llvm::Error error =
              functions.evaluate(pair.function, c, {a.data(), b.data()},
                                 table.data(), table.size())) {
        LDBG() << "not converted: " << llvm::toString(std::move(error));
        return llvm::Error::success();
      }
    }
    const size_t mostSteps = (size_t(1) << ap.elementwiseBits) - 1;
    int64_t factors[2];
    std::optional<std::vector<apcompiler::StepFunction>> found =
        FactorSearch(lhs, rhs, codes.bits()).run(tables, mostSteps, factors);
    if (!found ||
        apcompiler::Codes::holding(*found).bits > ap.elementwiseBits) {
      LDBG() << "not converted, not a step function of a weighted sum: "
             << op.getLoc();
      return llvm::Error::success();
    }
    size_t steps = 1;
    for (const apcompiler::StepFunction &stepFunction : *found)
      steps = std::max(steps, stepFunction.thresholds.size());
    if (int64_t(steps) + 2 > ap.columns)
      return llvm::Error::success();
    auto [thresholds, values] = apcompiler::toArrays(*found, steps);
    // Repeat a function that all channels share.
    for (int64_t c = 1; pair.isUniform && c < channels; ++c) {
      thresholds.insert(thresholds.end(), thresholds.begin(),
                        thresholds.begin() + steps);
      values.insert(values.end(), values.begin(), values.begin() + steps + 1);
    }
    auto tensorOf = [&](int64_t columns, unsigned width) {
      return RankedTensorType::get({channels, columns},
                                   rewriter.getIntegerType(width));
    };
    LDBG() << "converting to a weighted sum with " << steps
           << " steps: " << op.getLoc();
    // A matrix is an image of one position.
    const bool isMatrix = type.getRank() == 2;
    const SmallVector<ReassociationIndices> images = {{0}, {1, 2, 3}};
    auto asImages = [&](Value value) -> Value {
      if (!isMatrix)
        return value;
      auto images4d = RankedTensorType::get(
          {type.getDimSize(0), channels, 1, 1}, type.getElementType());
      return tensor::ExpandShapeOp::create(rewriter, op.getLoc(), images4d,
                                           value, images);
    };
    Value lhsImages = asImages(left), rhsImages = asImages(right);
    Value sum = ap::WeightedSumOp::create(
        rewriter, op.getLoc(), lhsImages.getType(), lhsImages, rhsImages,
        rewriter.getDenseI64ArrayAttr(factors),
        codes.low < 0 ? UnitAttr() : rewriter.getUnitAttr(),
        rewriter.getI64IntegerAttr(codes.bits()),
        DenseIntElementsAttr::get(tensorOf(int64_t(steps), 64),
                                  ArrayRef(thresholds)),
        DenseIntElementsAttr::get(tensorOf(int64_t(steps) + 1, 8),
                                  ArrayRef(values)));
    if (isMatrix)
      sum = tensor::CollapseShapeOp::create(rewriter, op.getLoc(), type, sum,
                                            images);
    rewriter.replaceOp(op, sum);
    ++numSums;
    return llvm::Error::success();
  }

  model::APSpec ap;
};

} // namespace
