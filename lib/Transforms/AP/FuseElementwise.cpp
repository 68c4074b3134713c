// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Compiler.h"
#include "lib/APCompiler/Epilogue.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Device/Device.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include <thread>

namespace pumice {
#define GEN_PASS_DEF_APFUSEELEMENTWISE
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// An elementwise op behind a layer, as a function of the layer's sum and of
/// numbers that depend on the output channel only.
struct Stage {
  mutable linalg::GenericOp op; // its accessors are not const
  unsigned variable = 0; ///< the input that is the sum, or what became of it
  Expression expression;

  Block &body() const { return op->getRegion(0).front(); }
  Value argument() const { return body().getArgument(variable); }
  /// Whether the expression is all that `op` computes.
  bool isWhole() const {
    return cast<linalg::YieldOp>(body().getTerminator()).getOperand(0) ==
           expression.result;
  }
};

/// Makes `value` what the stage computes; false if it does not depend on the
/// sum, is not computable, or something else uses what is on the way.
bool collect(Stage &stage, Value value) {
  Expression &expression = stage.expression;
  if (!expression.collect(stage.body(), value, stage.argument()))
    return false;
  // What of the ops depends on the sum is nobody else's.
  SetVector<Operation *> dependent;
  auto depends = [&](Value operand) {
    return operand == stage.argument() ||
           dependent.contains(operand.getDefiningOp());
  };
  auto isInside = [&](Operation *user) {
    return expression.ops.contains(user);
  };
  for (Operation *op : expression.ops)
    if (llvm::any_of(op->getOperands(), depends))
      dependent.insert(op);
  if (!llvm::all_of(stage.argument().getUsers(), isInside))
    return false;
  for (Operation *op : dependent)
    if (op != value.getDefiningOp() && !llvm::all_of(op->getUsers(), isInside))
      return false;
  return dependent.contains(value.getDefiningOp());
}

/// The stage that `sums`, [N, channels, ...], goes to, if it is its only one.
std::optional<Stage> stageBehind(Value sums, int64_t channels) {
  if (!sums.hasOneUse())
    return std::nullopt;
  auto op = dyn_cast<linalg::GenericOp>(*sums.user_begin());
  if (!op || op.getNumResults() != 1 || op.getNumDpsInputs() == 0 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      cast<RankedTensorType>(op.getResult(0).getType()).getShape() !=
          cast<RankedTensorType>(sums.getType()).getShape())
    return std::nullopt;
  OpOperand *init = op.getDpsInitOperand(0);
  if (!op.getMatchingIndexingMap(init).isIdentity() ||
      !op.getMatchingBlockArgument(init).use_empty())
    return std::nullopt;
  Stage stage;
  stage.op = op;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (operand->get() == sums) {
      stage.variable = operand->getOperandNumber();
      if (!map.isIdentity())
        return std::nullopt;
    } else if (std::optional<Numbers> numbers =
                   numbersPerChannel(operand->get(), map, channels)) {
      stage.expression.constants[op.getMatchingBlockArgument(operand)] =
          std::move(*numbers);
    }
  }
  Value yielded =
      cast<linalg::YieldOp>(stage.body().getTerminator()).getOperand(0);
  if (collect(stage, yielded))
    return stage;
  // Something else comes in: up to the last codes that do not know of it.
  for (Operation &inner : llvm::reverse(stage.body().without_terminator()))
    if (inner.getNumResults() == 1 && inner.getResultTypes()[0].isInteger(8) &&
        collect(stage, inner.getResult(0)))
      return stage;
  return std::nullopt;
}

/// Codes of channel `channel` for `sums`.
std::vector<int64_t> evaluate(ArrayRef<Stage> stages, int64_t channel,
                              std::vector<int64_t> sums) {
  const size_t count = sums.size();
  Numbers current;
  current.integers = std::move(sums);
  for (const Stage &stage : stages)
    current = stage.expression.evaluate(
        channel, {{stage.argument(), std::move(current)}}, count);
  return std::move(current.integers);
}

