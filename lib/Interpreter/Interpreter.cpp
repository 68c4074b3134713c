// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.cpp - One run of a program -------------------*- C++ -*-===//
#include "lib/Interpreter/Interpreter.h"

#include "dialects/PUM/Reason.h"
#include "lib/Cost/ConstantValue.h"
#include "lib/Cost/Values.h"
#include "lib/Model/Machine/Report.h"
#include "lib/Support/Locations.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;
using namespace pumice;

Interpreter::Interpreter(Program &program, const RunOptions &options,
                         bool withValues)
    : program(program), options(options), withValues(withValues),
      machine(program.device()), setupMachine(program.device()),
      saturation(program.quantized) {
  for (const model::UnitGroup &group : program.device().groups)
    contents.emplace_back(group.crossbar() ? group.crossbar()->array
                                           : model::ArraySpec());
  holders.resize(contents.size());
  for (model::IObserver *observer : options.observers)
    machine.addObserver(*observer);
}

void Interpreter::continueFrom(const Interpreter &previous) {
  isNext = true;
  contents = previous.contents;
  encodings = previous.encodings;
  holders = previous.holders;
}

Program::Known Interpreter::takeKnown() {
  found.isFound = true;
  if (!wearDependsOnValues) {
    found.wear = machine.shareWear();
    found.setupWear = setupMachine.shareWear();
    for (auto &[op, cost] : found.costs)
      cost.writes = {};
  }
  return std::move(found);
}

llvm::Expected<const model::Cost *>
Interpreter::costOf(Operation *op, const TaskFacts &facts) {
  const auto &known = program.known[isNext].costs;
  if (auto it = known.find(op); it != known.end())
    return &it->second;
  llvm::Expected<model::Cost> cost = program.costs->costOf(op, facts);
  if (!cost)
    return cost.takeError();
  if (!program.hasKnownCost(op)) {
    wearDependsOnValues |= !cost->writes.empty();
    unknownCost = std::move(*cost);
    return &unknownCost;
  }
  return &(found.costs[op] = std::move(*cost));
}

llvm::Error Interpreter::issue(Operation *op, model::InstructionKind kind,
                               const TaskFacts &facts, bool setup) {
  llvm::Expected<const model::Cost *> cost = costOf(op, facts);
  if (!cost)
    return cost.takeError();
  OpNames names = namesOf(op->getLoc());
  model::Machine &books = setup ? setupMachine : machine;
  auto &ends = setup ? setupTokens : tokens;
  model::InstructionInfo info;
  info.kind = kind;
  info.layer = names.layer.empty() ? name(kind).str() : names.layer;
  info.label = info.layer + "." + name(kind).str();
  info.bufferBytes = liveBytes;
  if (auto reason = op->getAttrOfType<StringAttr>(pum::reasonAttrName))
    info.reason = reason.str();
  if (auto region = dyn_cast<simulator::DigitalOp>(op))
    info.nonlinear = regionInfo(region).nonlinear;
  else if (isa<simulator::ApplyOp>(op))
    info.nonlinear = nonlinearOf(op);
  // Everything in the setup phase has ended when the inference starts.
  SmallVector<model::EventId> dependencies;
  for (Value value : op->getOperands())
    if (isa<simulator::TokenType>(value.getType()))
      if (auto it = ends.find(value); it != ends.end())
        dependencies.push_back(it->second);
  llvm::Expected<model::EventId> id =
      books.issue(std::move(info), **cost, dependencies);
  if (!id)
    return id.takeError();
  ends[op->getResults().back()] = *id;
  return llvm::Error::success();
}

llvm::Error Interpreter::allocate(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  std::optional<model::ElementType> element =
      elementTypeOf(type.getElementType());
  if (!element)
    return llvm::createStringError("cannot store buffers of type %s",
                                   debugString(type).c_str());
  int64_t bytes = type.getNumElements() * model::byteWidth(*element);
  if (simulator::memoryOf(type) == simulator::Memory::buffer) {
    liveBytes += bytes;
    peakBytes = std::max(peakBytes, liveBytes);
    std::optional<int64_t> capacity = program.device().buffer.capacityBytes;
    if (capacity && liveBytes > *capacity)
      return llvm::createStringError(
          "activations take %lld bytes at once, but the buffer of device '%s' "
          "has %lld",
          (long long)liveBytes, program.device().name.c_str(),
          (long long)*capacity);
  }
  if (!withValues)
    return llvm::Error::success();
  llvm::Expected<model::Value> storage =
      model::Value::allocate(*element, type.getShape());
  if (!storage)
    return storage.takeError();
  values[buffer] = std::move(*storage);
  return llvm::Error::success();
}

