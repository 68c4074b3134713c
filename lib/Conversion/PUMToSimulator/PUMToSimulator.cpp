// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Kept.h"
#include "dialects/PUM/Reason.h"
#include "lib/Conversion/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "convert-pum-to-simulator"

namespace pumice {
#define GEN_PASS_DEF_CONVERTPUMTOSIMULATOR
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using simulator::Memory;

namespace {

/// Writes the machine program of one function of tasks.
class Converter {
public:
  Converter(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()),
        tokenType(simulator::TokenType::get(function.getContext())) {}

  LogicalResult run() {
    Block *old = &function.getBody().front();
    Block *block = new Block();
    function.getBody().push_back(block);
    SmallVector<Type> inputs, results;
    for (BlockArgument arg : old->getArguments()) {
      auto type = dyn_cast<RankedTensorType>(arg.getType());
      if (!type)
        return function.emitError("expected arguments to be tensors, got ")
               << arg.getType();
      inputs.push_back(simulator::bufferType(type, Memory::host));
      buffers[arg] = block->addArgument(inputs.back(), arg.getLoc());
    }
    builder.setInsertionPointToEnd(block);
    for (Operation &op : *old)
      if (failed(emit(&op)))
        return failure();
    for (Type type : function.getResultTypes())
      results.push_back(
          simulator::bufferType(cast<RankedTensorType>(type), Memory::host));
    old->dropAllReferences();
    old->erase();
    function.setType(builder.getFunctionType(inputs, results));
    return success();
  }

private:
  LogicalResult emit(Operation *op) {
    LDBG() << "instructions of " << op->getName() << " at " << op->getLoc();
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<pum::LoadOp>(
            [&](auto op) { return emitTransfer(op, Memory::buffer); })
        .Case<pum::StoreOp>(
            [&](auto op) { return emitTransfer(op, Memory::host); })
        .Case<pum::ProgramOp, pum::ComputeOp, pum::DigitalOp>(
            [&](auto op) { return emitTask(op); })
        .Case<pum::ProbeOp>([&](pum::ProbeOp op) -> LogicalResult {
          if (!buffers.contains(op.getInput()))
            return op.emitOpError("shows a value that no task makes");
          simulator::ProbeOp::create(builder, op.getLoc(),
                                     buffers[op.getInput()], op.getNameAttr());
          return success();
        })
        .Case<arith::ConstantOp>([](auto) { return success(); })
        .Case<func::ReturnOp>([&](func::ReturnOp op) -> LogicalResult {
          SmallVector<Value> values;
          for (Value value : op.getOperands()) {
            if (!buffers.contains(value))
              return op.emitError("returns a value that no task stores");
            values.push_back(buffers[value]);
          }
          func::ReturnOp::create(builder, op.getLoc(), values);
          return success();
        })
        .Default([](Operation *op) -> LogicalResult {
          return op->emitError("expected tasks, got '") << op->getName() << "'";
        });
  }

  template <typename OpTy>
  LogicalResult emitTransfer(OpTy op, Memory destination) {
    Value target = allocate(op.getResult(), destination, op.getLoc());
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInput());
    finish(op,
           simulator::TransferOp::create(builder, op.getLoc(), tokenType,
                                         buffers[op.getInput()], target, after)
               .getToken());
    return success();
  }

  LogicalResult emitTask(pum::ProgramOp op) {
    if (!op.getPlacement())
      return op.emitOpError("has no placement (pum-allocate-arrays)");
    // Arguments are on the host: they are loaded first.
    Operation *maker = op.getWeights().getDefiningOp();
    auto constant = dyn_cast_or_null<arith::ConstantOp>(maker);
    if (!maker || (op.getSetup() && !constant))
      return op.emitOpError("programs weights that are not constant");
    Value &weights = buffers[op.getWeights()];
    if (constant && !weights)
      weights = simulator::ConstantOp::create(
          builder, op.getLoc(),
          simulator::bufferType(
              cast<RankedTensorType>(op.getWeights().getType()), Memory::dram),
          cast<ElementsAttr>(constant.getValue()));
    SmallVector<Value> replacing;
    for (Value grid : op.getReplacing())
      replacing.push_back(buffers[grid]);
    SmallVector<Value> made = llvm::to_vector(op.getReplacing());
    made.push_back(op.getWeights());
    SmallVector<Value> after = waitFor(op.getAfter(), made);
    auto program = simulator::ProgramOp::create(
        builder, op.getLoc(), op.getGrid().getType(), tokenType, weights,
        replacing, after, op.getPlacementAttr(), op.getSetupAttr(),
        op.getTiling(), op.getArray(), op.getAdcRangeAttr(), op.getPartAttr(),
        op.getTilesAttr(), op.getMatrixAttr());
    for (StringRef name :
         {pum::reencodingAttrName, pum::compressedBytesAttrName})
      if (Attribute value = op->getAttr(name))
        program->setAttr(name, value);
    buffers[op.getGrid()] = program.getGrid();
    finish(op, program.getToken());
    return success();
  }

