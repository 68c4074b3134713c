// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Pumice.h"

#include "lib/Analysis/GraphNodes.h"
#include "lib/Analysis/Level.h"
#include "lib/Analysis/Listing.h"
#include "lib/Cost/CostModel.h"
#include "lib/Cost/Values.h"
#include "lib/Device/Device.h"
#include "lib/Device/Laws.h"
#include "lib/Digital/DigitalCompiler.h"
#include "lib/InitAll.h"
#include "lib/Interpreter/Program.h"
#include "lib/Model/Machine/Report.h"
#include "lib/Model/Machine/RollUp.h"
#include "lib/Pipelines/Run.h"
#include "lib/Support/Isolated.h"
#include "lib/Support/Locations.h"
#include "lib/Support/ProgramFile.h"
#include "lib/Support/Text.h"
#include "lib/Support/ThreadPool.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Pass.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/CAPI/Support.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace pumice;

static void give(const std::string &text, MlirStringCallback callback,
                 void *user) {
  callback(wrap(StringRef(text)), user);
}

static std::string toText(const llvm::json::Value &json) {
  std::string text;
  llvm::raw_string_ostream(text) << json;
  return text;
}

//===----------------------------------------------------------------------===//
// Registration, weights, devices
//===----------------------------------------------------------------------===//

void pumiceRegisterAllDialects(MlirDialectRegistry registry) {
  registerAllDialects(*unwrap(registry));
}

void pumiceRegisterAllPasses() { registerAllPasses(); }

void pumiceConfigureContext(MlirContext context) {
  unwrap(context)->printOpOnDiagnostic(false);
  unwrap(context)->disableMultithreading();
  unwrap(context)->setThreadPool(processThreadPool());
}

void pumiceSetRegionChecks(bool areOn) { digital::setChecks(areOn); }

void pumiceSetIsolation(bool isOn) { setIsolation(isOn); }

void pumicePassStatistics(MlirPassManager manager, MlirStringCallback callback,
                          void *user) {
  give(toText(statisticsOf(*unwrap(manager))), callback, user);
}

bool pumiceRunPipeline(MlirModule module, MlirStringRef pipeline,
                       MlirStringCallback statistics, void *statisticsUser,
                       MlirStringCallback error, void *errorUser) {
  std::string text;
  llvm::raw_string_ostream errors(text);
  FailureOr<llvm::json::Object> counted =
      runPipeline(unwrap(module), unwrap(pipeline), errors);
  if (!text.empty())
    give(text, error, errorUser);
  if (failed(counted))
    return false;
  give(toText(std::move(*counted)), statistics, statisticsUser);
  return true;
}

PumicePlace pumicePlaceOf(MlirLocation location) {
  Place place = placeOf(unwrap(location));
  return {wrap(place.layer), wrap(place.node), wrap(place.file), place.line,
          place.column};
}

MlirStringRef pumiceLevelOf(MlirModule module) {
  return wrap(stringifyLevel(levelOf(unwrap(module))));
}

void pumiceListing(MlirModule module, MlirStringCallback callback, void *user) {
  give(toText(listingOf(unwrap(module))), callback, user);
}

bool pumiceRecordPipeline(MlirModule module, MlirStringRef pipeline,
                          void (*record)(MlirStringRef, MlirStringRef, void *),
                          void *recordUser, MlirStringCallback error,
                          void *errorUser) {
  std::string text;
  llvm::raw_string_ostream errors(text);
  LogicalResult result =
      recordPipeline(unwrap(module), unwrap(pipeline), errors,
                     [=](StringRef flags, StringRef after) {
                       record(wrap(flags), wrap(after), recordUser);
                     });
  if (!text.empty())
    give(text, error, errorUser);
  return succeeded(result);
}

void pumicePrintOperationsOf(MlirModule module, intptr_t numNodes,
                             const MlirStringRef *nodes,
                             MlirStringCallback callback, void *user) {
  llvm::DenseSet<StringRef> names;
  for (MlirStringRef node : ArrayRef(nodes, numNodes))
    names.insert(unwrap(node));
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16).elideLargeResourceString(64);
  flags.useLocalScope();
  for (Operation *op : operationsOf(unwrap(module), names)) {
    std::string text;
    llvm::raw_string_ostream os(text);
    op->print(os, flags);
    give(text, callback, user);
  }
}

