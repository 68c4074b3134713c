// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/ScalarFunction.h"

#include "lib/Support/ConstantData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace pumice;

namespace {

/// Clones a region op by op, with the element at one position for each tensor.
class Scalarizer {
public:
  Scalarizer(OpBuilder &builder, std::string &why)
      : builder(builder), why(why) {}

  /// `value` is a tensor whose element is `scalar`.
  void map(Value value, Value scalar) { scalars.map(value, scalar); }

  bool visit(Operation *op);
  Value lookup(Value value) { return scalars.lookupOrNull(value); }

private:
  bool fail(const Twine &reason) {
    why = reason.str();
    return false;
  }
  bool visit(arith::ConstantOp op);
  bool visit(linalg::LinalgOp op);
  bool visitElementwise(Operation *op);

  OpBuilder &builder;
  std::string &why;
  IRMapping scalars;
  llvm::DenseSet<Value> uniform; ///< tensors with equal elements
};

} // namespace

bool Scalarizer::visit(arith::ConstantOp op) {
  auto elements = dyn_cast<ElementsAttr>(op.getValue());
  if (!elements) {
    builder.clone(*op, scalars);
    return true;
  }
  uniform.insert(op);
  auto type = cast<ShapedType>(op.getType()).getElementType();
  if (!elements.isSplat() || !type.isIntOrIndexOrFloat())
    return fail("a constant differs between elements");
  TypedAttr value;
  if (isa<FloatType>(type))
    value = FloatAttr::get(type, elements.getSplatValue<APFloat>());
  else
    value = IntegerAttr::get(type, elements.getSplatValue<APInt>());
  map(op, arith::ConstantOp::create(builder, op.getLoc(), value));
  return true;
}

/// Whether `map` reads, of a tensor of `shape`, the element at the position
/// that `written` writes.
static bool readsSamePosition(AffineMap map, AffineMap written,
                              ArrayRef<int64_t> shape) {
  if (map.getNumResults() != written.getNumResults())
    return false;
  for (auto [from, to, size] :
       llvm::zip(map.getResults(), written.getResults(), shape)) {
    auto constant = dyn_cast<AffineConstantExpr>(from);
    if (from != to && !(size == 1 && constant && constant.getValue() == 0))
      return false;
  }
  return true;
}

bool Scalarizer::visit(linalg::LinalgOp op) {
  if (auto fill = dyn_cast<linalg::FillOp>(*op)) {
    Value value = lookup(fill.getInputs()[0]);
    if (!value)
      return fail("it reads an undefined element");
    map(fill.getResult(0), value);
    uniform.insert(fill.getResult(0));
    return true;
  }
  if (op.getNumLoops() != op.getNumParallelLoops())
    return fail("it reduces dimensions");
  Block &body = op->getRegion(0).front();
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!written.isPermutation())
    return fail("it is not computed element by element");
  IRMapping inner;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    auto shaped = dyn_cast<ShapedType>(operand.get().getType());
    Value scalar = lookup(operand.get());
    if (scalar && shaped && !uniform.contains(operand.get()) &&
        !readsSamePosition(map, written, shaped.getShape()))
      return fail("it is not computed element by element");
    if (scalar)
      inner.map(argument, scalar);
    else if (!argument.use_empty())
      return fail("it reads an undefined element");
  }
  for (Operation &nested : body.without_terminator()) {
    // Front ends refuse inputs such as 0 of a reciprocal; a net has a value.
    if (nested.getName().getStringRef() == "cf.assert")
      continue;
    if (isa<linalg::IndexOp>(nested))
      return fail("it depends on the position of an element");
    for (Value operand : nested.getOperands())
      if (Value scalar = lookup(operand))
        inner.map(operand, scalar);
    if (nested.getNumRegions())
      return fail("it holds '" + nested.getName().getStringRef() + "'");
    builder.clone(nested, inner);
  }
  for (auto [result, value] :
       llvm::zip(op->getResults(), body.getTerminator()->getOperands()))
    map(result, inner.lookupOrDefault(value));
  return true;
}

/// An op of arith or math on tensors.
bool Scalarizer::visitElementwise(Operation *op) {
  OperationState state(op->getLoc(), op->getName());
  for (Value operand : op->getOperands()) {
    Value scalar = lookup(operand);
    if (!scalar)
      return fail("it reads an undefined element");
    state.addOperands(scalar);
  }
  for (Type type : op->getResultTypes())
    state.addTypes(getElementTypeOrSelf(type));
  state.addAttributes(op->getAttrs());
  Operation *scalar = builder.create(state);
  for (auto [from, to] : llvm::zip(op->getResults(), scalar->getResults())) {
    map(from, to);
    if (llvm::all_of(op->getOperands(),
                     [&](Value value) { return uniform.contains(value); }))
      uniform.insert(from);
  }
  return true;
}

bool Scalarizer::visit(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return visit(constant);
  if (isa<tensor::EmptyOp>(op))
    return true;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
    return visit(linalg);
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op)) {
    if (Value scalar = lookup(op->getOperand(0)))
      map(op->getResult(0), scalar);
    if (uniform.contains(op->getOperand(0)))
      uniform.insert(op->getResult(0));
    return true;
  }
  if (op->getNumRegions() == 0 && op->hasTrait<OpTrait::Elementwise>())
    return visitElementwise(op);
  return fail("it holds '" + op->getName().getStringRef() + "'");
}

OwningOpRef<func::FuncOp> pumice::scalarFunctionOf(pum::NonlinearOp op,
                                                   std::string &why) {
  auto isF32 = [](Type type) {
    return cast<RankedTensorType>(type).getElementType().isF32();
  };
  if (op.getInputs().size() != 1 || op.getResults().size() != 1) {
    why = "it has several operands or results";
    return {};
  }
  Type input = op.getInputs()[0].getType(), result = op.getResult(0).getType();
  if (!isF32(input) || !isF32(result) || input != result) {
    why = "it does not give an f32 for each f32";
    return {};
  }
  OpBuilder builder(op.getContext());
  Type f32 = builder.getF32Type();
  OwningOpRef<func::FuncOp> function = func::FuncOp::create(
      op.getLoc(), "scalar", builder.getFunctionType(f32, f32));
  builder.setInsertionPointToStart(function->addEntryBlock());
  Scalarizer scalarizer(builder, why);
  Block &body = op.getBody().front();
  scalarizer.map(body.getArgument(0), function->getArgument(0));
  for (Operation &nested : body.without_terminator())
    if (!scalarizer.visit(&nested))
      return {};
  Value scalar = scalarizer.lookup(op.getYield().getValues()[0]);
  if (!scalar) {
    why = "its result is undefined";
    return {};
  }
  func::ReturnOp::create(builder, op.getLoc(), scalar);
  return function;
}