  LogicalResult emitTask(pum::ComputeOp op) {
    Block &body = op.getBody().front();
    Operation *layer = &body.front();
    auto join = dyn_cast<crossbar::JoinOp>(layer);
    if (join)
      layer = join->getNextNode();
    bool isSingle =
        std::next(layer->getIterator()) == op.getYield()->getIterator() &&
        op.getYield().getValues() == layer->getResults();
    if (isSingle && isa<ap::RunOp, ap::LookupOp, ap::CamSearchOp>(layer) &&
        !op.getPlacement())
      return op.emitOpError("has no placement (pum-allocate-arrays)");
    if (auto run = dyn_cast<ap::RunOp>(layer); isSingle && run)
      return emitRun(op, run);
    if (auto lookup = dyn_cast<ap::LookupOp>(layer); isSingle && lookup)
      return emitLookup(op, lookup);
    if (auto search = dyn_cast<ap::CamSearchOp>(layer); isSingle && search)
      return emitSearch(op, search);
    if (auto apply = dyn_cast<crossbar::ApplyOp>(layer); isSingle && apply)
      return emitApply(op, apply);
    auto onGrid = dyn_cast<LayerOpInterface>(layer);
    if (!isSingle || !onGrid || !onGrid.getGridType())
      return op.emitOpError("expects one crossbar layer on a grid as its body");
    Value output = allocate(op.getResults()[0], Memory::buffer, op.getLoc());
    auto bufferOf = [&](Value value) {
      return buffers[op.getInputs()[cast<BlockArgument>(value).getArgNumber()]];
    };
    SmallVector<Value> grids{onGrid.getLayerWeights()};
    if (join && grids.front() == join.getGrid())
      grids = join.getGrids();
    for (Value &grid : grids) {
      if (!isa<BlockArgument>(grid))
        return op.emitOpError(
            "expects one crossbar layer on a grid as its body");
      grid = bufferOf(grid);
    }
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    auto instruction = simulator::MVMOp::create(
        builder, op.getLoc(), tokenType, grids.front(),
        bufferOf(onGrid.getLayerInput()), output, after,
        ValueRange(grids).drop_front(), onGrid.getWindowAttr(),
        builder.getI64IntegerAttr(onGrid.getLayerInputFormat()->zeroPoint),
        builder.getI64IntegerAttr(onGrid.getLayerWeightFormat()->zeroPoint),
        layer->getAttrOfType<crossbar::PartAttr>("part"));
    finish(op, instruction.getToken());
    return success();
  }

  LogicalResult emitRun(pum::ComputeOp op, ap::RunOp run) {
    auto bufferOf = [&](Value value) {
      return buffers[op.getInputs()[cast<BlockArgument>(value).getArgNumber()]];
    };
    Value other = run.getOther() ? bufferOf(run.getOther()) : Value();
    Value output = allocate(
        op.getResults()[0],
        pum::isKept(op) ? Memory::processors : Memory::buffer, op.getLoc());
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    finish(op, simulator::APExecOp::create(
                   builder, op.getLoc(), tokenType, bufferOf(run.getInput()),
                   other, output, op.getPlacementAttr(), run.getProgramAttr(),
                   after, run.getWindowAttr(), run.getInputZeroPointAttr())
                   .getToken());
    return success();
  }

  LogicalResult emitLookup(pum::ComputeOp op, ap::LookupOp lookup) {
    Value queries =
        op.getInputs()[cast<BlockArgument>(lookup.getQueries()).getArgNumber()];
    Value output = allocate(op.getResults()[0], Memory::buffer, op.getLoc());
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    finish(op, simulator::APLookupOp::create(
                   builder, op.getLoc(), tokenType, buffers[queries], output,
                   op.getPlacementAttr(), lookup.getTableAttr(),
                   lookup.getMethodAttr(), after)
                   .getToken());
    return success();
  }

