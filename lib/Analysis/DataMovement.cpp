// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace pumice;

RankedTensorType pumice::withElement(Type type, Type element) {
  return cast<RankedTensorType>(type).clone(element);
}

bool pumice::isZeroTensor(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return matchPattern(value, m_AnyZeroFloat());
}

//===----------------------------------------------------------------------===//
// Recognizing data movement ops
//===----------------------------------------------------------------------===//

/// The extract whose result a generic without float inputs yields: it picks
/// elements by their place.
static tensor::ExtractOp matchGather(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumLoops() != op.getNumParallelLoops())
    return {};
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  auto extract = yield.getOperand(0).getDefiningOp<tensor::ExtractOp>();
  if (!extract || extract->getBlock() != op.getBody() ||
      op.getRegion().isAncestor(extract.getTensor().getParentRegion()) ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
      !op.getRegionOutputArgs()[0].use_empty())
    return {};
  // Nothing but this element may depend on the tensor.
  bool readsOnce = llvm::all_of(*op.getBody(), [&](Operation &nested) {
    auto other = dyn_cast<tensor::ExtractOp>(nested);
    return !other || other == extract ||
           other.getTensor() != extract.getTensor();
  });
  return readsOnce ? extract : tensor::ExtractOp();
}

/// The only input of a generic that yields it unchanged: a copy, broadcast or
/// permutation.
static OpOperand *matchCopy(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumDpsInputs() != 1 ||
      op.getNumLoops() != op.getNumParallelLoops() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return nullptr;
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  OpOperand *input = op.getDpsInputOperand(0);
  return yield.getOperand(0) == op.getRegionInputArgs()[0] ? input : nullptr;
}

Value pumice::movedFrom(Operation *op) {
  if (op->getNumResults() != 1 ||
      !isa<RankedTensorType>(op->getResult(0).getType()) ||
      !cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape())
    return {};
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value value = pad.getConstantPaddingValue();
    bool isZero = value && matchPattern(value, m_AnyZeroFloat());
    return isZero ? pad.getSource() : Value();
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return isZeroTensor(insert.getDest()) ? insert.getSource() : Value();
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, linalg::TransposeOp,
          linalg::BroadcastOp, tensor::ExtractSliceOp>(op))
    return op->getOperand(0);
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    if (OpOperand *input = matchCopy(generic))
      return input->get();
    if (tensor::ExtractOp extract = matchGather(generic))
      return extract.getTensor();
  }
  return {};
}

bool pumice::isRepetition(Operation *move) {
  auto from = cast<RankedTensorType>(movedFrom(move).getType());
  auto to = cast<RankedTensorType>(move->getResult(0).getType());
  return isa<linalg::LinalgOp>(move) &&
         to.getNumElements() > from.getNumElements();
}

//===----------------------------------------------------------------------===//
// Repeating moves
//===----------------------------------------------------------------------===//

static Value moveGeneric(OpBuilder &builder, linalg::GenericOp op,
                         RankedTensorType type, Value codes) {
  tensor::ExtractOp extract = matchGather(op);
  SmallVector<Value> inputs = op.getDpsInputs();
  if (!extract)
    inputs[0] = codes;
  Location loc = op.getLoc();
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                        type.getElementType());
  return linalg::GenericOp::create(
             builder, loc, type, inputs, empty, op.getIndexingMapsArray(),
             op.getIteratorTypesArray(),
             [&](OpBuilder &b, Location loc, ValueRange args) {
               if (!extract) {
                 linalg::YieldOp::create(b, loc, args[0]);
                 return;
               }
               IRMapping mapping;
               mapping.map(op.getBody()->getArguments(), args);
               for (Operation &nested : op.getBody()->without_terminator()) {
                 if (&nested != extract) {
                   b.clone(nested, mapping);
                   continue;
                 }
                 SmallVector<Value> indices;
                 for (Value index : extract.getIndices())
                   indices.push_back(mapping.lookupOrDefault(index));
                 mapping.map(extract.getResult(),
                             tensor::ExtractOp::create(b, loc, codes, indices)
                                 .getResult());
               }
               linalg::YieldOp::create(b, loc,
                                       mapping.lookup(extract.getResult()));
             })
      .getResult(0);
}

