// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/OpCounts.h"

#include "lib/Digital/DigitalCompiler.h"
#include "lib/Support/Saturating.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace pumice::digital {

namespace {

int64_t elements(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return 1;
  if (!shaped.hasStaticShape())
    return 0;
  int64_t product = 1;
  for (int64_t extent : shaped.getShape())
    product = saturatingProduct({product, extent});
  return product;
}

int64_t bytes(Type type) {
  auto size = getBufferBytes(type);
  if (size)
    return *size;
  llvm::consumeError(size.takeError());
  return 0;
}

bool isFree(Operation *op) {
  return isa<arith::ConstantOp, tensor::EmptyOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp, tensor::ReshapeOp, tensor::ExtractSliceOp,
             tensor::CastOp, tensor::DimOp, linalg::IndexOp, cf::AssertOp,
             affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp,
             ub::PoisonOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>() ||
         isa_and_nonnull<index::IndexDialect>(op->getDialect()) ||
         (op->getNumResults() == 1 && op->getResult(0).getType().isIndex() &&
          isa<arith::ArithDialect>(op->getDialect()));
}

/// The kind of an arith or math op; nullopt for other ops.
std::optional<DigitalOpKind> kindOf(Operation *op) {
  if (isa<arith::AddIOp, arith::SubIOp, arith::AddFOp, arith::SubFOp,
          arith::NegFOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp,
          arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp, math::AbsFOp,
          math::AbsIOp, math::CopySignOp>(op))
    return DigitalOpKind::add;
  if (isa<arith::MulIOp, arith::MulFOp>(op))
    return DigitalOpKind::multiply;
  if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::CeilDivSIOp,
          arith::CeilDivUIOp, arith::FloorDivSIOp, arith::RemFOp,
          arith::RemSIOp, arith::RemUIOp>(op))
    return DigitalOpKind::divide;
  if (isa<arith::CmpIOp, arith::CmpFOp, arith::SelectOp, arith::MaximumFOp,
          arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::MaxSIOp,
          arith::MaxUIOp, arith::MinSIOp, arith::MinUIOp, math::ClampFOp,
          math::IsNaNOp, math::IsInfOp, math::IsFiniteOp, math::IsNormalOp>(op))
    return DigitalOpKind::compare;
  if (isa<math::RoundEvenOp, math::RoundOp, math::FloorOp, math::CeilOp,
          math::TruncOp>(op) ||
      (isa_and_nonnull<arith::ArithDialect>(op->getDialect()) &&
       isa<CastOpInterface>(op)))
    return DigitalOpKind::convert;
  if (isa_and_nonnull<math::MathDialect>(op->getDialect()))
    return DigitalOpKind::special;
  return std::nullopt;
}

/// The arguments of a payload that a value depends on, up to other products.
llvm::SmallDenseSet<unsigned> argumentsOf(Value value) {
  llvm::SmallDenseSet<unsigned> arguments;
  llvm::SmallDenseSet<Value> seen = {value};
  SmallVector<Value> open = {value};
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      arguments.insert(argument.getArgNumber());
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (isa<arith::MulIOp, arith::MulFOp>(op))
      continue;
    for (Value operand : op->getOperands())
      if (seen.insert(operand).second)
        open.push_back(operand);
  }
  return arguments;
}

/// Whether an op sums products of two of its operands.
bool sumsProducts(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1)
    return false;
  Block &payload = op->getRegion(0).front();
  const unsigned inputs = op.getNumDpsInputs();
  for (Operation &inner : payload) {
    if (!isa<arith::MulIOp, arith::MulFOp>(inner) || !inner.hasOneUse() ||
        !isa<arith::AddIOp, arith::AddFOp>(*inner.user_begin()))
      continue;
    llvm::SmallDenseSet<unsigned> left = argumentsOf(inner.getOperand(0)),
                                  right = argumentsOf(inner.getOperand(1));
    auto isInput = [&](unsigned argument) { return argument < inputs; };
    if (left.empty() || right.empty() || !llvm::all_of(left, isInput) ||
        !llvm::all_of(right, isInput) ||
        llvm::any_of(left, [&](unsigned a) { return right.contains(a); }))
      continue;
    return true;
  }
  return false;
}

struct Counter {
  OpCounts counts;

  void add(DigitalOpKind kind, std::initializer_list<int64_t> factors) {
    saturatingAdd(counts[kind], saturatingProduct(factors));
  }

