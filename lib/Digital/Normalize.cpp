// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Normalize.h"

#include "lib/Digital/DigitalCompiler.h"
#include "lib/Digital/LoweringStages.h"
#include "lib/Support/ConstantData.h"
#include "lib/Support/Limits.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace pumice::digital {

template <typename T>
static std::string text(T value) {
  std::string result;
  llvm::raw_string_ostream(result) << value;
  return result;
}

Error errorAt(Operation *op, const Twine &message) {
  return createStringError(text(op->getLoc()) + ": " + message);
}

//===----------------------------------------------------------------------===//
// Supported functions
//===----------------------------------------------------------------------===//

Expected<int64_t> getBufferBytes(Type type) {
  int64_t elements = 1;
  Type scalar = type;
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding())
      return createStringError(
          "expected a ranked tensor of static shape without encoding, got " +
          text(type));
    if (!checkedBytes(type))
      return createStringError(
          "expected tensors of fewer than 2^50 bytes, got " + text(type));
    elements = tensor.getNumElements();
    scalar = tensor.getElementType();
  }
  int64_t bytes = ConstantData::widthOf(scalar);
  if (bytes == 0 || (isa<IntegerType>(scalar) && !scalar.isSignlessInteger()))
    return createStringError("expected elements of i1, i8, i16, i32, i64, "
                             "index, f16, bf16, f32 or f64, got " +
                             text(type));
  return elements * bytes;
}

/// Fails if a result has a dimension along a loop that reduces: tiles of such
/// a loop would overlap in memory. Upstream's verifier allows it.
static Error checkIterators(linalg::LinalgOp op) {
  const SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  for (OpOperand &init : op.getDpsInitsMutable())
    for (auto [axis, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&init).getResults()))
      for (auto [loop, kind] : llvm::enumerate(kinds))
        if (kind != utils::IteratorType::parallel && expr.isFunctionOfDim(loop))
          return errorAt(op, "'" + op->getName().getStringRef() +
                                 "' in a digital region: expected results "
                                 "along parallel loops, got dimension " +
                                 Twine(axis) + " along loop " + Twine(loop) +
                                 ", which is a reduction");
  return Error::success();
}

/// Fails if `op` computes with numbers that no buffer holds: LLVM takes hours
/// for wide integers, or ends the process, and calls libraries for other
/// floats.
static Error checkScalars(Operation *op) {
  auto check = [&](Type type) -> Error {
    Type scalar = getElementTypeOrSelf(type);
    auto integer = dyn_cast<IntegerType>(scalar);
    if (integer ? integer.isSignless() && integer.getWidth() > 0 &&
                      integer.getWidth() <= 64
                : scalar.isIndex() || scalar.isF16() || scalar.isBF16() ||
                      scalar.isF32() || scalar.isF64())
      return Error::success();
    return errorAt(op, "'" + op->getName().getStringRef() +
                           "' in a digital region: expected numbers of i1 to "
                           "i64, index, f16, bf16, f32 or f64, got " +
                           text(type));
  };
  for (Type type : op->getOperandTypes())
    if (Error error = check(type))
      return error;
  for (Type type : op->getResultTypes())
    if (Error error = check(type))
      return error;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (BlockArgument argument : block.getArguments())
        if (Error error = check(argument.getType()))
          return error;
  return Error::success();
}

/// Fails if `op` has attributes for which it is not defined.
static Error checkAttributes(Operation *op) {
  for (NamedAttribute attribute : op->getAttrs()) {
    bool divides = false;
    auto check = [&](AffineExpr expr) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!binary || expr.getKind() == AffineExprKind::Add ||
          expr.getKind() == AffineExprKind::Mul)
        return;
      auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
      divides |= !divisor || divisor.getValue() <= 0;
    };
    if (auto map = dyn_cast<AffineMapAttr>(attribute.getValue()))
      map.getValue().walkExprs(check);
    else if (auto set = dyn_cast<IntegerSetAttr>(attribute.getValue()))
      set.getValue().walkExprs(check);
    else if (auto maps = dyn_cast<ArrayAttr>(attribute.getValue()))
      for (auto map : maps.getAsRange<Attribute>())
        if (auto affine = dyn_cast<AffineMapAttr>(map))
          affine.getValue().walkExprs(check);
    if (divides)
      return errorAt(op, "'" + op->getName().getStringRef() +
                             "' in a digital region: expected division by "
                             "positive constants, got " +
                             text(attribute.getValue()));
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    if (Error error = checkIterators(linalgOp))
      return error;
  // Upstream's patterns take what an op does not read for undefined.
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    for (OpOperand &init : linalgOp.getDpsInitsMutable())
      if (isa<ShapedType>(init.get().getType()) &&
          !linalgOp.payloadUsesValueFromOperand(&init) &&
          !writesAll(linalgOp, init))
        return errorAt(op, "'" + op->getName().getStringRef() +
                               "' in a digital region: expected a linalg op "
                               "that writes every element of result " +
                               Twine(init.getOperandNumber() -
                                     linalgOp.getNumDpsInputs()));
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (type && (!index || *index < 0 || *index >= type.getRank()))
      return errorAt(op, "'tensor.dim' in a digital region: expected the "
                         "number of a dimension of " +
                             text(type) + ", got " +
                             (index ? Twine(*index) : Twine("no constant")));
  }
  return Error::success();
}