Value pumice::repeatMove(OpBuilder &builder, Operation *move, Value codes,
                         int64_t zero) {
  Type element = cast<RankedTensorType>(codes.getType()).getElementType();
  auto type = withElement(move->getResult(0).getType(), element);
  Location loc = move->getLoc();
  auto zeroCode = [&]() -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), zero,
                                        /*isSigned=*/true,
                                        /*implicitTrunc=*/true)));
  };
  auto empty = [&] {
    return tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  };
  if (auto pad = dyn_cast<tensor::PadOp>(move))
    return tensor::PadOp::create(builder, loc, type, codes,
                                 pad.getMixedLowPad(), pad.getMixedHighPad(),
                                 zeroCode());
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(move)) {
    Value zeros =
        linalg::FillOp::create(builder, loc, zeroCode(), empty().getResult())
            .getResult(0);
    return tensor::InsertSliceOp::create(
        builder, loc, codes, zeros, insert.getMixedOffsets(),
        insert.getMixedSizes(), insert.getMixedStrides());
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(move))
    return linalg::TransposeOp::create(builder, loc, codes, empty(),
                                       transpose.getPermutation())
        .getResult()[0];
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(move))
    return linalg::BroadcastOp::create(builder, loc, codes, empty(),
                                       broadcast.getDimensions())
        .getResult()[0];
  if (auto generic = dyn_cast<linalg::GenericOp>(move))
    return moveGeneric(builder, generic, type, codes);
  IRMapping mapping;
  mapping.map(move->getOperand(0), codes);
  Operation *clone = builder.clone(*move, mapping);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

//===----------------------------------------------------------------------===//
// Where dimensions go
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Every dimension of `dims` becomes one of the result, or the move mixes it.
static std::optional<SmallVector<unsigned>>
each(ArrayRef<unsigned> dims,
     function_ref<std::optional<unsigned>(unsigned)> target) {
  SmallVector<unsigned> result;
  for (unsigned dim : dims) {
    std::optional<unsigned> to = target(dim);
    if (!to)
      return std::nullopt;
    result.push_back(*to);
  }
  return result;
}

static std::optional<unsigned> positionIn(AffineMap map, unsigned dim) {
  auto expr = dyn_cast<AffineDimExpr>(map.getResult(dim));
  return expr ? std::optional<unsigned>(expr.getPosition()) : std::nullopt;
}

/// Dimensions of more than one element in a group of a reassociation.
static SmallVector<unsigned> longOnes(ArrayRef<int64_t> group,
                                      ArrayRef<int64_t> shape) {
  SmallVector<unsigned> result;
  for (int64_t dim : group)
    if (shape[dim] != 1)
      result.push_back(dim);
  return result;
}

std::optional<SmallVector<unsigned>> pumice::moveDims(Operation *move,
                                                      ArrayRef<unsigned> all) {
  Value source = movedFrom(move);
  ArrayRef<int64_t> from = shapeOf(source), to = shapeOf(move->getResult(0));
  // One element long, a dimension indexes nothing.
  SmallVector<unsigned> dims =
      llvm::filter_to_vector(all, [&](unsigned dim) { return from[dim] != 1; });
  if (auto transpose = dyn_cast<linalg::TransposeOp>(move))
    return each(dims, [&](unsigned dim) -> std::optional<unsigned> {
      return llvm::find(transpose.getPermutation(), int64_t(dim)) -
             transpose.getPermutation().begin();
    });
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(move)) {
    SmallVector<unsigned> kept;
    for (unsigned dim = 0; dim < to.size(); ++dim)
      if (!llvm::is_contained(broadcast.getDimensions(), int64_t(dim)))
        kept.push_back(dim);
    return each(dims, [&](unsigned dim) { return std::optional(kept[dim]); });
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(move)) {
    SmallVector<unsigned> result;
    auto groups = expand.getReassociationIndices();
    for (unsigned dim : dims)
      llvm::append_range(result, longOnes(groups[dim], to));
    return result;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(move)) {
    // A group goes along if `dims` has all of it, in order.
    SmallVector<unsigned> result;
    ArrayRef<unsigned> rest = dims;
    for (auto [number, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      SmallVector<unsigned> whole = longOnes(group, from);
      if (rest.empty() || whole.empty() || rest.front() != whole.front())
        continue;
      if (rest.take_front(whole.size()) != ArrayRef(whole))
        return std::nullopt;
      result.push_back(number);
      rest = rest.drop_front(whole.size());
    }
    if (!rest.empty())
      return std::nullopt;
    return result;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(move)) {
    tensor::ExtractOp extract = matchGather(generic);
    if (!extract) {
      AffineMap map =
          generic.getMatchingIndexingMap(generic.getDpsInputOperand(0));
      return each(dims, [&](unsigned dim) { return positionIn(map, dim); });
    }
    return each(dims, [&](unsigned dim) -> std::optional<unsigned> {
      auto index = extract.getIndices()[dim].getDefiningOp<linalg::IndexOp>();
      if (!index || from[dim] != to[index.getDim()])
        return std::nullopt;
      return index.getDim();
    });
  }
  return each(dims, [&](unsigned dim) {
    return from.size() == to.size() && from[dim] == to[dim] ? std::optional(dim)
                                                            : std::nullopt;
  });
}
