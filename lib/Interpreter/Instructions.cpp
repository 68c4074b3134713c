// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Instructions.cpp - The instruction table -----------------*- C++ -*-===//
//
// One handler per op of the simulator dialect: its cost, and, in a run with
// values, what it computes. The table at the end is the whole dispatch.
//
//===----------------------------------------------------------------------===//
#include "lib/Cost/ConstantValue.h"
#include "lib/Device/Device.h"
#include "lib/Interpreter/Interpreter.h"
#include "lib/Model/AP/Lookup.h"
#include "lib/Model/Crossbar/Groups.h"

using namespace mlir;
using namespace pumice;
using llvm::Error;

//===----------------------------------------------------------------------===//
// From attributes to the hardware model
//===----------------------------------------------------------------------===//

template <typename OpTy>
static model::Window window(OpTy op) {
  return toWindow(op.getWindowAttr(),
                  cast<MemRefType>(op.getInput().getType()).getShape(),
                  cast<MemRefType>(op.getOutput().getType()).getShape());
}

model::Window pumice::windowOf(simulator::MVMOp op) { return window(op); }
model::Window pumice::windowOf(simulator::APExecOp op) { return window(op); }

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
  if (Error error = run.issue(op, model::InstructionKind::transfer))
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
  llvm::Expected<std::optional<model::ChangedCells>> changed = run.write(op);
  if (!changed)
    return changed.takeError();
  TaskFacts facts;
  facts.changed = *changed ? &**changed : nullptr;
  return run.issue(op, model::InstructionKind::program, facts, op.getSetup());
}

static Error execute(Interpreter &run, simulator::MVMOp op) {
  if (Error error = run.verifyHeld(op))
    return error;
  if (Error error = run.issue(op, model::InstructionKind::mvm))
    return error;
  if (!run.withValues)
    return Error::success();
  auto program = op.getGrid().getDefiningOp<simulator::ProgramOp>();
  const model::Window window = windowOf(op);
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

/// The processors that an instruction is placed on.
template <typename OpTy>
static llvm::Expected<const model::APSpec *> processors(Interpreter &run,
                                                        OpTy op) {
  const model::DeviceSpec &device = run.program.device();
  const std::string name = op.getPlacement().getGroup().str();
  const model::UnitGroup *group = device.find(name);
  if (!group || !group->ap())
    return llvm::createStringError("is placed on '" + name +
                                   "', which is not a group of associative "
                                   "processors of device '" +
                                   device.name + "'");
  return group->ap();
}

static Error execute(Interpreter &run, simulator::APExecOp op) {
  TaskFacts facts;
  std::vector<uint64_t> parts;
  if (run.withValues) {
    auto ap = processors(run, op);
    if (!ap)
      return ap.takeError();
    auto microprogram = run.program.costModel().microprogram(op.getProgram());
    if (!microprogram)
      return microprogram.takeError();
    if (Error error =
            model::runLayer((*microprogram)->program, (*ap)->rows,
                            run.value(op.getInput()),
                            op.getOther() ? &run.value(op.getOther()) : nullptr,
                            windowOf(op), op.getInputZeroPoint(),
                            run.value(op.getOutput()), run.options.threads)
                .moveInto(parts))
      return error;
    facts.taggedWrites = parts;
  }
  if (Error error = run.issue(op, model::InstructionKind::ap, facts))
    return error;
  if (run.withValues)
    run.computed(op.getOutput());
  return Error::success();
}

static Error execute(Interpreter &run, simulator::APLookupOp op) {
  TaskFacts facts;
  uint64_t written = 0;
  if (run.withValues) {
    auto ap = processors(run, op);
    if (!ap)
      return ap.takeError();
    auto table = cast<ShapedType>(op.getTable().getType());
    model::LookupSpec spec;
    spec.method =
        *model::parseLookupMethod(ap::stringifyLookupMethod(op.getMethod()));
    spec.queries = cast<MemRefType>(op.getQueries().getType()).getDimSize(0);
    spec.rows = table.getDimSize(0);
    spec.bits = table.getDimSize(1);
    llvm::Expected<model::Value> rows = constantValue(op.getTable());
    if (!rows)
      return rows.takeError();
    if (Error error =
            model::runLookup(**ap, spec, run.value(op.getQueries()), *rows,
                             run.value(op.getOutput()), run.options.threads)
                .moveInto(written))
      return error;
    facts.taggedWrites = written;
  }
  if (Error error = run.issue(op, model::InstructionKind::lookup, facts))
    return error;
  if (run.withValues)
    run.computed(op.getOutput());
  return Error::success();
}

static Error execute(Interpreter &run, simulator::CamWriteOp op) {
  return run.issue(op, model::InstructionKind::camWrite, {}, /*setup=*/true);
}

static Error execute(Interpreter &run, simulator::CamSearchOp op) {
  TaskFacts facts;
  if (run.withValues) {
    const pum::PlacementAttr placement = op.getPlacement();
    const model::UnitGroup *group =
        run.program.device().find(placement.getGroup().str());
    FailureOr<TaskWork> work =
        cast<TaskOpInterface>(op.getOperation()).getTaskWork();
    const auto &task = std::get<CamSearchTask>(*work);
    llvm::Expected<int64_t> keyBits = model::runSearch(
        *group->cam(), specOf(task), mappingOf(task.mapping), run.words(op),
        run.value(op.getQueries()), run.value(op.getOutput()),
        op.getIndices() ? &run.value(op.getIndices()) : nullptr,
        run.options.threads, /*place=*/placement.getRanges().front());
    if (!keyBits)
      return keyBits.takeError();
    facts.keyBits = *keyBits;
  }
  if (Error error = run.issue(op, model::InstructionKind::camSearch, facts))
    return error;
  if (run.withValues) {
    run.computed(op.getOutput());
    if (op.getIndices())
      run.computed(op.getIndices());
  }
  return Error::success();
}

static Error execute(Interpreter &run, simulator::ApplyOp op) {
  if (Error error = run.issue(op, model::InstructionKind::apply))
    return error;
  if (run.withValues) {
    run.applyFunction(op);
    run.computed(op.getOutput());
  }
  return Error::success();
}

static Error execute(Interpreter &run, simulator::DigitalOp op) {
  if (Error error = run.issue(op, model::InstructionKind::digital))
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
      entry<simulator::BufferOp>(),    entry<simulator::ConstantOp>(),
      entry<simulator::TransferOp>(),  entry<simulator::ProgramOp>(),
      entry<simulator::MVMOp>(),       entry<simulator::APExecOp>(),
      entry<simulator::APLookupOp>(),  entry<simulator::CamWriteOp>(),
      entry<simulator::CamSearchOp>(), entry<simulator::ApplyOp>(),
      entry<simulator::DigitalOp>(),   entry<simulator::ProbeOp>(),
      entry<func::ReturnOp>(),
  };
  for (auto [type, handler] : table)
    if (type == op->getName().getTypeID())
      return handler;
  return nullptr;
}
