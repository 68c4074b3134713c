// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/Subroutines.h"

#include "lib/Analysis/Rematerializable.h"
#include "lib/Transforms/Nonlinear/GroupNorm.h"
#include "lib/Transforms/Nonlinear/Matchers.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "raise-nonlinear"

using namespace mlir;
using namespace pumice;

bool pumice::isRepeatedInRegion(Operation *op) {
  return isRepeated(op, RepeatedConstants::uniform);
}

void pumice::forEachOperand(Operation *op, Block &block,
                            llvm::function_ref<void(Value)> callback) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (operand.getParentBlock() == &block)
        callback(operand);
  });
}

SetVector<Value> pumice::operandsOf(const Subroutine &region, Block &block) {
  SetVector<Value> values;
  for (Operation *op : region.ops)
    forEachOperand(op, block, [&](Value operand) {
      Operation *def = operand.getDefiningOp();
      if (!def || (!region.ops.contains(def) && !isRepeatedInRegion(def)))
        values.insert(operand);
    });
  return values;
}

SmallVector<Value> pumice::resultsOf(const Subroutine &region, Block &block) {
  SmallVector<Value> results{region.result};
  for (Operation *op : region.ops)
    for (Value value : op->getResults())
      if (value != region.result &&
          llvm::any_of(value.getUsers(), [&](Operation *user) {
            return !region.ops.contains(block.findAncestorOpInBlock(*user));
          }))
        results.push_back(value);
  return results;
}

namespace {

bool isFloat(Type type) { return getElementTypeOrSelf(type).isFloat(); }
bool isBool(Type type) { return getElementTypeOrSelf(type).isInteger(1); }

/// An op that computes each element of its results from one element of each
/// operand.
bool isElementwise(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.hasPureTensorSemantics() &&
           linalgOp.getNumParallelLoops() == linalgOp.getNumLoops();
  return OpTrait::hasElementwiseMappableTraits(op) &&
         op->getNumResults() == 1 &&
         llvm::all_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>);
}

/// A linalg op whose results are elements of its operands: a fill, a broadcast,
/// a transpose.
bool isMove(Operation *op) {
  Block *body = cast<linalg::LinalgOp>(op).getBlock();
  return llvm::all_of(body->getTerminator()->getOperands(),
                      llvm::IsaPred<BlockArgument>);
}

/// Floats (and conditions) in, floats out.
bool isFloatOp(Operation *op) {
  return llvm::all_of(
             op->getOperandTypes(),
             [](Type type) { return isFloat(type) || isBool(type); }) &&
         llvm::all_of(op->getResultTypes(), isFloat);
}

bool isLinear(Operation *op) {
  // Division by values that are not activations: constants, counts.
  if (auto divide = dyn_cast<arith::DivFOp>(op)) {
    Operation *def = divide.getRhs().getDefiningOp();
    return def && (isa<arith::SIToFPOp, arith::UIToFPOp>(def) ||
                   matchPattern(divide.getRhs(), m_Constant()));
  }
  // A choice that does not depend on the values moves elements.
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return !select.getCondition().getDefiningOp<arith::CmpFOp>();
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
          arith::ExtFOp, arith::TruncFOp, arith::ConstantOp, math::FmaOp,
          linalg::YieldOp, linalg::IndexOp, tensor::ExtractOp>(op))
    return true;
  return llvm::none_of(op->getOperandTypes(), isFloat) &&
         llvm::none_of(op->getResultTypes(), isFloat);
}

/// Elementwise, and more than sums, products and moves.
bool isNonlinear(Operation *op) {
  if (!isElementwise(op) || !isFloatOp(op))
    return false;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return !isLinear(op);
  return llvm::any_of(*linalgOp.getBlock(),
                      [](Operation &nested) { return !isLinear(&nested); });
}

/// Floats in, one condition out, element by element.
bool isComparison(Operation *op) {
  return isElementwise(op) && op->getNumResults() == 1 &&
         llvm::any_of(op->getOperandTypes(), isFloat) &&
         llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return isFloat(type) || isBool(type); });
}

/// The only op of the body that is not a cast, if there is exactly one.
Operation *soleOp(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return op;
  Operation *sole = nullptr;
  for (Operation &nested : linalgOp.getBlock()->without_terminator()) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(nested))
      continue;
    if (sole)
      return nullptr;
    sole = &nested;
  }
  return sole;
}