bool pumiceSetResource(MlirContext context, MlirStringRef name,
                       const void *data, size_t bytes, size_t alignment,
                       void (*release)(void *), void *user) {
  auto &blobs =
      DenseResourceElementsHandle::getManagerInterface(unwrap(context))
          .getBlobManager();
  // The manager asserts on names that it does not know.
  if (!blobs.lookup(unwrap(name)))
    return false;
  blobs.update(unwrap(name),
               UnmanagedAsmResourceBlob::allocateWithAlign(
                   ArrayRef<char>(static_cast<const char *>(data), bytes),
                   alignment,
                   [=](void *, size_t, size_t) {
                     if (release)
                       release(user);
                   },
                   /*dataIsMutable=*/false));
  return true;
}

void pumiceOnOutOfMemory(void (*raise)()) {
  llvm::remove_bad_alloc_error_handler();
  llvm::install_bad_alloc_error_handler(
      [](void *user, const char *, bool) {
        reinterpret_cast<void (*)()>(user)();
      },
      reinterpret_cast<void *>(raise));
}

MlirModule pumiceParseFile(MlirContext context, MlirStringRef path,
                           bool isSealed) {
  return wrap(
      parseProgramFile(unwrap(path), unwrap(context), isSealed).release());
}

bool pumiceWriteFile(MlirModule module, MlirStringRef path,
                     MlirStringCallback error, void *errorUser) {
  if (llvm::Error problem = writeProgramFile(unwrap(module), unwrap(path))) {
    give(llvm::toString(std::move(problem)), error, errorUser);
    return false;
  }
  return true;
}

void pumicePresetNames(MlirStringCallback callback, void *user) {
  for (const std::string &name : presetNames())
    give(name, callback, user);
}

MlirAttribute pumiceLoadDevice(MlirContext context, MlirStringRef name) {
  FailureOr<pum::DeviceAttr> device =
      loadDevice(unwrap(name), UnknownLoc::get(unwrap(context)));
  return wrap(succeeded(device) ? Attribute(*device) : Attribute());
}

bool pumiceDeviceRollUp(MlirAttribute device, MlirStringCallback callback,
                        void *user) {
  auto attr = dyn_cast_or_null<pum::DeviceAttr>(unwrap(device));
  if (!attr)
    return false;
  model::RollUp sum = model::rollUp(toSpec(attr));
  give(toText(llvm::json::Object{{"area_mm2", model::areaToJson(sum.device)},
                                 {"power_mw", model::powerToJson(sum.device)},
                                 {"levels", model::toJson(sum)}}),
       callback, user);
  return true;
}

bool pumiceDeviceValueCosts(MlirAttribute device, MlirStringCallback callback,
                            void *user) {
  auto attr = dyn_cast_or_null<pum::DeviceAttr>(unwrap(device));
  if (!attr)
    return false;
  llvm::json::Array found;
  for (const model::UnitGroup &group : toSpec(attr).groups)
    if (StringRef field = fieldOfContents(group);
        !field.empty() || compilesWeights(group))
      found.push_back(
          llvm::json::Object{{"group", group.name}, {"field", field}});
  give(toText(std::move(found)), callback, user);
  return true;
}

bool pumiceDeviceToJson(MlirAttribute device, MlirStringCallback callback,
                        void *user) {
  auto attr = dyn_cast_or_null<pum::DeviceAttr>(unwrap(device));
  if (!attr)
    return false;
  give(toText(toJson(toStatedSpec(attr))), callback, user);
  return true;
}

/// The device of the JSON `after`, with points of laws moved to the figures
/// that differ from those of the JSON `before`, unless that is empty.
static FailureOr<model::DeviceSpec> readChanged(Location loc, StringRef before,
                                                StringRef after) {
  FailureOr<model::DeviceSpec> device = deviceFromJson(after, loc);
  if (failed(device) || before.empty())
    return device;
  FailureOr<model::DeviceSpec> old = deviceFromJson(before, loc);
  if (failed(old))
    return failure();
  restatePoints(*old, *device);
  return device;
}