void Interpreter::computed(Value buffer) {
  saturation.count(buffer, values[buffer]);
  if (!options.observers.empty())
    machine.observe(namesOf(buffer.getLoc()).node, values[buffer]);
}

void Interpreter::probe(simulator::ProbeOp op) {
  machine.probe(op.getName(), values[op.getBuffer()]);
}

model::SumHistogram *Interpreter::columnSums(simulator::ProgramOp op) const {
  // Other converters do not form their sums one by one.
  const model::UnitGroup &group =
      *program.device().find(op.getPlacement().getGroup().str());
  if (group.crossbar()->array.adcMode != model::AdcMode::calibrated)
    return nullptr;
  return machine.columnSums(program.layers.lookup(op));
}

llvm::Expected<std::optional<model::ChangedCells>>
Interpreter::write(simulator::ProgramOp op) {
  auto constant = op.getWeights().getDefiningOp<simulator::ConstantOp>();
  const model::UnitGroup &group =
      *program.device().find(op.getPlacement().getGroup().str());
  const auto arrays = rangesOf(op.getPlacement().getRanges());
  const bool isTracked = !fieldOfContents(group).empty();
  for (const model::ArrayRange &range : arrays)
    holders[group.index].set(range, op);
  if (program.known[isNext].costs.count(op))
    return std::nullopt;
  if (!withValues && !constant) {
    if (isTracked)
      contents[group.index].forget(arrays);
    return std::nullopt;
  }
  if (!isTracked && !(withValues && program.onTemporaryArrays.contains(op)))
    return std::nullopt;
  model::Value weights;
  if (!constant) {
    weights = values[op.getWeights()];
    if (llvm::Error error =
            program.programGrid(op, weights).moveInto(temporaries[op]))
      return error;
  } else if (llvm::Error error =
                 constantValue(constant.getValue()).moveInto(weights)) {
    return error;
  }
  const GridSpec spec = program.gridSpec(op);
  auto method = op->getAttrOfType<StringAttr>(pum::reencodingAttrName);
  model::ChangedCells changed =
      constant && method
          ? writeReencoded(op, method, weights)
          : contents[group.index].write(
                spec.matrix, spec.tiling,
                model::WeightReader(spec.matrix, weights,
                                    model::WeightLayout::filters),
                arrays, op.getReplicas(), spec.tiles, options.threads);
  if (constant && !isTracked)
    return std::nullopt;
  return changed;
}

llvm::Error Interpreter::verifyHeld(simulator::MVMOp op) const {
  SmallVector<Value> grids{op.getGrid()};
  llvm::append_range(grids, op.getJoining());
  for (Value grid : grids) {
    auto program = grid.getDefiningOp<simulator::ProgramOp>();
    const model::UnitGroup &group =
        *this->program.device().find(program.getPlacement().getGroup().str());
    for (const model::ArrayRange &range :
         rangesOf(program.getPlacement().getRanges()))
      if (auto other = holders[group.index].firstOther(range, program))
        return llvm::createStringError(
            "reads array %lld of group '%s', which holds other weights by now",
            (long long)*other, group.name.c_str());
  }
  return llvm::Error::success();
}

const model::Grid *Interpreter::grid(Value value) const {
  auto temporary = temporaries.find(value.getDefiningOp());
  if (temporary != temporaries.end())
    return temporary->second.get();
  auto it = program.grids.find(value.getDefiningOp());
  return it == program.grids.end() ? nullptr : it->second.get();
}

const model::PackedWords &Interpreter::words(simulator::CamSearchOp op) const {
  return program.words.find(op.getTable())->second;
}

const digital::CompiledRegion *Interpreter::region(StringRef name) const {
  return program.regions->lookup(name);
}

void Interpreter::applyFunction(simulator::ApplyOp op) {
  Operation *function =
      SymbolTable::lookupNearestSymbolFrom(op, op.getFunctionAttr());
  const model::FunctionTable &table = *program.functions.at(function);
  FunctionUse &use = functionUses[function];
  ArrayRef<float> x = std::as_const(values[op.getInput()]).as<float>();
  auto *y = reinterpret_cast<float *>(values[op.getOutput()].mutableData());
  use.elements += x.size();
  use.outside +=
      model::apply(table, x, MutableArrayRef(y, x.size()), options.threads);
}