/// In the order of the block.
SetVector<Operation *> sorted(const SetVector<Operation *> &ops) {
  SmallVector<Operation *> result(ops.begin(), ops.end());
  llvm::sort(result,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return SetVector<Operation *>(result.begin(), result.end());
}

/// Whether no element of a tensor counts: x - max(x) over one element, say.
bool isFixed(const arithmetic::Node *root) {
  SmallVector<const arithmetic::Node *> work{root};
  llvm::SmallPtrSet<const arithmetic::Node *, 16> seen;
  while (!work.empty()) {
    const arithmetic::Node *node = work.pop_back_val();
    if (node->is(arithmetic::Fn::element) || node->is(arithmetic::Fn::other))
      return false;
    for (const arithmetic::Node *arg : node->args)
      if (seen.insert(arg).second)
        work.push_back(arg);
  }
  return true;
}

std::nullopt_t leaveFixed(Operation *op) {
  LDBG() << "no region for " << op->getName() << " at " << op->getLoc()
         << ": its result is the same for all inputs";
  return std::nullopt;
}

/// Looks for the subroutine that ends at an op.
class Finder {
public:
  explicit Finder(Block &block)
      : block(block), builder(block.getParentOp()->getContext()) {}

  /// Consumers first: the biggest subroutine that ends at an op.
  SmallVector<Subroutine> run() {
    SmallVector<Subroutine> regions;
    for (Operation &op : llvm::reverse(block))
      if (!claimed.contains(&op) && op.getNumResults())
        if (std::optional<Subroutine> region = findRegion(&op)) {
          claimed.insert(region->ops.begin(), region->ops.end());
          regions.push_back(std::move(*region));
        }
    return regions;
  }

private:
  std::optional<Subroutine> findRegion(Operation *op);
  std::optional<Subroutine>
  matchRegion(Operation *op, OpResult result, arithmetic::View &view,
              llvm::function_ref<bool(Operation *)> isBoundary);
  bool collect(Subroutine &region, const arithmetic::View &view);
  void leaveReshapes(Subroutine &region);
  void addMask(Subroutine &region);
  void addPad(Subroutine &region);
  bool isConvex(const Subroutine &region);

  Block &block;
  Builder builder;
  llvm::DenseSet<Operation *> claimed;
};

} // namespace

/// Depths of the views that are tried where a view has no room for all ops.
static constexpr unsigned nearDepths[] = {24, 16, 12, 8};

std::optional<Subroutine> Finder::findRegion(Operation *op) {
  if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op)) {
    const int64_t dimension = softmax.getDimension();
    if (softmax.getInputOperandType().getDimSize(dimension) == 1)
      return leaveFixed(op);
    if (softmax.getNumResults() != 1)
      return std::nullopt;
    Subroutine region{pum::NonlinearKind::softmax,
                      softmax.getResult()[0],
                      softmax.getInput(),
                      {},
                      {},
                      {}};
    region.ops.insert(op);
    region.dimensions.push_back(dimension);
    addMask(region);
    return region;
  }
  if (isa<linalg::LinalgOp>(op) ? isMove(op) : !isElementwise(op))
    return std::nullopt;
  OpResult result;
  for (OpResult candidate : op->getResults())
    if (isFloat(candidate.getType()) && !candidate.use_empty()) {
      result = candidate;
      break;
    }
  if (!result || !isa<RankedTensorType>(result.getType()))
    return std::nullopt;
  auto isBoundary = [&](Operation *def) {
    return def->getBlock() != &block || claimed.contains(def);
  };
  arithmetic::View view(result, isBoundary);
  if (isFixed(view.getRoot()))
    return leaveFixed(op);
  if (std::optional<Subroutine> region =
          matchRegion(op, result, view, isBoundary))
    return region;
  // One operand is viewed before the other: residual sums may lead so far back
  // that nothing is left for the other.
  bool isFull = view.isFull();
  for (unsigned depth : nearDepths) {
    if (!isFull)
      break;
    arithmetic::View near(result, isBoundary, depth);
    if (std::optional<Subroutine> region =
            matchRegion(op, result, near, isBoundary))
      return region;
    isFull = near.isFull();
  }
  if (!isElementwise(op) || !isFloatOp(op))
    return std::nullopt;
  // Unknown: a separate region, with the comparisons that it reads.
  SmallVector<Operation *> conditions;
  for (Value operand : op->getOperands())
    if (Operation *def = operand.getDefiningOp();
        def && isBool(operand.getType()) && operand.hasOneUse() &&
        def->getBlock() == &block && !claimed.contains(def) &&
        isComparison(def))
      conditions.push_back(def);
  if (conditions.empty() && !isNonlinear(op))
    return std::nullopt;
  Subroutine region{pum::NonlinearKind::elementwise, result, {}, {}, {}, {}};
  conditions.push_back(op);
  region.ops.insert(conditions.begin(), conditions.end());
  SetVector<Value> operands = operandsOf(region, block);
  auto isArgument = [](Value value) {
    return isFloat(value.getType()) &&
           !value.getDefiningOp<arith::ConstantOp>();
  };
  const auto *argument = llvm::find_if(operands, isArgument);
  if (argument == operands.end() || !llvm::all_of(operands, [](Value value) {
        return isa<RankedTensorType>(value.getType());
      }))
    return std::nullopt;
  region.argument = *argument;
  return region;
}

