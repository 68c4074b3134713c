// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpreter/Program.h"

#include "lib/Analysis/Functions.h"
#include "lib/Analysis/Level.h"
#include "lib/Cost/ConstantValue.h"
#include "lib/Cost/Values.h"
#include "lib/Device/Device.h"
#include "lib/Interpreter/Interpreter.h"
#include "lib/Model/Machine/Report.h"
#include "lib/Support/ConstantData.h"
#include "lib/Support/Limits.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/Simulator/Passes.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/SetVector.h"
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static std::string describe(model::ElementType type, ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << model::name(type) << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return text;
}

llvm::Error pumice::checkInput(const TensorSpec &spec,
                               const model::Value &value) {
  // Arrays know no bf16: its bits come as integers.
  const bool bits = spec.type == model::ElementType::bf16 &&
                    value.type() == model::ElementType::i16;
  if ((bits || value.type() == spec.type) &&
      value.shape() == ArrayRef(spec.shape))
    return llvm::Error::success();
  return llvm::createStringError("input '%s' must be %s, got %s",
                                 spec.name.c_str(),
                                 describe(spec.type, spec.shape).c_str(),
                                 describe(value.type(), value.shape()).c_str());
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

static FailureOr<std::vector<TensorSpec>>
specsOf(func::FuncOp function, TypeRange types, StringRef prefix,
        function_ref<StringAttr(unsigned)> name) {
  std::vector<TensorSpec> specs;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto memref = cast<MemRefType>(type);
    std::optional<model::ElementType> element =
        elementTypeOf(memref.getElementType());
    if (!element)
      return function.emitError("cannot pass ") << type << " in or out";
    StringAttr given = name(i);
    specs.push_back({given ? given.str() : (prefix + Twine(i)).str(), *element,
                     llvm::to_vector(memref.getShape())});
  }
  return specs;
}

std::vector<std::string> pumice::nonlinearOf(Operation *op) {
  llvm::SetVector<pum::NonlinearKind> kinds;
  op->walk<WalkOrder::PreOrder>([&](Operation *nested) {
    if (nested == op && isa<func::FuncOp>(op))
      return;
    nested->getLoc()->walk([&](Location part) {
      if (auto fused = dyn_cast<FusedLoc>(part))
        if (auto kind =
                dyn_cast_or_null<pum::NonlinearKindAttr>(fused.getMetadata()))
          kinds.insert(kind.getValue());
      return WalkResult::advance();
    });
  });
  std::vector<std::string> names;
  for (pum::NonlinearKind kind : kinds)
    names.push_back(stringifyNonlinearKind(kind).str());
  return names;
}

FailureOr<std::unique_ptr<Program>> Program::load(ModuleOp module) {
  if (failed(verifyLimits(module)))
    return failure();
  // Where there are no ops of a level, the contract says what is wrong.
  Level level = levelOf(module);
  if (level != Level::simulator && level != Level::linalg)
    return module.emitError("expected a machine program, got a module at level "
                            "'")
           << stringifyLevel(level) << "': compile it first";
  PassManager verifier(module.getContext());
  verifier.addPass(createVerifySimulatorProgram());
  if (failed(verifier.run(module)))
    return failure();
  std::unique_ptr<Program> program(new Program());
  program->module = module;
  program->costs = std::make_unique<CostModel>(toSpec(*getDevice(module)),
                                               model::threadCount(0));
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPublic())
      program->entry = function;
    else
      program->regionInfos[function] = {digital::count(function),
                                        nonlinearOf(function)};
  }
  func::FuncOp entry = program->entry;
  auto inputs =
      specsOf(entry, entry.getArgumentTypes(), "input", [&](unsigned i) {
        return entry.getArgAttrOfType<StringAttr>(i, "simulator.name");
      });
  if (failed(inputs))
    return failure();
  auto outputs =
      specsOf(entry, entry.getResultTypes(), "output", [&](unsigned i) {
        return entry.getResultAttrOfType<StringAttr>(i, "simulator.name");
      });
  if (failed(outputs))
    return failure();
  program->kept = std::make_shared<ProgramState>(entry);
  for (auto [i, spec] : llvm::enumerate(*inputs))
    if (!program->kept->holdsArgument(i))
      program->inputSpecs.push_back(std::move(spec));
  for (auto [i, spec] : llvm::enumerate(*outputs))
    if (!program->kept->holdsResult(i))
      program->outputSpecs.push_back(std::move(spec));
  for (Operation &op : entry.getBody().front())
    if (!handlerOf(&op))
      return op.emitError("no instruction '") << op.getName() << "'", failure();
  if (failed(program->checkAssociative()))
    return failure();
  program->numberGrids();
  program->quantized = quantizedBuffers(module, entry);
  return program;
}

