// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/DataMovement.h"
#include "lib/Transforms/Linalg/RaiseQuantizedOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pumice;

Value pumice::moveCodes(OpBuilder &builder, const MovedCodes &moved) {
  Value codes = moved.dequantize.codes;
  for (Operation *move : moved.moves)
    codes = repeatMove(builder, move, codes, moved.dequantize.zeroPoint);
  return codes;
}

/// An elementwise generic of one input.
static Value
buildElementwise(OpBuilder &builder, Location loc, Value input, Type element,
                 function_ref<Value(OpBuilder &, Location, Value)> body) {
  auto type = withElement(input.getType(), element);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  SmallVector<AffineMap> maps(2,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, input, empty, maps, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, body(b, loc, args[0]));
             })
      .getResult(0);
}

Value pumice::buildOffsetCode(OpBuilder &b, Location loc, Value code,
                              const Dequantize &dequantize) {
  Type i32 = b.getI32Type();
  if (code.getType() != i32)
    code = dequantize.isUnsigned
               ? arith::ExtUIOp::create(b, loc, i32, code).getResult()
               : arith::ExtSIOp::create(b, loc, i32, code).getResult();
  if (!dequantize.zeroPoint)
    return code;
  Value zero = arith::ConstantOp::create(
      b, loc, b.getI32IntegerAttr(dequantize.zeroPoint));
  return arith::SubIOp::create(b, loc, code, zero);
}

/// The number that one code stands for.
static Value dequantizeCode(OpBuilder &b, Location loc, Value code,
                            const Dequantize &dequantize) {
  Value value = buildOffsetCode(b, loc, code, dequantize);
  value = arith::SIToFPOp::create(b, loc, b.getF32Type(), value);
  Value scale =
      arith::ConstantOp::create(b, loc, b.getF32FloatAttr(dequantize.scale));
  return arith::MulFOp::create(b, loc, value, scale);
}

Value pumice::buildDequantize(OpBuilder &builder, Value codes,
                              const Dequantize &dequantize) {
  linalg::GenericOp op = dequantize.op;
  return buildElementwise(builder, op.getLoc(), codes, builder.getF32Type(),
                          [&](OpBuilder &b, Location loc, Value code) {
                            return dequantizeCode(b, loc, code, dequantize);
                          });
}

//===----------------------------------------------------------------------===//
// Dequantize downwards
//===----------------------------------------------------------------------===//

static std::optional<Dequantize> perTensor(Value value) {
  std::optional<Dequantize> result = matchDequantize(value.getDefiningOp());
  return result && !result->scales ? result : std::nullopt;
}

static bool haveEqualCodes(const Dequantize &a, const Dequantize &b) {
  return a.scale == b.scale && a.zeroPoint == b.zeroPoint &&
         a.isUnsigned == b.isUnsigned &&
         getElementTypeOrSelf(a.codes.getType()) ==
             getElementTypeOrSelf(b.codes.getType());
}

static bool sinkThroughConcat(RewriterBase &rewriter, tensor::ConcatOp op) {
  SmallVector<Value> codes;
  std::optional<Dequantize> first;
  for (Value input : op.getInputs()) {
    std::optional<Dequantize> dequantize = perTensor(input);
    if (!dequantize || (first && !haveEqualCodes(*first, *dequantize)))
      return false;
    if (!first)
      first = dequantize;
    codes.push_back(dequantize->codes);
  }
  if (!first)
    return false;
  rewriter.setInsertionPoint(op);
  Value joined =
      tensor::ConcatOp::create(rewriter, op.getLoc(), op.getDim(), codes);
  rewriter.replaceOp(op, buildDequantize(rewriter, joined, *first));
  return true;
}

/// Elements that the body of a generic extracts from dequantized tensors are
/// extracted from their codes.
static bool sinkIntoBody(RewriterBase &rewriter, linalg::GenericOp op) {
  bool changed = false;
  for (auto extract :
       llvm::make_early_inc_range(op.getBody()->getOps<tensor::ExtractOp>())) {
    std::optional<Dequantize> dequantize = perTensor(extract.getTensor());
    if (!dequantize)
      continue;
    rewriter.setInsertionPoint(extract);
    Location loc = extract.getLoc();
    Value code = tensor::ExtractOp::create(rewriter, loc, dequantize->codes,
                                           extract.getIndices());
    rewriter.replaceOp(extract,
                       dequantizeCode(rewriter, loc, code, *dequantize));
    changed = true;
  }
  return changed;
}