  /// Words are stored once, before the first inference.
  LogicalResult emitSearch(pum::ComputeOp op, ap::CamSearchOp search) {
    if (!search.getMapping())
      return search.emitOpError("has no mapping (ap-map-searches)");
    Value queries =
        op.getInputs()[cast<BlockArgument>(search.getQueries()).getArgNumber()];
    auto write = simulator::CamWriteOp::create(
        builder, op.getLoc(), tokenType, search.getTableAttr(),
        op.getPlacementAttr(), search.getMappingAttr(), ValueRange());
    Value output = allocate(op.getResults()[0], Memory::buffer, op.getLoc());
    Value indices;
    if (search.getIndices())
      indices = allocate(op.getResults()[1], Memory::buffer, op.getLoc());
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    after.push_back(write.getToken());
    finish(op, simulator::CamSearchOp::create(
                   builder, op.getLoc(), tokenType, buffers[queries], output,
                   indices, op.getPlacementAttr(), search.getTableAttr(),
                   search.getKindAttr(), search.getLimitAttr(),
                   search.getMappingAttr(), after)
                   .getToken());
    return success();
  }

  LogicalResult emitApply(pum::ComputeOp op, crossbar::ApplyOp apply) {
    auto bufferOf = [&](Value value) {
      return buffers[op.getInputs()[cast<BlockArgument>(value).getArgNumber()]];
    };
    Value output = allocate(op.getResults()[0], Memory::buffer, op.getLoc());
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    SmallVector<Value> grids = llvm::map_to_vector(apply.getGrids(), bufferOf);
    finish(op, simulator::ApplyOp::create(
                   builder, op.getLoc(), tokenType, apply.getFunctionAttr(),
                   grids, bufferOf(apply.getInput()), output, after)
                   .getToken());
    return success();
  }

  LogicalResult emitTask(pum::DigitalOp op) {
    SmallVector<Location> made;
    for (Value value : op.getYield().getValues())
      made.push_back(value.getLoc());
    func::FuncOp callee = outline(op);
    SmallVector<Value> inputs, outputs;
    for (Value input : op.getInputs())
      inputs.push_back(buffers[input]);
    // A buffer is named after the op that makes its value.
    for (auto [result, loc] : llvm::zip(op.getResults(), made))
      outputs.push_back(allocate(result, Memory::buffer, loc));
    SmallVector<Value> after = waitFor(op.getAfter(), op.getInputs());
    auto instruction = simulator::DigitalOp::create(
        builder, op.getLoc(), tokenType, SymbolRefAttr::get(callee), inputs,
        outputs, after);
    if (Attribute reason = op->getAttr(pum::reasonAttrName))
      instruction->setAttr(pum::reasonAttrName, reason);
    pum::copyTargetGroup(op, instruction);
    finish(op, instruction.getToken());
    return success();
  }

  /// The task's region as a private function of the module.
  func::FuncOp outline(pum::DigitalOp op) {
    OpBuilder::InsertionGuard guard(builder);
    auto type = builder.getFunctionType(op.getInputs().getTypes(),
                                        op.getResults().getTypes());
    auto callee = func::FuncOp::create(op.getLoc(), "digital", type);
    callee.setPrivate();
    symbols.insert(callee); // makes the name unique
    callee.getBody().takeBody(op.getBody());
    auto yield = cast<pum::YieldOp>(callee.getBody().front().getTerminator());
    builder.setInsertionPoint(yield);
    func::ReturnOp::create(builder, yield.getLoc(), yield.getValues());
    yield.erase();
    return callee;
  }

  Value allocate(Value tensor, Memory memory, Location loc) {
    auto type = cast<RankedTensorType>(tensor.getType());
    return buffers[tensor] = simulator::BufferOp::create(
               builder, loc, simulator::bufferType(type, memory));
  }

  /// Tokens of the tasks that `tokens` name and of those that make `values`,
  /// each once.
  SmallVector<Value> waitFor(ValueRange tokens, ValueRange values) {
    SmallVector<Value> after;
    auto add = [&](Value value) {
      Operation *def = value.getDefiningOp();
      Value token = def ? ended.lookup(def) : Value();
      if (token && !llvm::is_contained(after, token))
        after.push_back(token);
    };
    llvm::for_each(tokens, add);
    llvm::for_each(values, add);
    return after;
  }

  void finish(Operation *task, Value token) { ended[task] = token; }

  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  simulator::TokenType tokenType;
  llvm::DenseMap<Value, Value> buffers;     ///< tensors and grids
  llvm::DenseMap<Operation *, Value> ended; ///< tasks
};

struct ConvertPUMToSimulatorPass
    : pumice::impl::ConvertPUMToSimulatorBase<ConvertPUMToSimulatorPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> functions;
    // What is on memrefs is converted already; private functions are regions
    // of the digital unit.
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && function.getBody().hasOneBlock() &&
          llvm::none_of(function.getOps(), [](Operation &op) {
            return isa<simulator::SimulatorDialect>(op.getDialect());
          }))
        functions.push_back(function);
    for (func::FuncOp function : functions)
      if (failed(Converter(function, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace
