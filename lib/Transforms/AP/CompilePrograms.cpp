// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Compiler.h"
#include "lib/APCompiler/Elementwise.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Device/Device.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/AP/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-compile-programs"

namespace pumice {
#define GEN_PASS_DEF_APCOMPILEPROGRAMS
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct APCompileProgramsPass
    : pumice::impl::APCompileProgramsBase<APCompileProgramsPass> {
  using APCompileProgramsBase::APCompileProgramsBase;

  void runOnOperation() override {
    SmallVector<Operation *> layers;
    getOperation().walk([&](Operation *op) {
      if (isa<ap::MVMOp, ap::Conv2DOp, ap::MaxPool2DOp, ap::WeightedSumOp>(op))
        layers.push_back(op);
    });
    if (layers.empty())
      return;
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    spec = toSpec(*device);
    IRRewriter rewriter(&getContext());
    for (Operation *op : layers) {
      const std::string name = pum::targetGroupOf(op).str();
      group = name.empty() ? spec.firstAP() : spec.find(name);
      if (!group) {
        op->emitOpError("expects a device with associative processors, but '")
            << spec.name << "' has none";
        return signalPassFailure();
      }
      if (!group->ap()) {
        op->emitOpError("is assigned to '")
            << name << "', which has no associative processors";
        return signalPassFailure();
      }
      rewriter.setInsertionPoint(op);
      LogicalResult done = llvm::TypeSwitch<Operation *, LogicalResult>(op)
                               .Case<ap::MVMOp, ap::Conv2DOp, ap::MaxPool2DOp,
                                     ap::WeightedSumOp>([&](auto layer) {
                                 return compile(rewriter, layer);
                               })
                               .Default(failure());
      if (failed(done))
        return signalPassFailure();
    }
  }

private:
  LogicalResult compile(IRRewriter &rewriter, ap::MVMOp op) {
    apcompiler::Layer layer;
    layer.channels = op.getInput().getType().getDimSize(1);
    layer.outputs = op.getResult().getType().getDimSize(1);
    layer.windows = op.getResult().getType().getDimSize(0);
    FailureOr<DenseResourceElementsAttr> program = compileLayer(op, layer);
    if (failed(program))
      return failure();
    replace(rewriter, op, op.getInput(), Value(), *program,
            crossbar::WindowAttr(), op.getInputZeroPointAttr());
    return success();
  }

  LogicalResult compile(IRRewriter &rewriter, ap::Conv2DOp op) {
    ArrayRef<int64_t> output = op.getResult().getType().getShape();
    apcompiler::Layer layer;
    layer.groups = op.getGroups();
    layer.channels = op.getInput().getType().getDimSize(1);
    layer.outputs = output[1];
    layer.kernelPositions = op.getWindow().getKernelSize();
    layer.windows = output[0] * output[2] * output[3];
    FailureOr<DenseResourceElementsAttr> program = compileLayer(op, layer);
    if (failed(program))
      return failure();
    replace(rewriter, op, op.getInput(), Value(), *program, op.getWindowAttr(),
            op.getInputZeroPointAttr());
    return success();
  }

  LogicalResult compile(IRRewriter &rewriter, ap::MaxPool2DOp op) {
    apcompiler::Pooling pooling;
    pooling.channels = op.getInput().getType().getDimSize(1);
    pooling.kernelPositions = op.getWindow().getKernelSize();
    pooling.bits = op.getInputBits();
    pooling.isSigned = !op.getInputUnsigned();
    FailureOr<DenseResourceElementsAttr> program = toAttribute(
        op, apcompiler::compile(pooling, *group->ap(), layout != "along"));
    if (failed(program))
      return failure();
    replace(rewriter, op, op.getInput(), Value(), *program, op.getWindowAttr(),
            op.getPaddingCodeAttr());
    return success();
  }

  LogicalResult compile(IRRewriter &rewriter, ap::WeightedSumOp op) {
    apcompiler::WeightedSum sum;
    sum.channels = op.getType().getDimSize(1);
    sum.bits = op.getInputBits();
    sum.isSigned = !op.getInputUnsigned();
    sum.factors[0] = op.getFactors()[0];
    sum.factors[1] = op.getFactors()[1];
    sum.steps = op.getThresholdsAttr().getType().getDimSize(1);
    llvm::append_range(sum.thresholds,
                       op.getThresholdsAttr().getValues<int64_t>());
    llvm::append_range(sum.codes, op.getCodesAttr().getValues<int8_t>());
    FailureOr<DenseResourceElementsAttr> program = toAttribute(
        op, apcompiler::compile(sum, *group->ap(), layout != "along"));
    if (failed(program))
      return failure();
    auto window = crossbar::WindowAttr::get(op.getContext(), {1, 1}, {1, 1},
                                            {1, 1}, {0, 0, 0, 0});
    replace(rewriter, op, op.getLhs(), op.getRhs(), *program, window,
            rewriter.getI64IntegerAttr(0));
    return success();
  }

  template <typename OpTy>
  void replace(IRRewriter &rewriter, OpTy op, Value input, Value second,
               DenseResourceElementsAttr program, crossbar::WindowAttr window,
               IntegerAttr padding) {
    auto run = ap::RunOp::create(rewriter, op.getLoc(), op.getType(), input,
                                 second, program, window, padding);
    pum::copyTargetGroup(op, run);
    rewriter.replaceOp(op, run);
  }

  template <typename OpTy>
  FailureOr<DenseResourceElementsAttr> compileLayer(OpTy op,
                                                    apcompiler::Layer &layer) {
    ElementsAttr attr;
    std::optional<std::vector<int8_t>> codes;
    if (matchPattern(op.getWeights(), m_Constant(&attr)))
      codes = codesOf(attr);
    if (!codes)
      return op.emitOpError("expects weights that are one constant"), failure();
    layer.weights = *codes;
    layer.inputBits = op.getInputBits();
    layer.inputSigned = !op.getInputUnsigned();
    layer.inputZeroPoint = op.getInputZeroPoint();
    if (DenseIntElementsAttr thresholds = op.getThresholdsAttr()) {
      layer.steps = thresholds.getType().getDimSize(1);
      llvm::append_range(layer.thresholds, thresholds.getValues<int64_t>());
      llvm::append_range(layer.codes,
                         op.getCodesAttr().template getValues<int8_t>());
    }
    apcompiler::Options options;
    options.threads = model::threadCount(threads);
    options.share = share;
    if (layout == "along")
      options.layout = apcompiler::ValueLayout::along;
    else if (layout == "across")
      options.layout = apcompiler::ValueLayout::across;
    else if (!layout.empty() && layout != "cheapest")
      return op.emitError("expected layout 'along', 'across' or 'cheapest', "
                          "got '")
                 << layout << "'",
             failure();
    if (lanes)
      options.lanes = lanes;
    if (outputBlocks)
      options.outputBlocks = outputBlocks;
    if (spread)
      options.spread = spread;
    options.processors = group->count();
    apcompiler::Statistics statistics;
    FailureOr<DenseResourceElementsAttr> program = toAttribute(
        op, apcompiler::compile(layer, *group->ap(), options, &statistics));
    LDBG() << statistics.nonzeros << " nonzero weights, "
           << statistics.additions << " additions: " << op.getLoc();
    numNonzeros += statistics.nonzeros;
    numAdditions += statistics.additions;
    numFewest += statistics.fewest;
    return program;
  }

  template <typename OpTy>
  FailureOr<DenseResourceElementsAttr>
  toAttribute(OpTy op, llvm::Expected<model::APMicroprogram> program) {
    if (!program)
      return op.emitOpError("cannot be compiled: ")
                 << llvm::toString(program.takeError()),
             failure();
    std::vector<uint8_t> bytes = model::encode(*program);
    LDBG() << bytes.size() << " bytes, " << program->outputBlocks.size()
           << " output blocks, spread " << program->spread << ": "
           << op.getLoc();
    numBytes += bytes.size();
    auto type = RankedTensorType::get({(int64_t)bytes.size()},
                                      IntegerType::get(op.getContext(), 8));
    ArrayRef<char> data(reinterpret_cast<const char *>(bytes.data()),
                        bytes.size());
    return DenseResourceElementsAttr::get(
        type, "ap_program",
        HeapAsmResourceBlob::allocateAndCopyWithAlign(data, 64));
  }

  model::DeviceSpec spec;
  const model::UnitGroup *group =
      nullptr; ///< in `spec`; runs the current layer
};

} // namespace