/// Whether the weights of `op` are known before the first run.
static bool isConstant(simulator::ProgramOp op) {
  return op.getWeights().getDefiningOp<simulator::ConstantOp>() != nullptr;
}

void Program::numberGrids() {
  // Ranges of arrays, by group and begin.
  std::map<std::pair<StringRef, int64_t>, int64_t> temporary;
  for (auto op : entry.getOps<simulator::ProgramOp>()) {
    layers.try_emplace(op, op.getMatrix().value_or(layers.size()));
    if (isConstant(op))
      continue;
    writesOnlyConstants = false;
    for (const model::ArrayRange &range :
         rangesOf(op.getPlacement().getRanges())) {
      int64_t &end = temporary[{op.getPlacement().getGroup(), range.first}];
      end = std::max(end, range.first + range.count);
    }
  }
  for (auto op : entry.getOps<simulator::ProgramOp>())
    for (const model::ArrayRange &range :
         rangesOf(op.getPlacement().getRanges()))
      for (const auto &[begin, end] : temporary)
        if (begin.first == op.getPlacement().getGroup() &&
            begin.second < range.first + range.count && range.first < end)
          onTemporaryArrays.insert(op);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// What a net or a table computes, for all of its inputs.
template <typename OpTy>
static model::FunctionTable tableOf(OpTy op, ArrayRef<int32_t> results) {
  model::FunctionTable table;
  table.low = op.getInput().getLow();
  table.high = op.getInput().getHigh();
  const neon::Format output = toFormat(op.getOutput());
  for (int32_t result : results)
    table.values.push_back(output.value(result));
  auto lineOf =
      [](crossbar::LineAttr line) -> std::optional<model::FunctionTable::Line> {
    if (!line)
      return std::nullopt;
    return model::FunctionTable::Line{line.getSlope(), line.getOffset()};
  };
  table.below = lineOf(op.getBelowAttr());
  table.above = lineOf(op.getAboveAttr());
  if (crossbar::ReductionAttr reduction = op.getReductionAttr())
    table.reduction = model::FunctionTable::Reduction{
        int(reduction.getBase()), int(reduction.getShift()),
        reduction.getOffset(), reduction.getOdd(), reduction.getZero()};
  return table;
}

model::FunctionTable pumice::functionTable(Operation *op) {
  if (auto net = dyn_cast<crossbar::NeonNetOp>(op))
    return tableOf(net, toNet(net).table());
  auto table = cast<crossbar::TableOp>(op);
  return tableOf(table, valuesOf(table));
}

StringRef pumice::kindOfFit(Operation *op) {
  auto fit = op->getAttrOfType<DictionaryAttr>("fit");
  auto kind = fit ? fit.getAs<StringAttr>("kind") : StringAttr();
  return kind ? kind.getValue() : StringRef();
}

llvm::Error Program::prepare(unsigned threads) {
  auto start = std::chrono::steady_clock::now();
  if (!regions) {
    std::vector<func::FuncOp> functions;
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isPrivate())
        functions.push_back(function);
    digital::Options options;
    options.threads = threads;
    auto compiled = digital::compile(module, functions, options);
    if (!compiled)
      return compiled.takeError();
    regions = std::move(*compiled);
  }
  // Of grids that are read together, the first stands for all.
  for (auto mvm : entry.getOps<simulator::MVMOp>()) {
    auto op = mvm.getGrid().getDefiningOp<simulator::ProgramOp>();
    if (grids.contains(op) || !isConstant(op))
      continue;
    auto weights = constantValue(
        op.getWeights().getDefiningOp<simulator::ConstantOp>().getValue());
    if (!weights)
      return weights.takeError();
    if (llvm::Error error = programGrid(op, *weights).moveInto(grids[op])) {
      grids.erase(op);
      return error;
    }
  }
  for (auto op : entry.getOps<simulator::ApplyOp>()) {
    Operation *function =
        SymbolTable::lookupNearestSymbolFrom(op, op.getFunctionAttr());
    std::unique_ptr<model::FunctionTable> &table = functions[function];
    if (!table)
      table = std::make_unique<model::FunctionTable>(functionTable(function));
  }
  for (auto op : entry.getOps<simulator::CamSearchOp>()) {
    if (words.contains(op.getTable()))
      continue;
    auto table = constantValue(op.getTable());
    if (!table)
      return table.takeError();
    ArrayRef<int64_t> shape = op.getTable().getShapedType().getShape();
    auto packed =
        model::PackedWords::pack(table->as<int8_t>(), shape[0], shape[1]);
    if (!packed)
      return packed.takeError();
    words.try_emplace(op.getTable(), std::move(*packed));
  }
  preparedMs += std::chrono::duration<double, std::milli>(
                    std::chrono::steady_clock::now() - start)
                    .count();
  return llvm::Error::success();
}

