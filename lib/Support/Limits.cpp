// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Limits.h"

#include "lib/Support/Text.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/Support/MathExtras.h"

#include <unistd.h>

using namespace mlir;
using namespace pumice;

std::optional<int64_t> pumice::checkedBytes(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return 0;
  Type element = shaped.getElementType();
  int64_t bytes = 8;
  if (element.isIntOrFloat())
    bytes = (int64_t(element.getIntOrFloatBitWidth()) + 7) / 8;
  if (!shaped.hasRank())
    return bytes;
  // An empty tensor may have extents whose product overflows on the way.
  bool isEmpty = false;
  for (int64_t extent : shaped.getShape()) {
    if (ShapedType::isDynamic(extent))
      continue;
    isEmpty |= extent == 0;
    if (extent < 0 ||
        llvm::MulOverflow(bytes, std::max<int64_t>(extent, 1), bytes) ||
        bytes >= kMaxBytes)
      return std::nullopt;
  }
  return isEmpty ? 0 : bytes;
}

/// Upstream's reshapes list the dimensions of each group, and the extents of
/// what they expand. Folders index with the one and believe the other.
static LogicalResult verifyReshape(Operation *op) {
  if (auto groups = op->getAttrOfType<ArrayAttr>("reassociation")) {
    int64_t next = 0;
    for (auto group : groups.getAsRange<ArrayAttr>())
      for (auto index : group.getAsRange<IntegerAttr>()) {
        const APInt &value = index.getValue();
        if (value.getSignificantBits() > 64 || value.getSExtValue() != next++)
          return op->emitError("expected 'reassociation' to list dimensions in "
                               "order, got ")
                 << groups;
      }
  }
  auto shape = op->getAttrOfType<DenseI64ArrayAttr>("static_output_shape");
  if (!shape || op->getNumResults() != 1)
    return success();
  auto type = dyn_cast<ShapedType>(op->getResult(0).getType());
  if (!type || !type.hasRank())
    return success();
  auto fits = [](auto pair) {
    auto [stated, extent] = pair;
    return stated == extent || ShapedType::isDynamic(stated) ||
           ShapedType::isDynamic(extent);
  };
  if (shape.size() == type.getRank() &&
      llvm::all_of(llvm::zip(shape.asArrayRef(), type.getShape()), fits))
    return success();
  return op->emitError("expected the output shape of ")
         << type << ", got " << shape;
}

namespace {

/// Values that folders make constants, without a change of the IR.
class Folded {
public:
  /// The number that `value` will be; none if it is not a constant.
  std::optional<int64_t> of(Value value) {
    auto number = dyn_cast_or_null<IntegerAttr>(evaluate(value, 0));
    if (!number || number.getValue().getSignificantBits() > 64)
      return std::nullopt;
    return number.getValue().getSExtValue();
  }

private:
  static constexpr unsigned kMaxDepth = 64;

  /// Folders compute all elements of a tensor.
  static bool isSmall(Type type) {
    constexpr int64_t kMost = 1024;
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped ? shaped.hasStaticShape() && checkedBytes(type) &&
                        shaped.getNumElements() <= kMost
                  : type.isIntOrIndex();
  }

  Attribute evaluate(Value value, unsigned depth) {
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      return constant;
    Operation *op = value.getDefiningOp();
    if (!op || depth > kMaxDepth || !op->isRegistered() ||
        op->getNumRegions() > 0)
      return {};
    if (auto found = known.find(value); found != known.end())
      return found->second;
    SmallVector<Attribute> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isSmall(operand.getType())
                             ? evaluate(operand, depth + 1)
                             : Attribute());
    // Of a copy, since a folder may change its op.
    Operation *copy = op->clone();
    SmallVector<OpFoldResult> results;
    if (succeeded(copy->fold(operands, results)) && !results.empty()) {
      OpFoldResult result = results[cast<OpResult>(value).getResultNumber()];
      constant = dyn_cast_if_present<Attribute>(result);
      auto other = dyn_cast_if_present<Value>(result);
      if (other && other.getDefiningOp() != copy)
        constant = evaluate(other, depth + 1);
    }
    copy->destroy();
    known[value] = constant;
    return constant;
  }

  llvm::DenseMap<Value, Attribute> known;
};

} // namespace

/// Offsets, sizes and the like that are operands. Folders put them into the
/// attributes if they are constants, and then take -2^63 for a dynamic one, or
/// make types of them.
static LogicalResult verifyOperands(Operation *op, Folded &folded) {
  auto shape = op->getAttrOfType<DenseI64ArrayAttr>("static_output_shape");
  SmallVector<int64_t> extents;
  auto nextDynamic = [&] {
    while (shape && extents.size() < size_t(shape.size()) &&
           !ShapedType::isDynamic(shape[extents.size()]))
      extents.push_back(shape[extents.size()]);
  };
  nextDynamic();
  // The last of the operands that are numbers.
  int64_t others = llvm::count_if(op->getOperandTypes(),
                                  [](Type type) { return type.isIndex(); });
  auto strides = op->getAttrOfType<DenseI64ArrayAttr>("static_strides");
  if (strides && op->getName().getDialectNamespace() == "tensor")
    others -= llvm::count_if(strides.asArrayRef(), ShapedType::isDynamic);
  for (Value operand : op->getOperands()) {
    if (!operand.getType().isIndex())
      continue;
    std::optional<int64_t> number = folded.of(operand);
    if (!number && others <= 0)
      return op->emitOpError("expected a part of static stride");
    --others;
    // A constant of -2^63 that shows up while patterns are applied would end
    // the process: its folder does not check.
    if (!number && op->getName().getStringRef() == "scf.forall")
      return op->emitOpError("expected constant bounds and steps");
    if (number && (*number <= -kMaxBytes || *number >= kMaxBytes))
      return op->emitOpError("expected offsets, sizes, strides and paddings of "
                             "less than 2^50, got ")
             << *number;
    if (number && shape && *number < 0)
      return op->emitOpError("expected sizes that are not negative, got ")
             << *number;
    extents.push_back(number.value_or(1));
    nextDynamic();
  }
  int64_t product = 1;
  for (int64_t extent : extents)
    if (shape &&
        (llvm::MulOverflow(product, std::max<int64_t>(extent, 1), product) ||
         product >= kMaxBytes))
      return op->emitOpError("expected fewer than 2^50 elements");
  return success();
}

