// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Analysis/ScalarFunction.h"
#include "lib/Transforms/Nonlinear/Domains.h"
#include "lib/Transforms/Nonlinear/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "decompose-nonlinear"

namespace pumice {
#define GEN_PASS_DEF_DECOMPOSENONLINEAR
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using pum::NonlinearKind;
using pum::NonlinearMethod;

namespace {

/// A scalar op that arrays and comparators cannot compute, as a function of one
/// of its operands.
struct Factor {
  NonlinearKind kind;
  Value argument;
};

std::optional<Factor> factorOf(Operation *op) {
  if (auto division = dyn_cast<arith::DivFOp>(op)) {
    if (isConstantElement(division.getRhs()))
      return std::nullopt;
    return Factor{NonlinearKind::reciprocal, division.getRhs()};
  }
  if (!isa<math::MathDialect>(op->getDialect()) || op->getNumResults() != 1 ||
      !isa<FloatType>(op->getResultTypes()[0]))
    return std::nullopt;
  if (auto power = dyn_cast<math::PowFOp>(op);
      power && matchPattern(power.getRhs(), m_Constant()))
    return Factor{NonlinearKind::power, power.getLhs()};
  if (op->getNumOperands() != 1 ||
      isa<math::TanhOp, math::AbsFOp, math::FloorOp, math::CeilOp,
          math::RoundOp, math::RoundEvenOp, math::TruncOp>(op))
    return std::nullopt;
  const NonlinearKind kind =
      llvm::TypeSwitch<Operation *, NonlinearKind>(op)
          .Case<math::ExpOp>([](auto) { return NonlinearKind::exp; })
          .Case<math::LogOp>([](auto) { return NonlinearKind::log; })
          .Case<math::SqrtOp>([](auto) { return NonlinearKind::sqrt; })
          .Case<math::RsqrtOp>([](auto) { return NonlinearKind::rsqrt; })
          .Case<math::ErfOp>([](auto) { return NonlinearKind::erf; })
          .Default([](Operation *) { return NonlinearKind::elementwise; });
  return Factor{kind, op->getOperand(0)};
}

/// Takes one region apart.
class Decomposer {
public:
  Decomposer(pum::NonlinearOp region, IRRewriter &rewriter)
      : region(region), method(region.getMethod()), rewriter(rewriter) {}

  FailureOr<unsigned> run();

private:
  bool subtractsMaximum();
  LogicalResult takeFactors(linalg::GenericOp op);
  FailureOr<linalg::GenericOp> split(linalg::GenericOp op, Operation *scalar,
                                     const Factor &factor);
  Value makeFunction(Value tensor, Operation *scalar, const Factor &factor);
  linalg::GenericOp toGeneric(Operation *op);

  pum::NonlinearOp region;
  NonlinearMethod method;
  IRRewriter &rewriter;
  bool isShifted = false; ///< arguments of exp are at most 0
  unsigned numFunctions = 0;
};

} // namespace

/// Whether a softmax subtracts the maximum.
bool Decomposer::subtractsMaximum() {
  if (region.getKind() != NonlinearKind::softmax &&
      region.getKind() != NonlinearKind::log_softmax)
    return false;
  return region.getBody()
      .walk([](linalg::LinalgOp op) {
        if (op.getNumReductionLoops() == 0)
          return WalkResult::advance();
        for (Operation &nested : op->getRegion(0).front())
          if (isa<arith::MaximumFOp, arith::MaxNumFOp>(nested))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

/// `op` as a linalg.generic; null if it is nothing to look into.
linalg::GenericOp Decomposer::toGeneric(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return generic;
  rewriter.setInsertionPoint(op);
  if (auto named = dyn_cast<linalg::LinalgOp>(op)) {
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, named);
    return failed(generic) ? linalg::GenericOp() : *generic;
  }
  if (op->getNumResults() != 1 || !op->hasTrait<OpTrait::Elementwise>() ||
      op->getNumRegions())
    return {};
  auto type = dyn_cast<RankedTensorType>(op->getResultTypes()[0]);
  if (!type || !llvm::all_of(op->getOperandTypes(), [&](Type operand) {
        auto tensor = dyn_cast<RankedTensorType>(operand);
        return tensor && tensor.getShape() == type.getShape();
      }))
    return {};
  Location loc = op->getLoc();
  AffineMap each = rewriter.getMultiDimIdentityMap(type.getRank());
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, type, op->getOperands(), empty,
      SmallVector<AffineMap>(op->getNumOperands() + 1, each),
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        OperationState state(loc, op->getName());
        state.addOperands(args.drop_back());
        state.addTypes(type.getElementType());
        state.addAttributes(op->getAttrs());
        linalg::YieldOp::create(builder, loc,
                                builder.create(state)->getResults());
      });
  rewriter.replaceOp(op, generic);
  return generic;
}

/// A region for `scalar` on each element of `tensor`.
Value Decomposer::makeFunction(Value tensor, Operation *scalar,
                               const Factor &factor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Location loc = scalar->getLoc();
  auto function = pum::NonlinearOp::create(
      rewriter, region.getLoc(), TypeRange(type), factor.kind, tensor,
      DenseI64ArrayAttr(), DictionaryAttr(),
      isShifted && factor.kind == NonlinearKind::exp
          ? rewriter.getDenseF64ArrayAttr({-12.0, 0.0})
          : DenseF64ArrayAttr(),
      method);
  ++numFunctions;
  OpBuilder::InsertionGuard guard(rewriter);
  Block *body =
      rewriter.createBlock(&function.getBody(), {}, TypeRange(type), {loc});
  AffineMap each = rewriter.getMultiDimIdentityMap(type.getRank());
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, TypeRange(type), body->getArgument(0), empty,
      ArrayRef{each, each},
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        Value result;
        if (factor.kind == NonlinearKind::reciprocal) {
          Value one = arith::ConstantOp::create(
              builder, loc, builder.getFloatAttr(type.getElementType(), 1));
          result = arith::DivFOp::create(builder, loc, one, args[0]);
        } else {
          IRMapping mapping;
          for (Value operand : scalar->getOperands())
            if (operand != factor.argument)
              mapping.map(
                  operand,
                  builder.clone(*operand.getDefiningOp())->getResult(0));
          mapping.map(factor.argument, args[0]);
          result = builder.clone(*scalar, mapping)->getResult(0);
        }
        linalg::YieldOp::create(builder, loc, result);
      });
  pum::YieldOp::create(rewriter, loc, generic.getResults());
  return function.getResult(0);
}