LogicalResult Program::checkAssociative() {
  for (auto op : entry.getOps<simulator::APExecOp>()) {
    auto read = costs->microprogram(op.getProgram());
    if (!read)
      return op.emitOpError(llvm::toString(read.takeError()));
    const model::APMicroprogram &program = (*read)->program;
    const model::APSpec &ap =
        *device().find(op.getPlacement().getGroup().str())->ap();
    if (program.columns > ap.columns || program.domains > ap.domains)
      return op.emitOpError("has a microprogram for ")
             << program.columns << " columns of " << program.domains
             << " domains, but device '" << device().name << "' has "
             << ap.columns << " of " << ap.domains;
    if (simulator::isInProcessors(op.getInput()) ||
        simulator::isInProcessors(op.getOutput()) ||
        (op.getOther() && simulator::isInProcessors(op.getOther())))
      if (llvm::Error error = costs->costOf(op.getOperation()).takeError())
        return op.emitOpError(llvm::toString(std::move(error)));
  }
  for (auto op : entry.getOps<simulator::CamSearchOp>())
    if (llvm::Error error = costs->costOf(op.getOperation()).takeError())
      return op.emitOpError(llvm::toString(std::move(error)));
  return success();
}

GridSpec Program::gridSpec(simulator::ProgramOp op) {
  FailureOr<TaskWork> work =
      cast<TaskOpInterface>(op.getOperation()).getTaskWork();
  return specOf(std::get<ProgramTask>(*work).grid);
}

llvm::Expected<std::unique_ptr<model::Grid>>
Program::programGrid(simulator::ProgramOp op,
                     const model::Value &weights) const {
  model::MatrixSpec matrix = gridSpec(op).matrix;
  matrix.layer = layers.lookup(op);
  auto grid = model::Grid::program(toSpec(op.getArray()), matrix, weights,
                                   model::WeightLayout::filters);
  if (!grid)
    return grid.takeError();
  return std::make_unique<model::Grid>(std::move(*grid));
}

llvm::Expected<RunResult> Program::run(ArrayRef<model::Value> inputs,
                                       const RunOptions &options) {
  if (inputs.size() != inputSpecs.size())
    return llvm::createStringError("expected %zu inputs, got %zu",
                                   inputSpecs.size(), inputs.size());
  for (auto [spec, value] : llvm::zip(inputSpecs, inputs))
    if (llvm::Error error = checkInput(spec, value))
      return error;
  forgetOtherInstructions();
  if (llvm::Error error = prepare(options.threads))
    return error;
  return infer(inputs, options, /*withValues=*/true);
}

llvm::Error Program::shareState(Program &other) {
  if (llvm::Error error = kept->checkSame(*other.kept))
    return error;
  kept = other.kept;
  return llvm::Error::success();
}

llvm::hash_code Program::hashInstructions() const {
  func::FuncOp function = entry;
  llvm::hash_code hash(0);
  for (Operation &op : function.getBody().front())
    hash = llvm::hash_combine(hash, &op,
                              OperationEquivalence::computeHash(
                                  &op, OperationEquivalence::directHashValue,
                                  OperationEquivalence::directHashValue));
  return hash;
}

void Program::forgetOtherInstructions() {
  const llvm::hash_code now = hashInstructions();
  if (instructions && *instructions != now) {
    grids.clear();
    for (Known &each : known)
      each = {};
  }
  instructions = now;
}

bool Program::hasKnownCost(Operation *op) const {
  if (isa<simulator::ProgramOp>(op))
    return writesOnlyConstants;
  return isa<simulator::TransferOp, simulator::MVMOp, simulator::ApplyOp,
             simulator::DigitalOp, simulator::CamWriteOp>(op);
}