std::optional<Subroutine>
Finder::matchRegion(Operation *op, OpResult result, arithmetic::View &view,
                    llvm::function_ref<bool(Operation *)> isBoundary) {
  if (!view.holds(op))
    return std::nullopt;
  std::optional<NonlinearMatch> match = matchSubroutine(view);
  if (!match)
    if (std::optional<GroupNorm> norm =
            matchGroupNorm(result, view, isBoundary)) {
      Subroutine region{pum::NonlinearKind::group_norm,
                        result,
                        norm->argument,
                        sorted(norm->ops),
                        {},
                        {}};
      // Of a group, some channels and all places.
      auto type = cast<RankedTensorType>(norm->argument.getType());
      for (int64_t dim = 1; dim < type.getRank(); ++dim)
        region.dimensions.push_back(dim);
      region.parameters = {
          builder.getNamedAttr("epsilon",
                               builder.getF64FloatAttr(norm->epsilon)),
          builder.getNamedAttr("groups",
                               builder.getI64IntegerAttr(norm->groups))};
      return region;
    }
  if (!match && isNonlinear(op)) {
    match = matchFunction(view);
    auto divide = dyn_cast_or_null<arith::DivFOp>(soleOp(op));
    if (!match && divide && op->getNumOperands() >= 2)
      match = NonlinearMatch{
          pum::NonlinearKind::division, op->getOperand(0), {}, {}};
  }
  if (!match)
    return std::nullopt;
  Subroutine region{match->kind, result, match->argument, {}, {}, {}};
  region.dimensions = std::move(match->dimensions);
  for (auto [name, value] : match->parameters)
    region.parameters.push_back(
        builder.getNamedAttr(name, builder.getF64FloatAttr(value)));
  region.ops.insert(op);
  if (region.kind != pum::NonlinearKind::division && !collect(region, view))
    return std::nullopt;
  leaveReshapes(region);
  addMask(region);
  addPad(region);
  for (Value operand : operandsOf(region, block))
    if (!isa<RankedTensorType>(operand.getType()))
      return std::nullopt;
  if (!isConvex(region))
    return std::nullopt;
  return region;
}

/// Adds the ops between the argument and the result.
bool Finder::collect(Subroutine &region, const arithmetic::View &view) {
  SmallVector<Operation *> work{region.result.getDefiningOp()};
  bool readsArgument = false;
  while (!work.empty())
    forEachOperand(work.pop_back_val(), block, [&](Value operand) {
      readsArgument |= operand == region.argument;
      Operation *def = operand.getDefiningOp();
      if (operand != region.argument && def && !isRepeatedInRegion(def) &&
          view.holds(def) && region.ops.insert(def))
        work.push_back(def);
    });
  region.ops = sorted(region.ops);
  return readsArgument;
}