bool pumice::sinkDequantize(RewriterBase &rewriter, Operation *op) {
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return sinkThroughConcat(rewriter, concat);
  if (Value source = movedFrom(op)) {
    std::optional<Dequantize> dequantize = perTensor(source);
    // Constants are not made larger.
    if (!dequantize || (isRepetition(op) && isConstantData(dequantize->codes)))
      return false;
    rewriter.setInsertionPoint(op);
    Value codes =
        repeatMove(rewriter, op, dequantize->codes, dequantize->zeroPoint);
    rewriter.replaceOp(op, buildDequantize(rewriter, codes, *dequantize));
    return true;
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && sinkIntoBody(rewriter, generic);
}

//===----------------------------------------------------------------------===//
// Quantize upwards
//===----------------------------------------------------------------------===//

/// The codes already there, if `value` is dequantized from such that `quantize`
/// keeps: |code - zero point| is below 2^24, so that the product and the
/// quotient round back to it.
static Value codesOf(OpBuilder &builder, Value value,
                     const Quantize &quantize) {
  std::optional<MovedCodes> moved = traceCodes(value);
  if (!moved || moved->dequantize.scales)
    return {};
  const Dequantize &dequantize = moved->dequantize;
  linalg::GenericOp op = quantize.op;
  if (dequantize.scale != quantize.scale ||
      dequantize.zeroPoint != quantize.zeroPoint ||
      dequantize.isUnsigned != quantize.isUnsigned ||
      getElementTypeOrSelf(dequantize.codes.getType()) !=
          getElementTypeOrSelf(op.getResult(0).getType()) ||
      !quantize.range.contains(
          rangeOfCodes(dequantize.codes, dequantize.isUnsigned)))
    return {};
  return moveCodes(builder, *moved);
}

/// `quantize` on `value`, above the moves and concatenations that nothing else
/// reads.
static Value quantizeAbove(OpBuilder &builder, Value value,
                           const Quantize &quantize) {
  if (Value codes = codesOf(builder, value, quantize))
    return codes;
  Operation *def = value.getDefiningOp();
  bool isOnly = def && value.hasOneUse();
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def); concat && isOnly) {
    SmallVector<Value> codes;
    for (Value input : concat.getInputs())
      codes.push_back(quantizeAbove(builder, input, quantize));
    return tensor::ConcatOp::create(builder, concat.getLoc(), concat.getDim(),
                                    codes);
  }
  // A slice of few elements would be worth quantizing alone.
  Value source = def && isOnly ? movedFrom(def) : Value();
  if (source && !isa<tensor::ExtractSliceOp>(def) &&
      getElementTypeOrSelf(source.getType()).isF32()) {
    Value codes = quantizeAbove(builder, source, quantize);
    return repeatMove(builder, def, codes, quantize.zeroPoint);
  }
  linalg::GenericOp op = quantize.op;
  return buildElementwise(
      builder, op.getLoc(), value, getElementTypeOrSelf(op.getResult(0)),
      [&](OpBuilder &b, Location, Value element) {
        IRMapping mapping;
        mapping.map(op.getBody()->getArgument(0), element);
        for (Operation &nested : op.getBody()->without_terminator())
          b.clone(nested, mapping);
        return mapping.lookupOrDefault(
            op.getBody()->getTerminator()->getOperand(0));
      });
}

void pumice::hoistQuantize(RewriterBase &rewriter, const Quantize &quantize) {
  linalg::GenericOp op = quantize.op;
  Operation *def = quantize.input.getDefiningOp();
  if (!def)
    return;
  rewriter.setInsertionPoint(op);
  bool moves = quantize.input.hasOneUse() &&
               !isa<tensor::ExtractSliceOp>(def) &&
               (isa<tensor::ConcatOp>(def) || movedFrom(def));
  Value codes = moves ? quantizeAbove(rewriter, quantize.input, quantize)
                      : codesOf(rewriter, quantize.input, quantize);
  if (!codes)
    return;
  rewriter.replaceOp(op, codes);
  // Ops that only `quantize` used would count as users of their sources.
  while (def && def->use_empty()) {
    Value source = isa<tensor::ConcatOp>(def) ? Value() : movedFrom(def);
    rewriter.eraseOp(def);
    def = source ? source.getDefiningOp() : nullptr;
  }
}