/// The attributes of upstream ops that hold extents, offsets or paddings. Their
/// verifiers take any number, the one that stands for a dynamic value included.
static LogicalResult verifyNumbers(Operation *op, Folded &folded) {
  size_t wanted = 0;
  bool isMixed = false;
  for (NamedAttribute attribute : op->getAttrs()) {
    StringRef name = attribute.getName().strref();
    auto check = [&](int64_t number) -> LogicalResult {
      if (number > -kMaxBytes && number < kMaxBytes)
        return success();
      return op->emitError("expected numbers of less than 2^50 in '")
             << name << "', got " << number;
    };
    if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute.getValue())) {
      // tensor and memref write "static_sizes", scf "staticStep".
      const bool isStatic = name.starts_with("static");
      isMixed |= isStatic;
      for (int64_t number : numbers.asArrayRef()) {
        if (isStatic && ShapedType::isDynamic(number))
          ++wanted;
        else if (failed(check(number)))
          return failure();
      }
    } else if (name == "strides" || name == "dilations") {
      if (auto numbers = dyn_cast<DenseIntElementsAttr>(attribute.getValue());
          numbers && numbers.getElementType().isInteger(64))
        for (int64_t number : numbers.getValues<int64_t>()) {
          if (number < 1)
            return op->emitError("expected numbers of at least 1 in '")
                   << name << "', got " << number;
          if (failed(check(number)))
            return failure();
        }
    }
  }
  if (!isMixed)
    return success();
  size_t got = llvm::count_if(op->getOperandTypes(),
                              [](Type type) { return type.isIndex(); });
  if (got == wanted)
    return verifyOperands(op, folded);
  return op->emitError("expected ")
         << wanted << " dynamic offsets, sizes or paddings, got " << got;
}

LogicalResult pumice::verifyLimits(Operation *root) {
  auto check = [](Operation *op, Type type) -> LogicalResult {
    if (checkedBytes(type))
      return success();
    return op->emitError("expected tensors of fewer than 2^50 bytes, got ")
           << type;
  };
  StringRef text;
  AttrTypeWalker texts; // visits each attribute once
  texts.addWalk([&](StringAttr attribute) {
    text = attribute.getValue();
    return problemOfText(text).empty() ? WalkResult::advance()
                                       : WalkResult::interrupt();
  });
  Folded folded;
  SmallVector<std::pair<Operation *, unsigned>> open = {{root, 0}};
  while (!open.empty()) {
    Operation *op = open.back().first;
    const unsigned depth = open.pop_back_val().second;
    if (depth > kMaxNesting)
      return op->emitError("expected ops nested at most ")
             << kMaxNesting << " deep, got more";
    if (op->isRegistered() &&
        (failed(verifyNumbers(op, folded)) || failed(verifyReshape(op))))
      return failure();
    if (texts.walk(op->getAttrDictionary()).wasInterrupted())
      return op->emitError(problemOfText(text));
    for (Type type : op->getOperandTypes())
      if (failed(check(op, type)))
        return failure();
    for (Type type : op->getResultTypes())
      if (failed(check(op, type)))
        return failure();
    for (NamedAttribute attribute : op->getAttrs())
      if (auto typed = dyn_cast<TypedAttr>(attribute.getValue()))
        if (failed(check(op, typed.getType())))
          return failure();
    for (Region &region : op->getRegions())
      for (Block &block : region) {
        for (BlockArgument argument : block.getArguments())
          if (failed(check(op, argument.getType())))
            return failure();
        for (Operation &inner : llvm::reverse(block))
          open.emplace_back(&inner, depth + 1);
      }
  }
  return success();
}

namespace {

struct VerifyLimits : PassWrapper<VerifyLimits, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyLimits)
  StringRef getArgument() const override { return "verify-limits"; }
  StringRef getDescription() const override {
    return "check that sizes, offsets and nesting are within what Pumice's "
           "arithmetic holds; runs before all other passes";
  }
  void runOnOperation() override {
    if (failed(verifyLimits(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace

std::unique_ptr<Pass> pumice::createVerifyLimitsPass() {
  return std::make_unique<VerifyLimits>();
}

llvm::Error pumice::checkMemory(uint64_t bytes, llvm::StringRef what) {
  static const uint64_t all = uint64_t(std::max(0l, sysconf(_SC_PHYS_PAGES))) *
                              uint64_t(std::max(0l, sysconf(_SC_PAGESIZE)));
  if (all == 0 || bytes <= all)
    return llvm::Error::success();
  return llvm::createStringError("expected at most " + Twine(all) +
                                 " bytes of memory for " + what + ", got " +
                                 Twine(bytes));
}
