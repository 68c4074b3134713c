// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Compiler.h"
#include "lib/APCompiler/Epilogue.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Device/Device.h"
#include "lib/Digital/Registration.h"
#include "lib/Support/Locations.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/AP/ChannelFunctions.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/AP/SumPoolings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/DebugLog.h"
#include <deque>
#include <numeric>

#define DEBUG_TYPE "ap-fuse-elementwise"

namespace pumice {
#define GEN_PASS_DEF_APFUSEELEMENTWISE
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// An elementwise op after a layer, as a function of the layer's sum and of
/// constants that depend on the output channel only.
struct Stage {
  mutable linalg::GenericOp op; // its accessors are not const
  unsigned variable = 0; ///< operand number of the sum or the previous stage
  Expression expression;

  Block &body() const { return op->getRegion(0).front(); }
  Value argument() const { return body().getArgument(variable); }
  /// Whether the expression is the whole result of `op`.
  bool isWhole() const {
    return cast<linalg::YieldOp>(body().getTerminator()).getOperand(0) ==
           expression.result;
  }
};

/// Makes `value` the result of the stage. Returns false if it does not depend
/// on the sum, cannot be evaluated, or shares intermediate values with other
/// users.
bool collect(Stage &stage, Value value) {
  Expression &expression = stage.expression;
  if (!expression.collect(stage.body(), value, stage.argument()))
    return false;
  // Intermediate values that depend on the sum must have no other users.
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

/// The stage that reads `sums` ([N, channels, ...]), if it is the only user.
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
    } else if (std::optional<ConstantData> data =
                   constantPerChannel(operand->get(), map, channels)) {
      stage.expression.constants[op.getMatchingBlockArgument(operand)] =
          std::move(*data);
    }
  }
  Value yielded =
      cast<linalg::YieldOp>(stage.body().getTerminator()).getOperand(0);
  if (collect(stage, yielded))
    return stage;
  // The op also reads another tensor: end the stage at the last quantized value
  // that does not depend on it.
  for (Operation &inner : llvm::reverse(stage.body().without_terminator()))
    if (inner.getNumResults() == 1 && inner.getResultTypes()[0].isInteger(8) &&
        collect(stage, inner.getResult(0)))
      return stage;
  return std::nullopt;
}

/// A layer and the stages that turn its sums into quantized values.
struct Candidate {
  Operation *op; ///< the layer
  std::vector<int8_t> weights;
  apcompiler::Layer layer; ///< refers to `weights`
  model::APSpec ap;
  SmallVector<Stage> stages;
  size_t function = 0; ///< index in ChannelFunctions

  Type sumType() const {
    return getElementTypeOrSelf(op->getResult(0).getType());
  }
};

/// The step function of a channel for sums of type T in `range`. Returns
/// nullopt if it has more than `most` steps or is undefined for some sum.
template <typename T>
std::optional<apcompiler::StepFunction>
stepFunctionOf(const ChannelFunctions &functions, size_t function,
               int64_t channel, IntegerRange range, size_t most) {
  constexpr int64_t together = digital::RegionEvaluator::batch;
  apcompiler::StepFunction stepFunction;
  std::vector<T> sums(together);
  std::vector<int8_t> codes(together);
  for (int64_t low = range.low; low <= range.high; low += together) {
    const int64_t count = std::min(range.high - low + 1, together);
    std::iota(sums.begin(), sums.begin() + count, T(low));
    if (llvm::Error error = functions.evaluate(function, channel, sums.data(),
                                               codes.data(), count)) {
      LDBG() << "not folded: " << llvm::toString(std::move(error));
      return std::nullopt;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (stepFunction.codes.empty()) {
        stepFunction.codes.push_back(codes[i]);
      } else if (codes[i] != stepFunction.codes.back()) {
        stepFunction.thresholds.push_back(low + i);
        stepFunction.codes.push_back(codes[i]);
        if (stepFunction.thresholds.size() > most)
          return std::nullopt;
      }
    }
  }
  return stepFunction;
}