/// The name of a net or table, the kind that its fit states, and what was
/// outside of its domain.
static llvm::json::Value describe(Operation *function, int64_t elements,
                                  int64_t outside) {
  llvm::json::Object object{
      {"name", SymbolTable::getSymbolName(function).str()},
      {"method", isa<crossbar::NeonNetOp>(function) ? "neon" : "lut"},
      {"elements", elements},
      {"outside", outside}};
  if (StringRef kind = kindOfFit(function); !kind.empty())
    object["kind"] = kind.str();
  return object;
}

const RegionInfo &Interpreter::regionInfo(simulator::DigitalOp op) const {
  return program.regionInfos
      .find(SymbolTable::lookupNearestSymbolFrom(op, op.getCalleeAttr()))
      ->second;
}

void Interpreter::releaseDead(Operation *op) {
  for (Value buffer : lastUses.lookup(op)) {
    if (isa<crossbar::GridType>(buffer.getType())) {
      temporaries.erase(buffer.getDefiningOp());
      continue;
    }
    auto type = cast<MemRefType>(buffer.getType());
    if (simulator::memoryOf(type) == simulator::Memory::buffer &&
        buffer.getDefiningOp<simulator::BufferOp>())
      liveBytes -= type.getNumElements() *
                   model::byteWidth(*elementTypeOf(type.getElementType()));
    values.erase(buffer);
  }
}

llvm::Expected<RunResult> Interpreter::run(ArrayRef<model::Value> arguments) {
  if (const Program::Known &known = program.known[isNext]; known.wear) {
    machine.countsAs(known.wear);
    setupMachine.countsAs(known.setupWear);
  }
  Block &body = program.entry.getBody().front();
  for (auto [arg, value] : llvm::zip(body.getArguments(), arguments))
    values[arg] = value;
  auto note = [&](Value value) {
    if (!isa<MemRefType, crossbar::GridType>(value.getType()))
      return;
    Operation *last = value.getDefiningOp();
    for (Operation *user : value.getUsers())
      if (!last || last->isBeforeInBlock(user))
        last = user;
    if (last && !isa<func::ReturnOp>(last))
      lastUses[last].push_back(value);
  };
  llvm::for_each(body.getArguments(), note);
  for (Operation &op : body)
    llvm::for_each(op.getResults(), note);

  for (Operation &op : body) {
    if (program.stopped)
      return llvm::createStringError("the run was interrupted");
    if (auto write = dyn_cast<simulator::ProgramOp>(op);
        write && write.getSetup() && isNext)
      continue; // done before the first inference
    if (isa<simulator::CamWriteOp>(op) && isNext)
      continue;
    if (llvm::Error error = handlerOf(&op)(*this, &op)) {
      OpNames names = namesOf(op.getLoc());
      if (names.layer.empty())
        return error;
      return llvm::createStringError("%s (at '%s')",
                                     llvm::toString(std::move(error)).c_str(),
                                     names.layer.c_str());
    }
    releaseDead(&op);
  }
  RunResult result;
  if (withValues)
    for (Value value : body.getTerminator()->getOperands())
      result.outputs.push_back(values[value]);
  return result;
}

std::string Interpreter::report(const Interpreter *next) const {
  llvm::json::Object more{{"peak_buffer_bytes", peakBytes}};
  if (llvm::json::Array saturated = saturation.report(); !saturated.empty())
    more["saturated"] = std::move(saturated);
  if (!functionUses.empty()) {
    llvm::json::Array functions;
    for (const auto &[function, use] : functionUses)
      functions.push_back(describe(function, use.elements, use.outside));
    more["functions"] = std::move(functions);
  }
  if (auto schedule = program.module->getAttrOfType<DictionaryAttr>(
          pum::scheduleAttrName)) {
    llvm::json::Object own;
    for (NamedAttribute attr : schedule) {
      if (auto number = dyn_cast<IntegerAttr>(attr.getValue()))
        own[attr.getName().str()] = number.getInt();
      else if (auto text = dyn_cast<StringAttr>(attr.getValue()))
        own[attr.getName().str()] = text.str();
    }
    more["schedule"] = std::move(own);
  }
  return model::toText(machine, &setupMachine, next ? &next->machine : nullptr,
                       std::move(more), options.detail);
}