Error checkOps(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return errorAt(function, "digital region '" + function.getName() +
                                 "': expected a body of one block");
  std::string limits;
  {
    ScopedDiagnosticHandler handler(
        function.getContext(), [&](Diagnostic &diagnostic) {
          limits = text(diagnostic.getLocation()) + ": " + diagnostic.str();
          return success();
        });
    if (failed(verifyLimits(function)))
      return createStringError(limits);
  }
  Error invalid = Error::success();
  function.getBody().walk([&](Operation *op) {
    if (invalid)
      return WalkResult::interrupt();
    Dialect *dialect = op->getDialect();
    if (op->isRegistered() && dialect &&
        !isa<tensor::GatherOp, tensor::ScatterOp>(op) &&
        (isa<affine::AffineDialect, arith::ArithDialect, index::IndexDialect,
             linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
             tensor::TensorDialect>(dialect) ||
         isa<cf::AssertOp, func::ReturnOp>(op))) {
      invalid = checkScalars(op);
      if (!invalid)
        invalid = checkAttributes(op);
    } else {
      invalid = errorAt(op, "'" + op->getName().getStringRef() +
                                "' is not an op of a digital region (arith, "
                                "math, linalg, tensor, affine, scf, index, "
                                "cf.assert)");
    }
    return invalid ? WalkResult::interrupt() : WalkResult::advance();
  });
  return invalid;
}

static bool isStaticTensorOrScalar(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return !isa<ShapedType>(type) ||
         (tensor && tensor.hasStaticShape() && !tensor.getEncoding());
}

/// The first op with a type that cannot be lowered, and that type.
static std::pair<Operation *, Type> findBadType(func::FuncOp function) {
  std::pair<Operation *, Type> found = {nullptr, Type()};
  function.getBody().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (!isStaticTensorOrScalar(type)) {
        found = {op, type};
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return found;
}

/// Keeps sizes that are computed within what a tensor can have: upstream's
/// patterns make types of them, and end the process for those that are negative
/// or whose product overflows.
static void boundSizes(tensor::ExpandShapeOp op) {
  int64_t known = 1;
  for (int64_t extent : op.getStaticOutputShape())
    if (!ShapedType::isDynamic(extent) &&
        llvm::MulOverflow(known, std::max<int64_t>(extent, 1), known))
      return; // refused elsewhere
  const unsigned count = op.getOutputShape().size();
  constexpr unsigned kBits = 50; // of kMaxBytes
  const unsigned used = std::min(llvm::Log2_64_Ceil(known), kBits);
  if (count == 0)
    return;
  OpBuilder builder(op);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, op.getLoc(), value);
  };
  for (OpOperand &size : op.getOutputShapeMutable())
    size.set(arith::MinSIOp::create(
        builder, op.getLoc(),
        arith::MaxSIOp::create(builder, op.getLoc(), size.get(), number(0)),
        number(int64_t(1) << ((kBits - used) / count))));
}

/// Removes dynamic types that front ends leave between casts of static types,
/// by folding the casts into their users.
static void removeDynamicTypes(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  for (StringRef name : {"arith", "linalg", "tensor"})
    context->getLoadedDialect(name)->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (isa<arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect>(
            op.getDialect()))
      op.getCanonicalizationPatterns(patterns, context);
  function.walk(boundSizes);
  function.walk([](tensor::ConcatOp op) {
    for (OpOperand &operand : op->getOpOperands())
      if (auto cast = operand.get().getDefiningOp<tensor::CastOp>())
        if (isStaticTensorOrScalar(cast.getSource().getType()))
          operand.set(cast.getSource());
  });
  (void)applyPatternsGreedily(function, std::move(patterns));
}

static Error checkTypes(func::FuncOp function) {
  if (!findBadType(function).first)
    return Error::success();
  removeDynamicTypes(function);
  auto [op, type] = findBadType(function);
  if (!op)
    return Error::success();
  return errorAt(op, "'" + op->getName().getStringRef() +
                         "' in a digital region: expected ranked tensors of "
                         "static shape without encoding, got " +
                         text(type));
}

//===----------------------------------------------------------------------===//
// The normal form: one function per distinct computation
//===----------------------------------------------------------------------===//