struct APFuseElementwisePass
    : pumice::impl::APFuseElementwiseBase<APFuseElementwisePass> {
  using APFuseElementwiseBase::APFuseElementwiseBase;

  // Functions are compiled by the compiler of the digital unit.
  void getDependentDialects(DialectRegistry &registry) const override {
    APFuseElementwiseBase::getDependentDialects(registry);
    digital::registerDigitalDialects(registry);
  }

  void runOnOperation() override {
    pum::DeviceAttr device = deviceOf(getOperation());
    SmallVector<Operation *> layers;
    SmallVector<SumPooling> poolings = convertSumPoolings(device);
    getOperation().walk([&](Operation *op) {
      if (!device || !isa<ap::MVMOp, ap::Conv2DOp>(op))
        return;
      std::optional<model::APSpec> ap =
          processorsOf(device, pum::targetGroupOf(op));
      if (!ap || !ap->elementwiseBits)
        return;
      processors[op] = *ap;
      layers.push_back(op);
    });
    // Folding a layer changes the ops after it, so layers with a common stage
    // are folded in separate rounds.
    while (!layers.empty()) {
      std::deque<Candidate> candidates; // keeps elements in place
      SmallVector<Operation *> later;
      llvm::DenseSet<Operation *> taken;
      for (Operation *op : layers) {
        std::optional<Candidate> candidate = candidateOf(op);
        if (!candidate)
          continue;
        if (llvm::any_of(candidate->stages, [&](const Stage &stage) {
              return taken.contains(stage.op);
            })) {
          later.push_back(op);
          continue;
        }
        for (const Stage &stage : candidate->stages)
          taken.insert(stage.op);
        candidates.push_back(std::move(*candidate));
      }
      if (failed(fold(candidates)))
        return signalPassFailure();
      layers = std::move(later);
    }
    for (const SumPooling &pooling : poolings)
      finish(pooling);
  }

private:
  /// A sum over windows, its layer, and what stands for its result.
  struct SumPooling {
    linalg::GenericOp op;
    Operation *layer;
    Value result;
  };

  /// Makes layers of sums over windows, so that means are folded.
  SmallVector<SumPooling> convertSumPoolings(pum::DeviceAttr device) {
    SmallVector<SumPooling> poolings;
    std::optional<model::APSpec> ap =
        device ? processorsOf(device) : std::nullopt;
    if (!ap || !ap->elementwiseBits)
      return poolings;
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops) {
      ap::Conv2DOp layer =
          sumPoolingBefore(rewriter, op, *ap, layout == "across");
      if (!layer)
        continue;
      Value result = layer.getResult();
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      if (type.getRank() == 2)
        result = matrixOf(rewriter, result);
      op.getResult(0).replaceAllUsesWith(result);
      poolings.push_back({op, layer, result});
    }
    return poolings;
  }

  /// Sums that do not become quantized values stay where they were.
  void finish(const SumPooling &pooling) {
    linalg::GenericOp op = pooling.op;
    if (folded.contains(pooling.layer)) {
      op.erase();
      return;
    }
    LDBG() << "leaves a mean, its sums do not become quantized values: "
           << op.getLoc();
    Value result = pooling.result;
    result.replaceAllUsesWith(op.getResult(0));
    if (result.getDefiningOp() != pooling.layer)
      result.getDefiningOp()->erase();
    pooling.layer->erase();
  }

  /// Images of one position as a matrix.
  static Value matrixOf(OpBuilder &builder, Value images) {
    auto type = cast<RankedTensorType>(images.getType());
    return tensor::CollapseShapeOp::create(
        builder, images.getLoc(),
        RankedTensorType::get(type.getShape().take_front(2),
                              type.getElementType()),
        images, SmallVector<ReassociationIndices>{{0}, {1, 2, 3}});
  }

  /// What reads the sums of a layer: the matrix of images of one position.
  static Value sumsOf(Value result) {
    auto type = cast<RankedTensorType>(result.getType());
    auto collapse =
        result.hasOneUse()
            ? dyn_cast<tensor::CollapseShapeOp>(*result.user_begin())
            : tensor::CollapseShapeOp();
    if (!collapse || type.getRank() != 4 || type.getDimSize(2) != 1 ||
        type.getDimSize(3) != 1 || collapse.getResultType().getRank() != 2 ||
        collapse.getResultType().getDimSize(0) != type.getDimSize(0))
      return result;
    return collapse.getResult();
  }

  /// The candidate of `op`. Returns nullopt if its sums do not become quantized
  /// values, or take too many values to evaluate them all.
  std::optional<Candidate> candidateOf(Operation *op) const {
    if (auto mvm = dyn_cast<ap::MVMOp>(op))
      return candidateOf(mvm, 1);
    auto convolution = cast<ap::Conv2DOp>(op);
    return candidateOf(convolution, convolution.getGroups());
  }

  template <typename OpTy>
  std::optional<Candidate> candidateOf(OpTy op, int64_t groups) const {
    if (op.getThresholds())
      return std::nullopt;
    ElementsAttr attr;
    std::optional<std::vector<int8_t>> weights;
    if (matchPattern(op.getWeights(), m_Constant(&attr)))
      weights = codesOf(attr);
    if (!weights)
      return std::nullopt;
    RankedTensorType type = op.getResult().getType();
    Candidate candidate;
    candidate.op = op;
    candidate.ap = processors.lookup(op);
    apcompiler::Layer &layer = candidate.layer;
    layer.outputs = type.getDimSize(1);
    layer.groups = groups;
    layer.channels = op.getInput().getType().getDimSize(1);
    layer.kernelPositions = int64_t(weights->size()) / layer.outputs /
                            (layer.channels / layer.groups);
    layer.inputBits = op.getInputBits();
    layer.inputSigned = !op.getInputUnsigned();
    layer.inputZeroPoint = op.getInputZeroPoint();
    candidate.weights = std::move(*weights);
    layer.weights = candidate.weights;

    for (Value value = sumsOf(op.getResult());;) {
      std::optional<Stage> stage = stageBehind(value, layer.outputs);
      if (!stage) {
        LDBG() << "not folded, sums do not become quantized values: "
               << op.getLoc();
        return std::nullopt;
      }
      value = stage->op.getResult(0);
      candidate.stages.push_back(std::move(*stage));
      if (candidate.stages.back().expression.result.getType().isInteger(8))
        break;
      if (!candidate.stages.back().isWhole())
        return std::nullopt;
    }
    double points = 0;
    for (int64_t o = 0; o < layer.outputs; ++o) {
      IntegerRange range = apcompiler::sumRange(layer, o);
      points += double(range.high) - double(range.low);
    }
    if (points > double(int64_t(1) << 31)) {
      LDBG() << "not folded, sums take too many values: " << op.getLoc();
      return std::nullopt;
    }
    return candidate;
  }

  /// The largest number of steps that is folded. Functions that are not
  /// monotone, such as GELU, take some values twice.
  static size_t mostSteps(const model::APSpec &ap) {
    const size_t once = (size_t(1) << ap.elementwiseBits) - 1;
    return 2 * once <= size_t(ap.columns) / 4 ? 2 * once : once;
  }

  LogicalResult fold(std::deque<Candidate> &candidates) {
    if (candidates.empty())
      return success();
    const unsigned workers = model::threadCount(threads);
    ChannelFunctions functions(&getContext(), workers);
    for (Candidate &candidate : candidates) {
      SmallVector<ExpressionOf> chain;
      for (const Stage &stage : candidate.stages)
        chain.push_back({&stage.expression, {stage.argument()}});
      candidate.function = functions.add(chain);
    }
    if (llvm::Error error = functions.compile())
      return getOperation().emitError() << llvm::toString(std::move(error));

    struct Unit {
      Candidate *candidate;
      int64_t channel;
    };
    auto find = [&](Unit unit) -> std::optional<apcompiler::StepFunction> {
      const Candidate &candidate = *unit.candidate;
      const size_t most = mostSteps(candidate.ap);
      IntegerRange range = apcompiler::sumRange(candidate.layer, unit.channel);
      return candidate.sumType().isInteger(64)
                 ? stepFunctionOf<int64_t>(functions, candidate.function,
                                           unit.channel, range, most)
                 : stepFunctionOf<int32_t>(functions, candidate.function,
                                           unit.channel, range, most);
    };
    // Most layers that cannot be folded fail in their first channel.
    std::vector<std::vector<std::optional<apcompiler::StepFunction>>> found(
        candidates.size());
    model::parallelFor(workers, candidates.size(), [&](int64_t i) {
      found[i].resize(candidates[i].layer.outputs);
      found[i][0] = find({&candidates[i], 0});
    });
    std::vector<std::pair<size_t, int64_t>> units;
    for (size_t i = 0; i < candidates.size(); ++i)
      if (found[i][0])
        for (int64_t o = 1; o < candidates[i].layer.outputs; ++o)
          units.push_back({i, o});
    model::parallelFor(workers, units.size(), [&](int64_t unit) {
      auto [i, o] = units[unit];
      found[i][o] = find({&candidates[i], o});
    });

    IRRewriter rewriter(&getContext());
    for (auto [candidate, stepFunctions] : llvm::zip_equal(candidates, found)) {
      const int64_t bits = candidate.ap.elementwiseBits;
      std::vector<apcompiler::StepFunction> all;
      for (std::optional<apcompiler::StepFunction> &stepFunction :
           stepFunctions)
        if (stepFunction)
          all.push_back(std::move(*stepFunction));
      if (all.size() != stepFunctions.size() ||
          apcompiler::Codes::holding(all).bits > bits) {
        LDBG() << "not folded, more than " << mostSteps(candidate.ap)
               << " steps or " << bits << " bits: " << candidate.op->getLoc();
        continue;
      }
      if (auto mvm = dyn_cast<ap::MVMOp>(candidate.op))
        replace(rewriter, mvm, candidate.stages, all);
      else
        replace(rewriter, cast<ap::Conv2DOp>(candidate.op), candidate.stages,
                all);
    }
    return success();
  }

  template <typename OpTy>
  void replace(IRRewriter &rewriter, OpTy op, ArrayRef<Stage> stages,
               ArrayRef<apcompiler::StepFunction> stepFunctions) {
    size_t steps = 1;
    for (const apcompiler::StepFunction &stepFunction : stepFunctions)
      steps = std::max(steps, stepFunction.thresholds.size());
    auto [thresholds, codes] = apcompiler::toArrays(stepFunctions, steps);
    const int64_t outputs = stepFunctions.size();
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
    layer->setLoc(last.isWhole() ? withLayerOf(op.getLoc(), last.op.getLoc())
                                 : withNodeSuffix(op.getLoc(), ".codes"));
    Value codesOfLayer = layer.getResult();
    Value sums = sumsOf(op.getResult());
    if (sums != op.getResult())
      codesOfLayer = matrixOf(rewriter, codesOfLayer);
    if (last.isWhole())
      rewriter.replaceOp(last.op, codesOfLayer);
    else
      split(rewriter, last, codesOfLayer);
    for (const Stage &stage : llvm::reverse(stages.drop_back()))
      rewriter.eraseOp(stage.op);
    if (sums != op.getResult())
      rewriter.eraseOp(sums.getDefiningOp());
    folded.insert(op);
    rewriter.eraseOp(op);
    LDBG() << "folded with " << steps << " steps: " << layer.getLoc();
    ++numFused;
  }

  /// Replaces a stage by the part that `codes` does not already compute.
  static void split(IRRewriter &rewriter, const Stage &stage, Value codes) {
    linalg::GenericOp op = stage.op;
    rewriter.setInsertionPoint(op);
    // The ops that the rest needs in addition to the quantized values.
    SetVector<Operation *> needed;
    llvm::DenseSet<Value> arguments;
    SmallVector<Value> open(stage.body().getTerminator()->getOperands());
    while (!open.empty()) {
      Value value = open.pop_back_val();
      Operation *inner = value.getDefiningOp();
      if (value == stage.expression.result)
        continue;
      if (!inner)
        arguments.insert(value);
      else if (inner->getBlock() == &stage.body() && needed.insert(inner))
        inner->walk([&](Operation *nested) {
          llvm::append_range(open, nested->getOperands());
        });
    }
    SmallVector<Value> inputs, replaced;
    SmallVector<AffineMap> maps;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      Value argument = op.getMatchingBlockArgument(operand);
      const bool isVariable = operand->getOperandNumber() == stage.variable;
      if (!isVariable && !arguments.contains(argument))
        continue;
      inputs.push_back(isVariable ? codes : operand->get());
      maps.push_back(op.getMatchingIndexingMap(operand));
      replaced.push_back(isVariable ? stage.expression.result : argument);
    }
    maps.push_back(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
    auto rest = linalg::GenericOp::create(
        rewriter, op.getLoc(), op.getResultTypes(), inputs,
        ValueRange(op.getDpsInits()), maps, op.getIteratorTypesArray(),
        [&](OpBuilder &builder, Location, ValueRange given) {
          IRMapping mapping;
          mapping.map(replaced, given.drop_back());
          for (Operation &inner : stage.body())
            if (needed.contains(&inner) ||
                &inner == stage.body().getTerminator())
              builder.clone(inner, mapping);
        });
    rewriter.replaceOp(op, rest);
  }

  llvm::DenseMap<Operation *, model::APSpec> processors; ///< of each layer
  llvm::DenseSet<Operation *> folded;                    ///< erased
};

} // namespace