/// The function of a channel for sums of `range`; none with more than `most`
/// steps.
std::optional<apcompiler::Staircase> staircaseOf(ArrayRef<Stage> stages,
                                                 int64_t channel,
                                                 IntegerRange range,
                                                 size_t most) {
  apcompiler::Staircase staircase;
  constexpr int64_t together = 4096;
  for (int64_t low = range.low; low <= range.high; low += together) {
    std::vector<int64_t> sums;
    for (int64_t sum = low; sum <= std::min(range.high, low + together - 1);
         ++sum)
      sums.push_back(sum);
    std::vector<int64_t> codes = evaluate(stages, channel, std::move(sums));
    for (size_t i = 0; i < codes.size(); ++i) {
      if (staircase.codes.empty()) {
        staircase.codes.push_back(int8_t(codes[i]));
      } else if (codes[i] != staircase.codes.back()) {
        staircase.thresholds.push_back(low + int64_t(i));
        staircase.codes.push_back(int8_t(codes[i]));
        if (staircase.thresholds.size() > most)
          return std::nullopt;
      }
    }
  }
  return staircase;
}

struct APFuseElementwisePass
    : pumice::impl::APFuseElementwiseBase<APFuseElementwisePass> {
  using APFuseElementwiseBase::APFuseElementwiseBase;

  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    std::optional<model::APSpec> ap =
        device ? processorsOf(device) : std::nullopt;
    if (!ap || !ap->elementwiseBits)
      return;
    bits = ap->elementwiseBits;
    SmallVector<Operation *> layers;
    getOperation().walk([&](Operation *op) {
      if (isa<ap::MVMOp, ap::Conv2DOp>(op))
        layers.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : layers) {
      if (auto mvm = dyn_cast<ap::MVMOp>(op))
        fuse(rewriter, mvm, 1);
      else
        fuse(rewriter, cast<ap::Conv2DOp>(op),
             cast<ap::Conv2DOp>(op).getGroups());
    }
  }

private:
  template <typename OpTy>
  void fuse(IRRewriter &rewriter, OpTy op, int64_t groups) {
    if (op.getThresholds())
      return;
    ElementsAttr attr;
    std::optional<std::vector<int8_t>> weights;
    if (matchPattern(op.getWeights(), m_Constant(&attr)))
      weights = codesOf(attr);
    if (!weights)
      return;
    RankedTensorType type = op.getResult().getType();
    apcompiler::Layer layer;
    layer.outputs = type.getDimSize(1);
    layer.groups = groups;
    layer.channels = op.getInput().getType().getDimSize(1);
    layer.kernelPositions = int64_t(weights->size()) / layer.outputs /
                            (layer.channels / layer.groups);
    layer.inputBits = op.getInputBits();
    layer.inputSigned = !op.getInputUnsigned();
    layer.inputZeroPoint = op.getInputZeroPoint();
    layer.weights = *weights;

    SmallVector<Stage> stages;
    for (Value value = op.getResult();;) {
      std::optional<Stage> stage = stageBehind(value, layer.outputs);
      if (!stage)
        return;
      value = stage->op.getResult(0);
      stages.push_back(std::move(*stage));
      if (stages.back().expression.result.getType().isInteger(8))
        break;
      if (!stages.back().isWhole())
        return;
    }
    if (std::optional<std::vector<apcompiler::Staircase>> staircases =
            staircasesOf(stages, layer))
      replace(rewriter, op, stages, *staircases);
  }

  /// None if they take too many bits, or too long to find out.
  std::optional<std::vector<apcompiler::Staircase>>
  staircasesOf(ArrayRef<Stage> stages, const apcompiler::Layer &layer) const {
    double numbers = 0;
    for (int64_t o = 0; o < layer.outputs; ++o) {
      IntegerRange range = apcompiler::sumRange(layer, o);
      numbers += double(range.high) - double(range.low);
    }
    if (numbers > double(int64_t(1) << 31))
      return std::nullopt;
    const size_t most = (size_t(1) << bits) - 1;
    std::vector<std::optional<apcompiler::Staircase>> found(layer.outputs);
    auto find = [&](int64_t o) {
      found[o] = staircaseOf(stages, o, apcompiler::sumRange(layer, o), most);
    };
    find(0); // most that do not fit show here
    if (!found[0])
      return std::nullopt;
    model::parallelFor(std::max(1u, std::thread::hardware_concurrency()),
                       layer.outputs - 1, [&](int64_t i) { find(i + 1); });
    std::vector<apcompiler::Staircase> all;
    for (std::optional<apcompiler::Staircase> &staircase : found) {
      if (!staircase)
        return std::nullopt;
      all.push_back(std::move(*staircase));
    }
    if (apcompiler::Codes::holding(all).bits > bits)
      return std::nullopt;
    return all;
  }

  template <typename OpTy>
  void replace(IRRewriter &rewriter, OpTy op, ArrayRef<Stage> stages,
               ArrayRef<apcompiler::Staircase> staircases) {
    size_t steps = 1;
    for (const apcompiler::Staircase &staircase : staircases)
      steps = std::max(steps, staircase.thresholds.size());
    auto [thresholds, codes] = apcompiler::toArrays(staircases, steps);
    const int64_t outputs = staircases.size();
    auto tensorOf = [&](int64_t columns, unsigned width) {
      return RankedTensorType::get({outputs, columns},
                                   rewriter.getIntegerType(width));
    };
    const Stage &last = stages.back();
    RankedTensorType type = op.getResult().getType();
    rewriter.setInsertionPoint(op);
    auto layer = cast<OpTy>(rewriter.clone(*op));
    layer.setThresholdsAttr(DenseIntElementsAttr::get(
        tensorOf(int64_t(steps), 64), ArrayRef(thresholds)));
    layer.setCodesAttr(DenseIntElementsAttr::get(
        tensorOf(int64_t(steps) + 1, 8), ArrayRef(codes)));
    layer.getResult().setType(
        RankedTensorType::get(type.getShape(), rewriter.getI8Type()));
    if (last.isWhole()) {
      layer->setLoc(locOf(op.getLoc(), last.op.getLoc()));
      rewriter.replaceOp(last.op, layer.getResult());
    } else {
      layer->setLoc(beforeRest(op.getLoc()));
      split(rewriter, last, layer.getResult());
    }
    for (const Stage &stage : llvm::reverse(stages.drop_back()))
      rewriter.eraseOp(stage.op);
    rewriter.eraseOp(op);
    ++numFused;
  }

  /// The layer of `layer`, the node of `node`.
  static Location locOf(Location layer, Location node) {
    auto named = dyn_cast<NameLoc>(layer), other = dyn_cast<NameLoc>(node);
    if (!named || !other)
      return node;
    return NameLoc::get(named.getName(), other.getChildLoc());
  }

  /// `loc` with a node name of its own: these codes are those of no node.
  static Location beforeRest(Location loc) {
    auto layer = dyn_cast<NameLoc>(loc);
    auto node = layer ? dyn_cast<NameLoc>(layer.getChildLoc()) : NameLoc();
    if (!node)
      return loc;
    auto name =
        StringAttr::get(loc.getContext(), node.getName().str() + ".codes");
    return NameLoc::get(layer.getName(),
                        NameLoc::get(name, node.getChildLoc()));
  }

  /// What is left of a stage when its input is `codes`.
  static void split(IRRewriter &rewriter, const Stage &stage, Value codes) {
    linalg::GenericOp op = stage.op;
    rewriter.setInsertionPoint(op);
    // Numbers that nothing else needs are no inputs any more.
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    SmallVector<Value> arguments;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      Value argument = op.getMatchingBlockArgument(operand);
      const bool isVariable = operand->getOperandNumber() == stage.variable;
      if (!isVariable &&
          llvm::all_of(argument.getUsers(), [&](Operation *user) {
            return stage.expression.ops.contains(user);
          }))
        continue;
      inputs.push_back(isVariable ? codes : operand->get());
      maps.push_back(op.getMatchingIndexingMap(operand));
      arguments.push_back(isVariable ? stage.expression.result : argument);
    }
    maps.push_back(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
    auto rest = linalg::GenericOp::create(
        rewriter, op.getLoc(), op.getResultTypes(), inputs,
        ValueRange(op.getDpsInits()), maps, op.getIteratorTypesArray(),
        [&](OpBuilder &builder, Location, ValueRange given) {
          IRMapping mapping;
          mapping.map(arguments, given.drop_back());
          for (Operation &inner : stage.body())
            if (!stage.expression.ops.contains(&inner))
              builder.clone(inner, mapping);
        });
    rewriter.replaceOp(op, rest);
  }

  int64_t bits = 0;
};

} // namespace