/// Ops of the body that `value` needs, in order, and the inputs that they read.
/// False if it depends on more than elements of inputs.
static bool sliceOf(Value value, Block &body, unsigned numInputs,
                    llvm::SetVector<Operation *> &ops,
                    llvm::SetVector<unsigned> &inputs) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != &body)
      return true; // from outside
    if (argument.getArgNumber() >= numInputs)
      return false;
    inputs.insert(argument.getArgNumber());
    return true;
  }
  Operation *op = value.getDefiningOp();
  if (op->getBlock() != &body || ops.contains(op))
    return true;
  if (isa<linalg::IndexOp>(op) || op->getNumRegions() ||
      !isMemoryEffectFree(op))
    return false;
  for (Value operand : op->getOperands())
    if (!sliceOf(operand, body, numInputs, ops, inputs))
      return false;
  ops.insert(op);
  return true;
}

/// Computes `factor` of `scalar` before `op`, for no more elements than there
/// are, and has `op` read it.
FailureOr<linalg::GenericOp> Decomposer::split(linalg::GenericOp op,
                                               Operation *scalar,
                                               const Factor &factor) {
  Block &body = op.getRegion().front();
  const unsigned numInputs = op.getNumDpsInputs();
  llvm::SetVector<Operation *> slice;
  llvm::SetVector<unsigned> read;
  if (!factor.argument.getType().isF32())
    return region.emitOpError("cannot be approximated: expected f32, got ")
           << factor.argument.getType();
  if (!sliceOf(factor.argument, body, numInputs, slice, read))
    return region.emitOpError("cannot be approximated: '")
           << scalar->getName() << "' reads more than elements of operands";

  rewriter.setInsertionPoint(op);
  Value tensor;
  AffineMap map;
  if (auto argument = dyn_cast<BlockArgument>(factor.argument);
      argument && argument.getOwner() == &body) {
    tensor = op.getDpsInputOperand(argument.getArgNumber())->get();
    map = op.getIndexingMapsArray()[argument.getArgNumber()];
    if (!isa<RankedTensorType>(tensor.getType())) {
      tensor = tensor::FromElementsOp::create(
          rewriter, op.getLoc(), RankedTensorType::get({}, tensor.getType()),
          tensor);
    }
  } else {
    // Only along the dimensions that the argument depends on.
    llvm::BitVector isUsed(op.getNumLoops());
    for (unsigned input : read)
      for (AffineExpr expr : op.getIndexingMapsArray()[input].getResults())
        for (unsigned d = 0; d < op.getNumLoops(); ++d)
          if (expr.isFunctionOfDim(d))
            isUsed.set(d);
    SmallVector<AffineExpr> compressed(op.getNumLoops(),
                                       rewriter.getAffineConstantExpr(0));
    SmallVector<AffineExpr> used;
    SmallVector<int64_t> shape;
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    for (unsigned d : isUsed.set_bits()) {
      compressed[d] = rewriter.getAffineDimExpr(used.size());
      used.push_back(rewriter.getAffineDimExpr(d));
      shape.push_back(ranges[d]);
    }
    map = AffineMap::get(op.getNumLoops(), 0, used, op.getContext());
    SmallVector<Value> operands;
    SmallVector<AffineMap> maps;
    for (unsigned input : read) {
      operands.push_back(op.getDpsInputOperand(input)->get());
      maps.push_back(op.getIndexingMapsArray()[input].replaceDimsAndSymbols(
          compressed, {}, used.size(), 0));
    }
    maps.push_back(rewriter.getMultiDimIdentityMap(used.size()));
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), shape,
                                          factor.argument.getType());
    auto prefix = linalg::GenericOp::create(
        rewriter, op.getLoc(), empty.getType(), operands, empty, maps,
        SmallVector<utils::IteratorType>(used.size(),
                                         utils::IteratorType::parallel),
        [&](OpBuilder &builder, Location loc, ValueRange args) {
          IRMapping mapping;
          for (auto [i, input] : llvm::enumerate(read))
            mapping.map(body.getArgument(input), args[i]);
          for (Operation *nested : slice)
            builder.clone(*nested, mapping);
          linalg::YieldOp::create(builder, loc,
                                  mapping.lookupOrDefault(factor.argument));
        });
    tensor = prefix.getResult(0);
  }
  Value computed = makeFunction(tensor, scalar, factor);

  // The op with one more input.
  SmallVector<Value> inputs(op.getDpsInputs());
  inputs.push_back(computed);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.insert(maps.begin() + numInputs, map);
  auto wider = linalg::GenericOp::create(
      rewriter, op.getLoc(), op.getResultTypes(), inputs, op.getDpsInits(),
      maps, op.getIteratorTypesArray());
  wider.getRegion().takeBody(op.getRegion());
  BlockArgument element = wider.getRegion().front().insertArgument(
      numInputs, factor.argument.getType(), scalar->getLoc());
  rewriter.setInsertionPoint(scalar);
  Value value = element;
  if (auto division = dyn_cast<arith::DivFOp>(scalar))
    value = arith::MulFOp::create(rewriter, scalar->getLoc(), division.getLhs(),
                                  element);
  rewriter.replaceOp(scalar, value);
  rewriter.replaceOp(op, wider.getResults());
  return wider;
}

