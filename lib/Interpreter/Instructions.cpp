// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Instructions.cpp - The instruction table -----------------*- C++ -*-===//
//
// One handler per op of the simulator dialect: its cost, and, in a run with
// values, what it computes. The table at the end is the whole dispatch.
//
//===----------------------------------------------------------------------===//
#include "lib/Device/Device.h"
#include "lib/Interpreter/Interpreter.h"
#include "lib/Model/AP/Wear.h"
#include "lib/Model/Crossbar/Groups.h"

#include <numeric>

using namespace mlir;
using namespace pumice;
using llvm::Error;

//===----------------------------------------------------------------------===//
// From attributes to the hardware model
//===----------------------------------------------------------------------===//

static int64_t bytesOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  std::optional<model::ElementType> element =
      elementTypeOf(type.getElementType());
  return type.getNumElements() * (element ? model::byteWidth(*element) : 0);
}

static model::Memory memoryOf(Value buffer) {
  return simulator::memoryOf(cast<MemRefType>(buffer.getType())) ==
                 simulator::Memory::buffer
             ? model::Memory::buffer
             : model::Memory::dram; // the host sits behind the same channel
}

GridSpec pumice::specOf(simulator::ProgramOp program) {
  crossbar::GridType grid = program.getGrid().getType();
  crossbar::TilingAttr tiling = program.getTiling();
  GridSpec spec;
  spec.matrix.groups = grid.getGroups();
  spec.matrix.rows = grid.getRows();
  spec.matrix.columns = grid.getColumns();
  spec.matrix.weightBits = grid.getElementType().getWidth();
  spec.matrix.adcRange = program.getAdcRange().value_or(0);
  spec.matrix.inputBits = grid.getInputType().getWidth();
  spec.matrix.inputSigned = grid.getInputType().isSigned();
  spec.tiling.rowTiles = tiling.getRowTiles();
  spec.tiling.columnTiles = tiling.getColumnTiles();
  spec.tiling.slices = tiling.getSlices();
  spec.tiling.weightsPerRow =
      program.getArray().getColumns() / tiling.getSlices();
  spec.tiling.groupsPerArray = tiling.getGroupsPerArray();
  spec.tiling.arrays = tiling.getArrays();
  return spec;
}

template <typename OpTy>
static model::Window window(OpTy op) {
  return toWindow(op.getWindowAttr(),
                  cast<MemRefType>(op.getInput().getType()).getShape(),
                  cast<MemRefType>(op.getOutput().getType()).getShape());
}

model::Window pumice::windowOf(simulator::MVMOp op) { return window(op); }
model::Window pumice::windowOf(simulator::APExecOp op) { return window(op); }

SmallVector<model::ArrayRange> pumice::rangesOf(pum::PlacementAttr placement) {
  SmallVector<model::ArrayRange> ranges;
  ArrayRef<int64_t> bounds = placement.getRanges();
  for (size_t i = 0; i < bounds.size(); i += 2)
    ranges.push_back({bounds[i], bounds[i + 1] - bounds[i]});
  return ranges;
}

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

static Error execute(Interpreter &run, simulator::BufferOp op) {
  return run.allocate(op.getMemory());
}

static Error execute(Interpreter &run, simulator::ConstantOp op) {
  // Weights are programmed once, before the first run.
  if (!run.withValues ||
      llvm::all_of(op->getUsers(), llvm::IsaPred<simulator::ProgramOp>))
    return Error::success();
  llvm::Expected<model::Value> value = constantValue(op.getValue());
  if (!value)
    return value.takeError();
  run.value(op.getMemory()) = std::move(*value);
  return Error::success();
}

static Error execute(Interpreter &run, simulator::TransferOp op) {
  model::Cost cost = model::transferCost(
      run.program.device(), bytesOf(op.getSource()), memoryOf(op.getSource()),
      memoryOf(op.getDestination()));
  if (Error error =
          run.issue(op, "transfer", "dram", cost, op.getAfter(), op.getToken()))
    return error;
  if (run.withValues) {
    model::Value &destination = run.value(op.getDestination());
    std::memcpy(destination.mutableData(), run.value(op.getSource()).data(),
                destination.numBytes());
    run.computed(op.getDestination());
  }
  return Error::success();
}