/// Leaves reshapes of the argument outside of a function of single elements, so
/// that its operand and result have one shape.
void Finder::leaveReshapes(Subroutine &region) {
  if (pum::hasDimensions(region.kind))
    return;
  for (;;) {
    Operation *reader = nullptr;
    for (Operation *op : region.ops)
      if (llvm::is_contained(op->getOperands(), region.argument)) {
        if (reader)
          return;
        reader = op;
      }
    if (!isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            reader) ||
        reader == region.result.getDefiningOp())
      return;
    region.ops.remove(reader);
    region.argument = reader->getResult(0);
  }
}

/// Takes the mask that is added to (or chosen over) the argument of a softmax
/// into the region.
void Finder::addMask(Subroutine &region) {
  if (region.kind != pum::NonlinearKind::softmax &&
      region.kind != pum::NonlinearKind::log_softmax)
    return;
  Operation *def = region.argument.getDefiningOp();
  if (!def || !isElementwise(def) || !isFloatOp(def) || claimed.contains(def) ||
      def->getBlock() != &block ||
      !llvm::all_of(def->getUsers(), [&](Operation *user) {
        return region.ops.contains(block.findAncestorOpInBlock(*user));
      }))
    return;
  Operation *sole = soleOp(def);
  auto type = cast<RankedTensorType>(region.argument.getType());
  // The operand that an operand of the body's op reads.
  auto readOf = [&](Value value) -> Value {
    if (sole == def)
      return value;
    auto arg = dyn_cast<BlockArgument>(value);
    auto op = cast<linalg::LinalgOp>(def);
    return arg && arg.getOwner() == op.getBlock()
               ? op.getMatchingOpOperand(arg)->get()
               : Value();
  };
  auto isMask = [&](Value value) {
    auto maskType =
        dyn_cast_or_null<RankedTensorType>(value ? value.getType() : Type());
    if (!maskType)
      return false;
    return maskType.getNumElements() < type.getNumElements() ||
           isBool(maskType) || value.getDefiningOp<arith::ConstantOp>();
  };
  Value argument;
  if (isa_and_nonnull<arith::AddFOp>(sole)) {
    Value left = readOf(sole->getOperand(0)),
          right = readOf(sole->getOperand(1));
    if (isMask(left))
      std::swap(left, right);
    if (left && isMask(right))
      argument = left;
  } else if (auto select = dyn_cast_or_null<arith::SelectOp>(sole)) {
    for (Value branch : {select.getTrueValue(), select.getFalseValue()})
      if (Value read = readOf(branch); read && read.getType() == type)
        argument = argument ? Value() : read;
    if (!isMask(readOf(select.getCondition())))
      return;
  }
  if (!argument || argument.getType() != type)
    return;
  SmallVector<Operation *> ops = region.ops.takeVector();
  region.ops.insert(def);
  region.ops.insert(ops.begin(), ops.end());
  region.argument = argument;
  region.parameters.push_back(
      builder.getNamedAttr("masked", builder.getUnitAttr()));
}

/// Takes the padding of a pool into the region.
void Finder::addPad(Subroutine &region) {
  if (region.kind != pum::NonlinearKind::max_pool &&
      region.kind != pum::NonlinearKind::avg_pool)
    return;
  auto pad = region.argument.getDefiningOp<tensor::PadOp>();
  if (!pad || !pad->hasOneUse() || !pad.getConstantPaddingValue() ||
      claimed.contains(pad))
    return;
  SmallVector<Operation *> ops = region.ops.takeVector();
  region.ops.insert(pad);
  region.ops.insert(ops.begin(), ops.end());
  region.argument = pad.getSource();
}

/// Whether no value leaves the region and comes back.
bool Finder::isConvex(const Subroutine &region) {
  SmallVector<Operation *> work;
  for (Value value : resultsOf(region, block))
    if (value != region.result)
      llvm::append_range(work, value.getUsers());
  Operation *last = region.result.getDefiningOp();
  llvm::DenseSet<Operation *> seen;
  while (!work.empty()) {
    Operation *user = block.findAncestorOpInBlock(*work.pop_back_val());
    if (region.ops.contains(user) || !user->isBeforeInBlock(last) ||
        !seen.insert(user).second)
      continue;
    for (Operation *next : user->getUsers()) {
      next = block.findAncestorOpInBlock(*next);
      if (region.ops.contains(next))
        return false;
      work.push_back(next);
    }
  }
  return true;
}

SmallVector<Subroutine> pumice::findSubroutines(Block &block) {
  return Finder(block).run();
}