LogicalResult Decomposer::takeFactors(linalg::GenericOp op) {
  for (;;) {
    Operation *scalar = nullptr;
    std::optional<Factor> factor;
    for (Operation &nested : op.getRegion().front()) {
      factor = factorOf(&nested);
      if (factor) {
        scalar = &nested;
        break;
      }
    }
    if (!scalar)
      return success();
    FailureOr<linalg::GenericOp> wider = split(op, scalar, *factor);
    if (failed(wider))
      return failure();
    op = *wider;
  }
}

FailureOr<unsigned> Decomposer::run() {
  isShifted = subtractsMaximum();
  MLIRContext *context = region.getContext();
  region.getBody().walk([&](Operation *nested) {
    nested->setLoc(
        FusedLoc::get({nested->getLoc()}, region.getKindAttr(), context));
  });
  pum::YieldOp yield = region.getYield();
  SmallVector<Operation *> ops;
  for (Operation &op : region.getBody().front().without_terminator())
    ops.push_back(&op);
  rewriter.inlineBlockBefore(&region.getBody().front(), region,
                             region.getInputs());
  for (Operation *op : ops)
    if (linalg::GenericOp generic = toGeneric(op))
      if (failed(takeFactors(generic)))
        return failure();
  rewriter.replaceOp(region, yield.getValues());
  rewriter.eraseOp(yield);
  return numFunctions;
}

/// 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, in the region.
static void computeByTanh(pum::NonlinearOp op, IRRewriter &rewriter) {
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Block &body = op.getBody().front();
  Location loc = op.getLoc();
  pum::YieldOp yield = op.getYield();
  rewriter.setInsertionPoint(yield);
  AffineMap each = rewriter.getMultiDimIdentityMap(type.getRank());
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, TypeRange(type), body.getArgument(0), empty,
      ArrayRef{each, each},
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        Value half = arith::ConstantOp::create(
            builder, loc, builder.getFloatAttr(type.getElementType(), 0.5));
        Value scaled = arith::MulFOp::create(builder, loc, args[0], half);
        Value tanh = math::TanhOp::create(builder, loc, scaled);
        Value product = arith::MulFOp::create(builder, loc, tanh, half);
        linalg::YieldOp::create(
            builder, loc,
            ValueRange{arith::AddFOp::create(builder, loc, product, half)});
      });
  rewriter.modifyOpInPlace(yield,
                           [&] { yield->setOperands(generic.getResults()); });
  for (Operation &nested : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&nested))
      rewriter.eraseOp(&nested);
  op.setMethod(NonlinearMethod::digital);
}

namespace {

struct DecomposeNonlinearPass
    : pumice::impl::DecomposeNonlinearBase<DecomposeNonlinearPass> {
  void runOnOperation() override {
    SmallVector<pum::NonlinearOp> regions;
    getOperation().walk([&](pum::NonlinearOp op) {
      if (op.getMethod() != NonlinearMethod::digital)
        regions.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (pum::NonlinearOp op : regions) {
      std::string why;
      if (scalarFunctionOf(op, why)) {
        if (op.getKind() == NonlinearKind::sigmoid &&
            op.getMethod() == NonlinearMethod::neon)
          computeByTanh(op, rewriter);
        continue;
      }
      LDBG() << "takes " << pum::stringifyNonlinearKind(op.getKind())
             << " apart: " << why;
      FailureOr<unsigned> functions = Decomposer(op, rewriter).run();
      if (failed(functions))
        return signalPassFailure();
      numFunctions += *functions;
      ++numRegions;
    }
  }
};

} // namespace