static Error execute(Interpreter &run, simulator::ProgramOp op) {
  GridSpec spec = specOf(op);
  // What an estimate does not know: temporary weights, and so which cells keep
  // their level. All cells is the most.
  std::optional<int64_t> changedCells;
  if (run.withValues)
    if (Error error = run.write(op).moveInto(changedCells))
      return error;
  model::Cost cost = model::programCost(
      run.program.device(), spec.matrix, spec.tiling,
      rangesOf(op.getPlacementAttr()), bytesOf(op.getWeights()),
      memoryOf(op.getWeights()), op.getReplicas(), changedCells);
  return run.issue(op, "program", "crossbar", cost, op.getAfter(),
                   op.getToken(), op.getSetup());
}

static Error execute(Interpreter &run, simulator::MVMOp op) {
  auto program = op.getGrid().getDefiningOp<simulator::ProgramOp>();
  GridSpec spec = specOf(program);
  model::Window window = windowOf(op);
  int64_t codeBytes =
      cast<MemRefType>(op.getInput().getType()).getElementTypeBitWidth() / 8;
  // Every window is fetched whole: rows inputs for each group.
  int64_t bytesIn =
      window.count() * spec.matrix.groups * spec.matrix.rows * codeBytes;
  model::Cost cost = model::mvmCost(
      run.program.device(), spec.matrix, spec.tiling, window.count(),
      rangesOf(program.getPlacementAttr()), bytesIn, bytesOf(op.getOutput()),
      program.getReplicas(), op.getWeightZeroPoint());
  if (Error error =
          run.issue(op, "mvm", "crossbar", cost, op.getAfter(), op.getToken()))
    return error;
  if (!run.withValues)
    return Error::success();
  const model::Grid &grid = *run.grid(op.getGrid());
  const model::Value &input = run.value(op.getInput());
  model::Value &output = run.value(op.getOutput());
  const unsigned threads = run.options.threads;
  model::SumHistogram *sums = run.columnSums(program);
  auto compute = [&](const model::Value &x, model::Value &y) {
    return grid.compute(x, window, op.getInputZeroPoint(),
                        op.getWeightZeroPoint(), y, threads, sums);
  };
  if (Error error = op.getWindow() || input.rank() == 2
                        ? compute(input, output)
                        : model::withGroupsInside(input, output, compute))
    return error;
  run.computed(op.getOutput());
  return Error::success();
}

static Error execute(Interpreter &run, simulator::APExecOp op) {
  const auto &[program, counted, bytes] = run.associative(op);
  const model::APMicroprogramWork &work = *counted;
  const model::DeviceSpec &device = run.program.device();
  model::Window window = windowOf(op);
  int64_t codeBytes =
      cast<MemRefType>(op.getInput().getType()).getElementTypeBitWidth() / 8;
  // Every window is fetched whole, by each chunk of outputs.
  int64_t codes = 0;
  for (const model::APChunk &chunk : program.chunks)
    for (const model::APSlice &slice : chunk.slices)
      codes += slice.channels * program.kernelPositions;
  int64_t bytesIn = window.count() * codes * codeBytes;
  std::optional<uint64_t> written;
  std::vector<uint64_t> parts;
  if (run.withValues) {
    model::Value &output = run.value(op.getOutput());
    if (Error error =
            model::runLayer(program, device.ap->rows, run.value(op.getInput()),
                            op.getOther() ? &run.value(op.getOther()) : nullptr,
                            window, op.getInputZeroPoint(), output,
                            run.options.threads)
                .moveInto(parts))
      return error;
    written = std::accumulate(parts.begin(), parts.end(), uint64_t(0));
  }
  model::Cost cost = model::apCost(device, program, work, window.count(), bytes,
                                   bytesIn, bytesOf(op.getOutput()), written);
  std::optional<llvm::ArrayRef<uint64_t>> tagged;
  if (run.withValues)
    tagged = parts;
  cost.writes = model::apWrites(device, program, work, window.count(), tagged);
  if (Error error =
          run.issue(op, "ap", "ap", cost, op.getAfter(), op.getToken()))
    return error;
  if (run.withValues)
    run.computed(op.getOutput());
  return Error::success();
}

