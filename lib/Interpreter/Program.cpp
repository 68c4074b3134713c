// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpreter/Program.h"

#include "dialects/PUM/Reason.h"
#include "lib/Analysis/Level.h"
#include "lib/Device/Device.h"
#include "lib/Interpreter/Interpreter.h"
#include "lib/Model/Machine/Report.h"
#include "lib/Support/ConstantData.h"
#include "lib/Transforms/Simulator/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/DebugStringHelper.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/SourceMgr.h"
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>

using namespace mlir;
using namespace pumice;

//===----------------------------------------------------------------------===//
// Types and constants
//===----------------------------------------------------------------------===//

std::optional<model::ElementType> pumice::elementTypeOf(Type type) {
  if (type.isF32())
    return model::ElementType::f32;
  if (type.isF64())
    return model::ElementType::f64;
  if (type.isF16())
    return model::ElementType::f16;
  if (type.isBF16())
    return model::ElementType::bf16;
  if (!type.isSignlessInteger())
    return std::nullopt;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return model::ElementType::i1;
  case 8:
    return model::ElementType::i8;
  case 16:
    return model::ElementType::i16;
  case 32:
    return model::ElementType::i32;
  case 64:
    return model::ElementType::i64;
  default:
    return std::nullopt;
  }
}

llvm::Expected<model::Value> pumice::constantValue(ElementsAttr attr) {
  auto type = cast<ShapedType>(attr.getType());
  std::optional<model::ElementType> element =
      elementTypeOf(type.getElementType());
  if (!element)
    return llvm::createStringError("cannot hold constants of type %s",
                                   debugString(type).c_str());
  llvm::Expected<ConstantData> data = ConstantData::read(attr);
  if (!data)
    return data.takeError();
  if (!data->isSplat())
    return model::Value::borrow(*element, type.getShape(), data->bytes().data(),
                                std::make_shared<ConstantData>(*data));
  llvm::Expected<model::Value> value =
      model::Value::allocate(*element, type.getShape());
  if (!value)
    return value.takeError();
  char *out = static_cast<char *>(value->mutableData());
  for (int64_t i = 0; i < value->numElements(); ++i)
    std::memcpy(out + i * data->width(), data->bytes().data(), data->width());
  return value;
}

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

OwningOpRef<ModuleOp> pumice::parseProgramFile(StringRef path,
                                               MLIRContext *context) {
  // Weights in bytecode are read in place, so they have to be aligned; small
  // files would be read to anywhere.
  std::string error;
  auto file = openInputFile(path, llvm::Align(64), &error);
  if (!file) {
    emitError(UnknownLoc::get(context)) << error;
    return {};
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, context);
}

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

/// Kinds of the nonlinear functions that ops of `function` came from, in order
/// of appearance. Expansion leaves them in locations.
static std::vector<std::string> nonlinearOf(func::FuncOp function) {
  llvm::SetVector<pum::NonlinearKind> kinds;
  function.getBody().walk([&](Operation *op) {
    op->getLoc()->walk([&](Location part) {
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
  program->deviceSpec = toSpec(*getDevice(module));
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
  program->inputSpecs = std::move(*inputs);
  program->outputSpecs = std::move(*outputs);
  for (Operation &op : entry.getBody().front())
    if (!handlerOf(&op))
      return op.emitError("no instruction '") << op.getName() << "'", failure();
  if (failed(program->decodeAssociative()))
    return failure();
  program->numberGrids();
  return program;
}

/// Whether the weights of `op` are known before the first run.
static bool isConstant(simulator::ProgramOp op) {
  return op.getWeights().getDefiningOp<simulator::ConstantOp>() != nullptr;
}

void Program::numberGrids() {
  std::map<int64_t, int64_t> temporary; // ranges of arrays, by their begin
  for (auto op : entry.getOps<simulator::ProgramOp>()) {
    layers.try_emplace(op, layers.size());
    if (isConstant(op))
      continue;
    for (const model::ArrayRange &range : rangesOf(op.getPlacement())) {
      int64_t &end = temporary[range.first];
      end = std::max(end, range.first + range.count);
    }
  }
  for (auto op : entry.getOps<simulator::ProgramOp>())
    for (const model::ArrayRange &range : rangesOf(op.getPlacement()))
      for (auto [first, end] : temporary)
        if (first < range.first + range.count && range.first < end)
          onTemporaryArrays.insert(op);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

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
  for (auto op : entry.getOps<simulator::ProgramOp>()) {
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
  preparedMs += std::chrono::duration<double, std::milli>(
                    std::chrono::steady_clock::now() - start)
                    .count();
  return llvm::Error::success();
}

LogicalResult Program::decodeAssociative() {
  for (auto op : entry.getOps<simulator::APExecOp>()) {
    llvm::Expected<model::Value> bytes = constantValue(op.getProgram());
    if (!bytes)
      return op.emitOpError(llvm::toString(bytes.takeError()));
    llvm::Expected<model::APMicroprogram> program =
        model::decode(bytes->as<uint8_t>());
    if (!program)
      return op.emitOpError(llvm::toString(program.takeError()));
    const model::APSpec &ap = *deviceSpec.ap;
    if (program->columns > ap.columns || program->domains > ap.domains)
      return op.emitOpError("has a program for ")
             << program->columns << " columns of " << program->domains
             << " domains, but device '" << deviceSpec.name << "' has "
             << ap.columns << " of " << ap.domains;
    associative[op].reset(
        new Associative{std::move(*program), std::nullopt, bytes->numBytes()});
  }
  return success();
}

void Program::countWork(unsigned threads) {
  for (auto &[op, found] : associative)
    if (!found->work)
      found->work = model::workOf(found->program, threads);
}

llvm::Expected<std::unique_ptr<model::Grid>>
Program::programGrid(simulator::ProgramOp op,
                     const model::Value &weights) const {
  model::MatrixSpec matrix = specOf(op).matrix;
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
  if (llvm::Error error = prepare(options.threads))
    return error;
  countWork(options.threads);
  return Interpreter(*this, options, /*withValues=*/true).run(inputs);
}

llvm::Error Program::observe(ArrayRef<model::Value> inputs,
                             model::Collector &collector, unsigned threads) {
  if (collector.countsColumnSums() &&
      deviceSpec.array.adcMode != model::AdcMode::calibrated)
    return llvm::createStringError(
        "expected a device with calibrated converters to calibrate, got '%s'",
        deviceSpec.name.c_str());
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
  return llvm::Error::success();
}

llvm::Expected<RunResult> Program::estimate(const RunOptions &options) {
  countWork(options.threads);
  return Interpreter(*this, options, /*withValues=*/false).run({});
}