llvm::Expected<RunResult> Program::infer(ArrayRef<model::Value> inputs,
                                         const RunOptions &options,
                                         bool withValues) {
  std::vector<model::Value> arguments;
  if (withValues) {
    auto all = kept->arguments(inputs);
    if (!all)
      return all.takeError();
    arguments = std::move(*all);
  }
  Interpreter first(*this, options, withValues);
  llvm::Expected<RunResult> result = first.run(arguments);
  if (!result)
    return result;
  if (withValues)
    result->outputs = kept->update(std::move(result->outputs));
  // Arrays that every inference rewrites hold in the end what a constant left.
  auto rewrites = [&](simulator::ProgramOp op) {
    return !op.getSetup() && isConstant(op) &&
           !fieldOfContents(*device().find(op.getPlacement().getGroup().str()))
                .empty();
  };
  if (llvm::none_of(entry.getOps<simulator::ProgramOp>(), rewrites)) {
    result->report = first.report(nullptr);
    if (!known[0].isFound)
      known[0] = first.takeKnown();
    return result;
  }
  // Only these cost what their values make of them.
  bool needsValues = !entry.getOps<simulator::APExecOp>().empty() ||
                     !entry.getOps<simulator::APLookupOp>().empty();
  for (auto op : entry.getOps<simulator::ProgramOp>())
    needsValues |= !isConstant(op);
  RunOptions unobserved;
  unobserved.threads = options.threads;
  Interpreter next(*this, unobserved, withValues && needsValues);
  next.continueFrom(first);
  if (llvm::Error error = next.run(arguments).takeError())
    return error;
  result->report = first.report(&next);
  // Both or none: what the second changes depends on what the first leaves.
  if (!known[0].isFound) {
    known[0] = first.takeKnown();
    known[1] = next.takeKnown();
  }
  return result;
}

llvm::Error Program::observe(ArrayRef<model::Value> inputs,
                             model::Collector &collector, unsigned threads) {
  auto isCalibrated = [](const model::UnitGroup &group) {
    return group.crossbar() &&
           group.crossbar()->array.adcMode == model::AdcMode::calibrated;
  };
  if (collector.countsColumnSums() &&
      llvm::none_of(device().groups, isCalibrated))
    return llvm::createStringError(
        "expected a device with calibrated converters to calibrate, got '%s'",
        device().name.c_str());
  RunOptions options;
  options.threads = threads;
  options.observers.push_back(&collector);
  return run(inputs, options).takeError();
}

/// The least sum that at most 1 - `fraction` of the counted exceed.
static int64_t quantile(const model::SumHistogram &sums, double fraction) {
  const auto total =
      std::accumulate(sums.counts.begin(), sums.counts.end(), uint64_t(0));
  const auto wanted =
      static_cast<uint64_t>(std::ceil(fraction * double(total)));
  uint64_t seen = 0;
  for (size_t bin = 0; bin < sums.counts.size(); ++bin)
    if ((seen += sums.counts[bin]) >= wanted)
      return std::min<int64_t>((bin + 1) * sums.width - 1, sums.largest);
  return sums.largest;
}

llvm::Error Program::setAdcRanges(const model::Collector &collector,
                                  double fraction) {
  if (!(fraction > 0 && fraction <= 1))
    return llvm::createStringError(
        "expected a fraction of column sums above 0 and at most 1, got %g",
        fraction);
  for (auto [op, number] : layers) {
    auto sums = collector.allColumnSums().find(number);
    if (sums == collector.allColumnSums().end())
      continue;
    auto program = cast<simulator::ProgramOp>(op);
    program.setAdcRange(std::max<int64_t>(quantile(sums->second, fraction), 1));
    grids.erase(op);
  }
  for (Known &each : known)
    each = {};
  instructions = hashInstructions();
  return llvm::Error::success();
}

llvm::Expected<RunResult> Program::estimate(const RunOptions &options) {
  forgetOtherInstructions();
  return infer({}, options, /*withValues=*/false);
}

llvm::Expected<RunResult> Program::estimateOn(model::DeviceSpec device,
                                              const RunOptions &options) {
  forgetOtherInstructions();
  Known others[2]; // costs of other devices
  std::swap(known, others);
  model::DeviceSpec own = this->device();
  costs->setDevice(std::move(device));
  llvm::Expected<RunResult> result = infer({}, options, /*withValues=*/false);
  costs->setDevice(std::move(own));
  std::swap(known, others);
  return result;
}