/// True for scales, zero points and similar numbers, which differ between
/// layers and do not help the code generator. Powers of two help it as factors,
/// and bounds and initial values determine the code.
static bool isParameter(OpOperand &operand) {
  auto constant = operand.get().getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return false;
  Operation *user = operand.getOwner();
  Type type = constant.getType();
  if (auto number = dyn_cast<FloatAttr>(constant.getValue())) {
    const APFloat &value = number.getValue();
    if (!(type.isF32() || type.isF64()) || !value.isFiniteNonZero())
      return false;
    return isa<arith::AddFOp, arith::SubFOp>(user) ||
           (isa<arith::MulFOp, arith::DivFOp>(user) &&
            value.getExactLog2Abs() == INT_MIN);
  }
  auto integer = dyn_cast<IntegerAttr>(constant.getValue());
  return integer && !type.isIndex() && ConstantData::widthOf(type) > 1 &&
         !integer.getValue().isZero() &&
         isa<arith::AddIOp, arith::SubIOp>(user);
}

Expected<NormalForm> normalize(func::FuncOp source) {
  MLIRContext *context = source.getContext();
  OpBuilder builder(context);
  func::FuncOp function = source.clone();
  for (StringAttr name : llvm::map_to_vector(
           function->getDiscardableAttrs(),
           [](NamedAttribute attribute) { return attribute.getName(); }))
    function->removeDiscardableAttr(name);
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
  function.setPublic();
  function.setName("f");
  function.walk([](Operation *op) {
    if (!isa<func::FuncOp>(op))
      op->setDiscardableAttrs(ArrayRef<NamedAttribute>());
  });
  NormalForm result;
  Block &body = function.getBody().front();
  builder.setInsertionPointToStart(&body);
  Location loc = function.getLoc();

  for (BlockArgument argument : body.getArguments()) {
    Type type = argument.getType();
    if (isa<RankedTensorType>(type))
      continue;
    argument.setType(RankedTensorType::get({}, type));
    auto extract =
        tensor::ExtractOp::create(builder, loc, type, argument, ValueRange());
    argument.replaceAllUsesExcept(extract, extract);
  }

  llvm::MapVector<Attribute, BlockArgument> hoisted;
  SmallVector<arith::ConstantOp> constants;
  function.walk([&](arith::ConstantOp op) {
    if (isa<RankedTensorType>(op.getType()))
      constants.push_back(op);
  });
  for (arith::ConstantOp op : constants) {
    auto type = cast<RankedTensorType>(op.getType());
    auto value = cast<ElementsAttr>(op.getValue());
    Value replacement;
    auto dense = dyn_cast<DenseElementsAttr>(value);
    if (dense && dense.isSplat()) {
      builder.setInsertionPoint(op);
      Value element = arith::ConstantOp::create(
          builder, op.getLoc(), dense.getSplatValue<TypedAttr>());
      Value empty = tensor::EmptyOp::create(
          builder, op.getLoc(), type.getShape(), type.getElementType());
      replacement = linalg::FillOp::create(builder, op.getLoc(), element, empty)
                        .getResult(0);
    } else {
      BlockArgument &argument = hoisted[value];
      if (!argument) {
        argument = body.addArgument(type, op.getLoc());
        result.constants.push_back(value);
      }
      replacement = argument;
    }
    op.replaceAllUsesWith(replacement);
    op.erase();
  }

  // Use a separate argument for each use: numbers that are equal here may
  // differ in another function.
  SmallVector<OpOperand *> parameters;
  function.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (isParameter(operand))
        parameters.push_back(&operand);
  });
  for (OpOperand *operand : parameters) {
    auto constant = operand->get().getDefiningOp<arith::ConstantOp>();
    auto type = RankedTensorType::get({}, constant.getType());
    result.constants.push_back(
        DenseElementsAttr::get(type, ArrayRef<Attribute>(constant.getValue())));
    builder.setInsertionPointToStart(&body);
    operand->set(tensor::ExtractOp::create(
        builder, loc, constant.getType(),
        body.addArgument(type, constant.getLoc()), ValueRange()));
    if (constant->use_empty())
      constant.erase();
  }

  Operation *terminator = body.getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      operand.set(tensor::FromElementsOp::create(
          builder, loc, RankedTensorType::get({}, operand.get().getType()),
          operand.get()));
    while (Operation *op = operand.get().getDefiningOp()) {
      if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
        break;
      operand.set(op->getOperand(0));
      if (op->use_empty())
        op->erase();
    }
  }
  function.setFunctionType(builder.getFunctionType(
      body.getArgumentTypes(), terminator->getOperandTypes()));
  result.function = function;
  if (Error error = checkTypes(function))
    return std::move(error);
  function.walk([](Operation *op) { dropPromises(op); });
  return result;
}

} // namespace pumice::digital