static Error execute(Interpreter &run, simulator::APLookupOp op) {
  const model::DeviceSpec &device = run.program.device();
  auto table = cast<ShapedType>(op.getTable().getType());
  model::LookupSpec spec;
  spec.method =
      *model::parseLookupMethod(ap::stringifyLookupMethod(op.getMethod()));
  spec.queries = cast<MemRefType>(op.getQueries().getType()).getDimSize(0);
  spec.rows = table.getDimSize(0);
  spec.bits = table.getDimSize(1);
  llvm::Expected<model::LookupWork> work = model::lookupWork(*device.ap, spec);
  if (!work)
    return work.takeError();
  std::optional<uint64_t> written;
  if (run.withValues) {
    llvm::Expected<model::Value> rows = constantValue(op.getTable());
    if (!rows)
      return rows.takeError();
    llvm::Expected<uint64_t> bits =
        model::runLookup(*device.ap, spec, run.value(op.getQueries()), *rows,
                         run.value(op.getOutput()), run.options.threads);
    if (!bits)
      return bits.takeError();
    written = *bits;
  }
  model::Cost cost = model::lookupCost(device, spec, *work, written);
  cost.writes = model::lookupWrites(device, spec, *work, written);
  if (Error error =
          run.issue(op, "lookup", "ap", cost, op.getAfter(), op.getToken()))
    return error;
  if (run.withValues)
    run.computed(op.getOutput());
  return Error::success();
}

static Error execute(Interpreter &run, simulator::DigitalOp op) {
  const digital::OpCounts &counts = run.regionInfo(op).counts;
  model::Cost cost = model::digitalCost(run.program.device(), counts.ops,
                                        counts.bytesRead, counts.bytesWritten);
  if (Error error = run.issue(op, "digital", "digital", cost, op.getAfter(),
                              op.getToken()))
    return error;
  if (!run.withValues)
    return Error::success();
  SmallVector<void *> inputs, outputs;
  for (Value input : op.getInputs())
    inputs.push_back(const_cast<void *>(run.value(input).data()));
  for (Value output : op.getOutputs())
    outputs.push_back(run.value(output).mutableData());
  if (Error error = run.region(op.getCallee())->invoke(inputs, outputs))
    return error;
  for (Value output : op.getOutputs())
    run.computed(output);
  return Error::success();
}

static Error execute(Interpreter &run, simulator::ProbeOp op) {
  if (run.withValues)
    run.probe(op);
  return Error::success();
}

static Error execute(Interpreter &, func::ReturnOp) { return Error::success(); }

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

template <typename OpTy>
static std::pair<TypeID, Handler> entry() {
  Handler handler = [](Interpreter &run, Operation *op) {
    return execute(run, cast<OpTy>(op));
  };
  return {TypeID::get<OpTy>(), handler};
}

Handler pumice::handlerOf(Operation *op) {
  static const std::pair<TypeID, Handler> table[] = {
      entry<simulator::BufferOp>(),   entry<simulator::ConstantOp>(),
      entry<simulator::TransferOp>(), entry<simulator::ProgramOp>(),
      entry<simulator::MVMOp>(),      entry<simulator::APExecOp>(),
      entry<simulator::APLookupOp>(), entry<simulator::DigitalOp>(),
      entry<simulator::ProbeOp>(),    entry<func::ReturnOp>(),
  };
  for (auto [type, handler] : table)
    if (type == op->getName().getTypeID())
      return handler;
  return nullptr;
}
