// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Evaluate.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/Memory.h"

using namespace mlir;

namespace pumice::digital {

namespace {

/// Whether `op` is a constant with data, the only source worth folding.
bool isDataConstant(Operation *op) {
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  if (!constant || !isa<ElementsAttr>(constant.getValue()))
    return false;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  return !dense || !dense.isSplat();
}

bool hasBuffers(TypeRange types) {
  return llvm::all_of(types, [](Type type) {
    auto bytes = getBufferBytes(type);
    if (bytes)
      return true;
    llvm::consumeError(bytes.takeError());
    return false;
  });
}

/// True for ops whose results depend on their operands only.
bool isEvaluable(Operation *op) {
  if (!op->isRegistered() || op->getNumResults() == 0 || !op->getDialect() ||
      !isa<arith::ArithDialect, math::MathDialect, linalg::LinalgDialect,
           tensor::TensorDialect, affine::AffineDialect>(op->getDialect()))
    return false;
  if (!hasBuffers(op->getOperandTypes()) || !hasBuffers(op->getResultTypes()))
    return false;
  WalkResult inner = op->walk([&](Operation *nested) {
    if (nested == op || isa<cf::AssertOp>(nested))
      return WalkResult::advance();
    return nested->isRegistered() &&
                   (isPure(nested) || nested->hasTrait<OpTrait::IsTerminator>())
               ? WalkResult::advance()
               : WalkResult::interrupt();
  });
  return !inner.wasInterrupted();
}

/// A maximal connected set of ops that depend on constants only, in program
/// order, and the values of it that become constants.
struct Subgraph {
  llvm::SetVector<Operation *> ops;
  SmallVector<Value> results;
};

int64_t bufferBytes(Value value) {
  return llvm::cantFail(getBufferBytes(value.getType()));
}

void forEachOperand(Operation *op, llvm::function_ref<void(Value)> visit) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (!op->isAncestor(operand.getParentBlock()->getParentOp()))
        visit(operand);
  });
}

std::vector<Subgraph> findSubgraphs(Block &block) {
  // `constant`: can be evaluated. `carriesData`: depends on data, so the value
  // is not a fill that the program can recreate for free.
  llvm::DenseSet<Operation *> constant, carriesData;
  for (Operation &op : block) {
    if (isa<arith::ConstantOp>(op) || !isEvaluable(&op))
      continue;
    bool all = true, data = false;
    forEachOperand(&op, [&](Value operand) {
      Operation *def = operand.getDefiningOp();
      if (!def || def->getBlock() != &block ||
          !(isa<arith::ConstantOp>(def) || constant.contains(def)))
        all = false;
      else
        data |= isDataConstant(def) || carriesData.contains(def);
    });
    if (!all)
      continue;
    constant.insert(&op);
    if (data)
      carriesData.insert(&op);
  }

  llvm::EquivalenceClasses<Operation *> classes;
  for (Operation &op : block) {
    if (!carriesData.contains(&op))
      continue;
    classes.insert(&op);
    forEachOperand(&op, [&](Value operand) {
      if (carriesData.contains(operand.getDefiningOp()))
        classes.unionSets(&op, operand.getDefiningOp());
    });
  }

  llvm::MapVector<Operation *, Subgraph> found;
  for (Operation &op : block)
    if (carriesData.contains(&op))
      found[classes.getLeaderValue(&op)].ops.insert(&op);
  std::vector<Subgraph> result;
  for (auto &entry : found)
    result.push_back(std::move(entry.second));
  return result;
}

/// The ops that `results` depend on, including constants, in program order.
SmallVector<Operation *> slice(ArrayRef<Value> results) {
  llvm::SetVector<Operation *> needed;
  SmallVector<Operation *> worklist;
  for (Value result : results)
    worklist.push_back(result.getDefiningOp());
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (needed.insert(op))
      forEachOperand(op, [&](Value operand) {
        worklist.push_back(operand.getDefiningOp());
      });
  }
  SmallVector<Operation *> ordered = needed.takeVector();
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ordered;
}

/// Chooses the values to materialize. While they are too large compared with
/// their sources, the op of the largest one stays in the program and its
/// operands are materialized instead: the scale rather than a broadcast of it.
void chooseResults(Subgraph &subgraph, const FoldOptions &options) {
  llvm::DenseSet<Operation *> kept;
  while (true) {
    int64_t outputBytes = 0, inputBytes = 0;
    Value biggest;
    subgraph.results.clear();
    for (Operation *op : subgraph.ops) {
      if (kept.contains(op))
        continue;
      for (Value result : op->getResults()) {
        if (llvm::none_of(result.getUsers(), [&](Operation *user) {
              user = op->getBlock()->findAncestorOpInBlock(*user);
              return !subgraph.ops.contains(user) || kept.contains(user);
            }))
          continue;
        subgraph.results.push_back(result);
        outputBytes += bufferBytes(result);
        if (!biggest || bufferBytes(result) > bufferBytes(biggest))
          biggest = result;
      }
    }
    for (Operation *op : slice(subgraph.results))
      if (isDataConstant(op))
        inputBytes += bufferBytes(op->getResult(0));
    if (!biggest || outputBytes <= options.alwaysFoldBytes ||
        double(outputBytes) <= options.maxGrowth * double(inputBytes))
      return;
    kept.insert(biggest.getDefiningOp());
  }
}

/// A function `() -> results` with clones of the ops that `results` depend on.
func::FuncOp outline(OpBuilder &builder, ArrayRef<Value> results,
                     StringRef name) {
  auto types =
      llvm::map_to_vector(results, [](Value v) { return v.getType(); });
  Location loc = results.front().getLoc();
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType({}, types));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(function.addEntryBlock());
  IRMapping mapping;
  for (Operation *op : slice(results))
    builder.clone(*op, mapping);
  func::ReturnOp::create(
      builder, loc,
      llvm::map_to_vector(results, [&](Value v) { return mapping.lookup(v); }));
  return function;
}

bool isSplat(ArrayRef<char> data, int64_t width) {
  for (size_t i = width; i < data.size(); i += width)
    if (std::memcmp(data.data(), data.data() + i, width) != 0)
      return false;
  return true;
}

/// The same data, in memory that pages of zeros take nothing of, if most of it
/// is zeros: weights that a model does not have.
AsmResourceBlob withoutZeroPages(AsmResourceBlob blob) {
  constexpr size_t page = 4096, samples = 64;
  static const char zeros[page] = {};
  const ArrayRef<char> data = blob.getData();
  const size_t pages = data.size() / page;
  if (pages < 4 * samples)
    return blob;
  auto isZero = [&](size_t i) {
    return std::memcmp(data.data() + i * page, zeros, page) == 0;
  };
  size_t found = 0;
  for (size_t i = 0; i < samples; ++i)
    found += isZero(pages / samples * i + 1);
  if (found < samples - 1)
    return blob;
  std::error_code error;
  llvm::sys::MemoryBlock memory = llvm::sys::Memory::allocateMappedMemory(
      data.size(), nullptr,
      llvm::sys::Memory::MF_READ | llvm::sys::Memory::MF_WRITE, error);
  if (error)
    return blob;
  auto *begin = static_cast<char *>(memory.base());
  for (size_t i = 0; i < pages; ++i)
    if (!isZero(i))
      std::memcpy(begin + i * page, data.data() + i * page, page);
  std::memcpy(begin + pages * page, data.data() + pages * page,
              data.size() - pages * page);
  return AsmResourceBlob(
      ArrayRef<char>(begin, data.size()), page,
      [memory](void *, size_t, size_t) mutable {
        llvm::sys::Memory::releaseMappedMemory(memory);
      },
      /*dataIsMutable=*/false);
}

/// The attribute of `type` whose buffer is `blob`.
TypedAttr makeAttribute(Type type, AsmResourceBlob blob) {
  ArrayRef<char> data = blob.getData();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor) {
    auto shaped = RankedTensorType::get({1}, type);
    if (type.isInteger(1))
      return IntegerAttr::get(type, data[0] != 0);
    return cast<TypedAttr>(*DenseElementsAttr::getFromRawBuffer(shaped, data)
                                .getValues<Attribute>()
                                .begin());
  }
  if (tensor.getNumElements() == 0)
    return DenseElementsAttr::get(tensor, ArrayRef<Attribute>());
  Type element = tensor.getElementType();
  if (element.isInteger(1)) {
    SmallVector<bool> values(data.begin(), data.end());
    return DenseElementsAttr::get(tensor, values);
  }
  int64_t width = data.size() / tensor.getNumElements();
  if (isSplat(data, width))
    return DenseElementsAttr::getFromRawBuffer(tensor, data.take_front(width));
  if (element.isIndex() || tensor.getRank() == 0)
    return DenseElementsAttr::getFromRawBuffer(tensor, data);
  return DenseResourceElementsAttr::get(tensor, "pumice_folded",
                                        withoutZeroPages(std::move(blob)));
}

/// Folds reshapes of constants, which share their data.
void foldReshapes(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) ||
        !hasBuffers(op.getResultTypes()))
      continue;
    auto constant = op.getOperand(0).getDefiningOp<arith::ConstantOp>();
    if (!constant)
      continue;
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    TypedAttr value;
    if (auto resource =
            dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
      value = DenseResourceElementsAttr::get(type, resource.getRawHandle());
    else if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
      value = dense.reshape(type);
    else
      continue;
    OpBuilder builder(&op);
    op.getResult(0).replaceAllUsesWith(
        arith::ConstantOp::create(builder, op.getLoc(), value));
    op.erase();
  }
}