bool pumiceDeviceLaws(MlirContext context, MlirStringRef before,
                      MlirStringRef after, MlirStringCallback callback,
                      void *user) {
  FailureOr<model::DeviceSpec> device = readChanged(
      UnknownLoc::get(unwrap(context)), unwrap(before), unwrap(after));
  if (failed(device))
    return false;
  model::DeviceSpec effective = *device;
  std::vector<std::string> notes;
  applyLaws(effective, &notes);
  give(toText(llvm::json::Object{{"stated", toJson(*device)},
                                 {"effective", toJson(effective)},
                                 {"notes", llvm::json::Array(notes)}}),
       callback, user);
  return true;
}

MlirAttribute pumiceDeviceChanged(MlirContext context, MlirStringRef before,
                                  MlirStringRef after, MlirStringRef name,
                                  MlirStringCallback note, void *noteUser) {
  Location loc = UnknownLoc::get(unwrap(context));
  FailureOr<model::DeviceSpec> device =
      readChanged(loc, unwrap(before), unwrap(after));
  if (failed(device))
    return {nullptr};
  FailureOr<pum::DeviceAttr> attr = toAttribute(*device, loc, unwrap(name));
  if (failed(attr))
    return {nullptr};
  std::vector<std::string> notes;
  applyLaws(*device, &notes);
  for (const std::string &text : notes)
    give(text, note, noteUser);
  return wrap(Attribute(*attr));
}

void pumiceDeviceKeys(MlirStringCallback callback, void *user) {
  give(toText(deviceKeys()), callback, user);
}

void pumiceAllLaws(MlirStringCallback callback, void *user) {
  give(toText(lawsToJson()), callback, user);
}

MlirAttribute pumiceDeviceFromJson(MlirContext context, MlirStringRef json,
                                   MlirStringRef name) {
  Location loc = UnknownLoc::get(unwrap(context));
  FailureOr<model::DeviceSpec> spec = deviceFromJson(unwrap(json), loc);
  if (failed(spec))
    return {nullptr};
  FailureOr<pum::DeviceAttr> device = toAttribute(*spec, loc, unwrap(name));
  return wrap(succeeded(device) ? Attribute(*device) : Attribute());
}

void pumiceDeviceFields(MlirStringCallback callback, void *user) {
  give(toText(deviceFields()), callback, user);
}