  void countOp(Operation *op, int64_t times) {
    if (isFree(op))
      return;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      int64_t domain = 1;
      for (int64_t range : linalgOp.getStaticLoopRanges())
        domain = saturatingProduct(
            {domain, ShapedType::isDynamic(range) ? 0 : range});
      if (isa<linalg::QuantizedMatmulOp, linalg::QuantizedBatchMatmulOp>(op))
        return countProduct(linalgOp, times, domain);
      if (sumsProducts(linalgOp))
        saturatingAdd(counts.macs, saturatingProduct({times, domain}));
      Block &payload = op->getRegion(0).front();
      bool computes = llvm::any_of(
          payload, [](Operation &inner) { return !isFree(&inner); });
      if (computes)
        countBlock(payload, saturatingProduct({times, domain}));
      else
        for (OpOperand &init : linalgOp.getDpsInitsMutable())
          add(DigitalOpKind::move, {times, elements(init.get().getType())});
      return;
    }
    if (isa<linalg::SoftmaxOp>(op)) {
      // max, subtract, exp, sum, divide.
      int64_t n =
          saturatingProduct({times, elements(op->getResult(0).getType())});
      add(DigitalOpKind::compare, {n});
      add(DigitalOpKind::add, {2, n});
      add(DigitalOpKind::special, {n});
      add(DigitalOpKind::divide, {n});
      return;
    }
    if (isa<math::FmaOp>(op)) {
      int64_t n =
          saturatingProduct({times, elements(op->getResult(0).getType())});
      add(DigitalOpKind::multiply, {n});
      add(DigitalOpKind::add, {n});
      return;
    }
    if (std::optional<DigitalOpKind> kind = kindOf(op)) {
      add(*kind, {times, elements(op->getResult(0).getType())});
      return;
    }
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      add(DigitalOpKind::move, {times, elements(insert.getSourceType())});
      return;
    }
    if (isa<tensor::InsertOp, tensor::ExtractOp>(op)) {
      add(DigitalOpKind::move, {times});
      return;
    }
    if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      int64_t n = saturatingProduct({times, elements(generate.getType())});
      add(DigitalOpKind::move, {n});
      countBlock(generate.getBody().front(), n);
      return;
    }
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      std::optional<APInt> trips = loop.getStaticTripCount();
      int64_t n = 1;
      if (trips && trips->getActiveBits() <= 63)
        n = trips->getSExtValue();
      countBlock(*loop.getBody(), saturatingProduct({times, n}));
      return;
    }
    if (auto branch = dyn_cast<scf::IfOp>(op)) {
      countBlock(*branch.thenBlock(), times);
      return;
    }
    // tensor.pad, tensor.concat, tensor.splat, ... and unknown ops.
    for (Type type : op->getResultTypes())
      add(DigitalOpKind::move, {times, elements(type)});
  }

  /// Zero points are subtracted once per factor, not in every term.
  void countProduct(linalg::LinalgOp op, int64_t times, int64_t terms) {
    saturatingAdd(counts.macs, saturatingProduct({times, terms}));
    add(DigitalOpKind::multiply, {times, terms});
    add(DigitalOpKind::add, {times, terms});
    for (unsigned factor : {0, 1})
      if (!matchPattern(op.getDpsInputOperand(2 + factor)->get(), m_Zero()))
        add(DigitalOpKind::add,
            {times, elements(op.getDpsInputOperand(factor)->get().getType())});
  }

  void countBlock(Block &block, int64_t times) {
    for (Operation &op : block)
      countOp(&op, times);
  }
};

} // namespace

OpCounts count(Region &region) {
  Counter counter;
  for (Block &block : region)
    counter.countBlock(block, 1);
  if (region.empty())
    return counter.counts;
  for (BlockArgument argument : region.front().getArguments())
    saturatingAdd(counter.counts.bytesRead, bytes(argument.getType()));
  region.walk([&](arith::ConstantOp op) {
    auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
    if (isa<ShapedType>(op.getType()) && !(dense && dense.isSplat()))
      saturatingAdd(counter.counts.bytesRead, bytes(op.getType()));
  });
  for (Block &block : region)
    if (Operation *terminator =
            block.mightHaveTerminator() ? block.getTerminator() : nullptr)
      for (Type type : terminator->getOperandTypes())
        saturatingAdd(counter.counts.bytesWritten, bytes(type));
  return counter.counts;
}

OpCounts count(func::FuncOp function) { return count(function.getBody()); }

} // namespace pumice::digital