/// The operand whose elements `op` only rearranges, drops or repeats; null if
/// it does something else.
Value movedOperand(Operation *op) {
  if (isa<linalg::TransposeOp, linalg::BroadcastOp, tensor::ExtractSliceOp>(op))
    return op->getOperand(0);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic->getNumResults() != 1)
    return Value();
  auto yielded = dyn_cast<BlockArgument>(
      generic.getBody()->getTerminator()->getOperand(0));
  if (!yielded || yielded.getOwner() != generic.getBody() ||
      yielded.getArgNumber() >= generic.getNumDpsInputs() ||
      !llvm::hasSingleElement(*generic.getBody()) ||
      generic.getNumReductionLoops() > 0 ||
      !generic.getMatchingIndexingMap(generic.getDpsInitOperand(0))
           .isPermutation())
    return Value();
  return generic.getDpsInputOperand(yielded.getArgNumber())->get();
}

/// The constant that an elementwise arith op computes from splats; null if it
/// has no folder for them.
SplatElementsAttr foldedSplat(Operation *op) {
  if (!isa_and_nonnull<arith::ArithDialect>(op->getDialect()) ||
      isa<arith::ConstantOp>(op) || op->getNumResults() != 1 ||
      !isa<RankedTensorType>(op->getResult(0).getType()))
    return {};
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    auto constant = operand.getDefiningOp<arith::ConstantOp>();
    if (!constant || !isa<SplatElementsAttr>(constant.getValue()))
      return {};
    operands.push_back(constant.getValue());
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.size() != 1)
    return {};
  return dyn_cast_or_null<SplatElementsAttr>(
      dyn_cast_if_present<Attribute>(results.front()));
}

/// Rearranged equal elements are equal elements. Uniform weights stay constants
/// this way: subgraphs of splats are not worth computing.
void foldSplats(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (SplatElementsAttr folded = foldedSplat(&op)) {
      OpBuilder builder(&op);
      op.getResult(0).replaceAllUsesWith(
          arith::ConstantOp::create(builder, op.getLoc(), folded));
      op.erase();
      continue;
    }
    Value moved = movedOperand(&op);
    auto constant =
        moved ? moved.getDefiningOp<arith::ConstantOp>() : arith::ConstantOp();
    auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue())
                          : SplatElementsAttr();
    if (!splat || splat.getNumElements() < 2 ||
        !hasBuffers(op.getResultTypes()))
      continue;
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    OpBuilder builder(&op);
    op.getResult(0).replaceAllUsesWith(arith::ConstantOp::create(
        builder, op.getLoc(), splat.resizeSplat(type)));
    op.erase();
  }
}

} // namespace

LogicalResult foldConstantSubgraphs(func::FuncOp function,
                                    const FoldOptions &options) {
  if (function.isExternal())
    return success();
  foldReshapes(function.getBody().front());
  foldSplats(function.getBody().front());
  std::vector<Subgraph> subgraphs;
  for (Subgraph &subgraph : findSubgraphs(function.getBody().front())) {
    chooseResults(subgraph, options);
    if (!subgraph.results.empty())
      subgraphs.push_back(std::move(subgraph));
  }
  if (subgraphs.empty())
    return success();

  OwningOpRef<ModuleOp> scratch = ModuleOp::create(function.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(scratch->getBody());
  SmallVector<func::FuncOp> functions;
  for (auto [i, subgraph] : llvm::enumerate(subgraphs))
    functions.push_back(
        outline(builder, subgraph.results, ("fold" + Twine(i)).str()));
  auto compiled = compile(*scratch, functions, options.compiler);
  if (!compiled)
    return function.emitError("cannot fold constants: ")
           << llvm::toString(compiled.takeError());

  SmallVector<std::pair<Value, TypedAttr>> folded;
  for (auto [i, subgraph] : llvm::enumerate(subgraphs)) {
    const CompiledRegion &region = (**compiled)[i];
    SmallVector<AsmResourceBlob> blobs;
    SmallVector<void *> outputs;
    for (int64_t bytes : region.getOutputBytes()) {
      // Readers of bytecode must provide the alignment of its blobs, so do not
      // ask for more than the widest element needs.
      blobs.push_back(HeapAsmResourceBlob::allocate(std::max<int64_t>(bytes, 1),
                                                    8, /*dataIsMutable=*/true));
      outputs.push_back(blobs.back().getMutableData().data());
    }
    if (llvm::Error error = region.invoke({}, outputs))
      return subgraph.ops.front()->emitError("cannot fold constants: ")
             << llvm::toString(std::move(error));
    for (auto [result, blob] : llvm::zip_equal(subgraph.results, blobs))
      folded.emplace_back(result,
                          makeAttribute(result.getType(), std::move(blob)));
  }

  for (auto [value, attribute] : folded) {
    Operation *op = value.getDefiningOp();
    builder.setInsertionPoint(op);
    Value constant =
        arith::ConstantOp::create(builder, op->getLoc(), attribute);
    value.replaceAllUsesWith(constant);
  }
  // Users come after their operands, so one backward sweep removes all ops that
  // have become dead.
  Block &block = function.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (op.use_empty() && isEvaluable(&op))
      op.erase();
  return success();
}

} // namespace pumice::digital