bool pumiceTaskCosts(MlirModule module, MlirStringCallback callback, void *user,
                     MlirStringCallback error, void *errorUser) {
  pum::DeviceAttr device = deviceOf(unwrap(module));
  if (!device) {
    give("expected a module that names a device", error, errorUser);
    return false;
  }
  CostModel costs(toSpec(device));
  llvm::json::Array all;
  WalkResult result = unwrap(module)->walk([&](TaskOpInterface task) {
    llvm::Expected<model::Cost> cost = costs.costOf(task);
    if (!cost) {
      give(llvm::toString(cost.takeError()), error, errorUser);
      return WalkResult::interrupt();
    }
    all.push_back(
        llvm::json::Object{{"op", task->getName().getStringRef()},
                           {"cost", model::toJson(*cost, costs.device())}});
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return false;
  give(toText(std::move(all)), callback, user);
  return true;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static Program &unwrapProgram(PumiceProgram program) {
  return *static_cast<Program *>(program.ptr);
}
static RunResult &unwrapRun(PumiceRun run) {
  return *static_cast<RunResult *>(run.ptr);
}

static PumiceTensor view(const TensorSpec &spec, MlirStringRef *name) {
  *name = wrap(StringRef(spec.name));
  return {nullptr, static_cast<int>(spec.type),
          static_cast<intptr_t>(spec.shape.size()), spec.shape.data()};
}

static PumiceTensor view(const model::Value &value) {
  return {const_cast<void *>(value.data()), static_cast<int>(value.type()),
          static_cast<intptr_t>(value.rank()), value.shape().data()};
}

PumiceProgram pumiceProgramLoad(MlirModule module) {
  FailureOr<std::unique_ptr<Program>> program = Program::load(unwrap(module));
  return {succeeded(program) ? program->release() : nullptr};
}

void pumiceProgramSetStopped(PumiceProgram program, bool value) {
  unwrapProgram(program).setStopped(value);
}

void pumiceProgramDestroy(PumiceProgram program) {
  delete static_cast<Program *>(program.ptr);
}

intptr_t pumiceProgramNumInputs(PumiceProgram program) {
  return unwrapProgram(program).inputs().size();
}

intptr_t pumiceProgramNumOutputs(PumiceProgram program) {
  return unwrapProgram(program).outputs().size();
}

PumiceTensor pumiceProgramInput(PumiceProgram program, intptr_t index,
                                MlirStringRef *name) {
  return view(unwrapProgram(program).inputs()[index], name);
}

PumiceTensor pumiceProgramOutput(PumiceProgram program, intptr_t index,
                                 MlirStringRef *name) {
  return view(unwrapProgram(program).outputs()[index], name);
}

void pumiceProgramTensors(PumiceProgram program, MlirStringCallback callback,
                          void *user) {
  llvm::json::Array tensors;
  for (const ComputedTensor &tensor : unwrapProgram(program).tensors()) {
    llvm::json::Array places;
    for (const Place &place : tensor.places)
      places.push_back(llvm::json::Object{{"node", asText(place.node)},
                                          {"layer", asText(place.layer)},
                                          {"file", asText(place.file)},
                                          {"line", place.line}});
    tensors.push_back(llvm::json::Object{
        {"name", asText(tensor.name)},
        {"kind", stringifyTensorKind(tensor.kind)},
        {"shape", llvm::json::Array(tensor.type.getShape())},
        {"element", debugString(tensor.type.getElementType())},
        {"places", std::move(places)}});
  }
  give(toText(std::move(tensors)), callback, user);
}

static bool succeed(llvm::Error error, MlirStringCallback callback,
                    void *user) {
  if (!error)
    return true;
  give(llvm::toString(std::move(error)), callback, user);
  return false;
}

intptr_t pumiceProgramNumStates(PumiceProgram program) {
  return unwrapProgram(program).state().specs().size();
}

PumiceTensor pumiceProgramState(PumiceProgram program, intptr_t index,
                                MlirStringRef *name, MlirStringCallback error,
                                void *errorUser) {
  ProgramState &state = unwrapProgram(program).state();
  PumiceTensor result = view(state.specs()[index], name);
  llvm::Expected<model::Value> value = state.value(index);
  if (value)
    result.data = value->mutableData();
  else
    give(llvm::toString(value.takeError()), error, errorUser);
  return result;
}

void pumiceProgramReset(PumiceProgram program) {
  unwrapProgram(program).state().reset();
}

void pumiceProgramStoreState(PumiceProgram program) {
  unwrapProgram(program).storeState();
}

bool pumiceProgramShareState(PumiceProgram program, PumiceProgram other,
                             MlirStringCallback error, void *errorUser) {
  return succeed(unwrapProgram(program).shareState(unwrapProgram(other)), error,
                 errorUser);
}

double pumiceProgramPrepareMs(PumiceProgram program) {
  return unwrapProgram(program).prepareMs();
}

void pumiceProgramCodeStats(PumiceProgram program, MlirStringCallback callback,
                            void *user) {
  if (const digital::CompileStats *stats = unwrapProgram(program).codeStats())
    give(toText(llvm::json::Object{
             {"regions", static_cast<int64_t>(stats->functions)},
             {"distinct", static_cast<int64_t>(stats->distinct)},
             {"cached", static_cast<int64_t>(stats->cached)},
             {"warning", stats->warning},
             {"seconds", stats->totalMs / 1e3}}),
         callback, user);
}

namespace {
/// Hands computed values to a C callback.
struct CallbackObserver : model::IObserver {
  CallbackObserver(PumiceObserver callback, void *user)
      : callback(callback), user(user) {}
  void onValue(llvm::StringRef name, const model::Value &value) override {
    callback(wrap(name), view(value), user);
  }
  PumiceObserver callback;
  void *user;
};
} // namespace

static llvm::Expected<std::vector<model::Value>>
borrow(intptr_t numInputs, const PumiceTensor *inputs) {
  std::vector<model::Value> values;
  for (const PumiceTensor &tensor : ArrayRef(inputs, numInputs)) {
    auto value = model::Value::borrow(
        static_cast<model::ElementType>(tensor.elementType),
        ArrayRef(tensor.shape, tensor.rank), tensor.data, nullptr);
    if (!value)
      return value.takeError();
    values.push_back(std::move(*value));
  }
  return values;
}

static llvm::Expected<RunResult> execute(Program &program, intptr_t numInputs,
                                         const PumiceTensor *inputs,
                                         const RunOptions &options) {
  if (!inputs)
    return program.estimate(options);
  auto values = borrow(numInputs, inputs);
  if (!values)
    return values.takeError();
  return program.run(*values, options);
}

PumiceRun pumiceProgramRun(PumiceProgram program, intptr_t numInputs,
                           const PumiceTensor *inputs, unsigned threads,
                           PumiceObserver observer, void *observerUser,
                           MlirStringCallback error, void *errorUser) {
  RunOptions options;
  options.threads = threads;
  CallbackObserver hook(observer, observerUser);
  if (observer)
    options.observers.push_back(&hook);
  llvm::Expected<RunResult> result =
      execute(unwrapProgram(program), numInputs, inputs, options);
  if (!result) {
    give(llvm::toString(result.takeError()), error, errorUser);
    return {nullptr};
  }
  return {new RunResult(std::move(*result))};
}

bool pumiceProgramEstimateOn(PumiceProgram program, MlirAttribute device,
                             unsigned threads, MlirStringCallback callback,
                             void *user, MlirStringCallback error,
                             void *errorUser) {
  auto attr = dyn_cast_or_null<pum::DeviceAttr>(unwrap(device));
  if (!attr) {
    give("expected a #pum.device", error, errorUser);
    return false;
  }
  RunOptions options;
  options.threads = threads;
  options.detail = model::ReportDetail::sums;
  llvm::Expected<RunResult> result =
      unwrapProgram(program).estimateOn(toSpec(attr), options);
  if (!result)
    return succeed(result.takeError(), error, errorUser);
  give(result->report, callback, user);
  return true;
}

static model::Collector &unwrapCollector(PumiceCollector collector) {
  return *static_cast<model::Collector *>(collector.ptr);
}

PumiceCollector pumiceCollectorCreate(int64_t maxSamples, bool columnSums) {
  return {new model::Collector({maxSamples, columnSums})};
}

void pumiceCollectorDestroy(PumiceCollector collector) {
  delete static_cast<model::Collector *>(collector.ptr);
}

void pumiceCollectorReport(PumiceCollector collector,
                           MlirStringCallback callback, void *user) {
  give(toText(model::toJson(unwrapCollector(collector))), callback, user);
}

bool pumiceProgramObserve(PumiceProgram program, PumiceCollector collector,
                          intptr_t numInputs, const PumiceTensor *inputs,
                          unsigned threads, MlirStringCallback error,
                          void *errorUser) {
  auto values = borrow(numInputs, inputs);
  if (!values)
    return succeed(values.takeError(), error, errorUser);
  return succeed(unwrapProgram(program).observe(
                     *values, unwrapCollector(collector), threads),
                 error, errorUser);
}

bool pumiceProgramSetAdcRanges(PumiceProgram program, PumiceCollector collector,
                               double fraction, MlirStringCallback error,
                               void *errorUser) {
  return succeed(
      unwrapProgram(program).setAdcRanges(unwrapCollector(collector), fraction),
      error, errorUser);
}

void pumiceRunDestroy(PumiceRun run) {
  delete static_cast<RunResult *>(run.ptr);
}

intptr_t pumiceRunNumOutputs(PumiceRun run) {
  return unwrapRun(run).outputs.size();
}

PumiceTensor pumiceRunOutput(PumiceRun run, intptr_t index) {
  return view(unwrapRun(run).outputs[index]);
}

void pumiceRunReport(PumiceRun run, MlirStringCallback callback, void *user) {
  give(unwrapRun(run).report, callback, user);
}
