// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/DigitalCompiler.h"

#include "lib/Digital/Normalize.h"
#include "lib/Digital/Registration.h"
#include "lib/Support/ConstantData.h"
#include "lib/Support/Limits.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/DebugLog.h"
#include <atomic>
#include <chrono>
#include <cstdlib>

#define DEBUG_TYPE "pumice-digital-compiler"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace pumice::digital {

static std::atomic<bool> checksAreOn = true;

void setChecks(bool areOn) { checksAreOn = areOn; }

static double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

template <typename T>
static std::string text(T value) {
  std::string result;
  llvm::raw_string_ostream(result) << value;
  return result;
}

/// Of temporaries, in bytes.
static constexpr int64_t kAlignment = 64;

/// By the name of a function.
using Places = llvm::StringMap<std::vector<OpPlace>>;

static std::string whereIs(Location loc, const Places &places) {
  OpNumber op = opNumberOf(loc);
  if (auto found = places.find(op.function); found != places.end())
    return describePlace(found->second, op.number);
  return text(loc) + ": ";
}

/// Runs the passes on the modules in `module`; diagnostics become the error.
static Error lower(ModuleOp module, const LoweringOptions &options,
                   const Places &places) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          diagnostics += (diagnostics.empty() ? "" : "; ") +
                         whereIs(diagnostic.getLocation(), places) +
                         diagnostic.str();
        return success();
      });
  PassManager passes(module.getContext());
  passes.enableVerifier(false);
  buildLoweringPipeline(passes.nest<ModuleOp>(), options);
  if (succeeded(passes.run(module)))
    return Error::success();
  return createStringError("cannot lower a digital region: " + diagnostics);
}

static unsigned threadsOf(const Options &options, MLIRContext &context) {
  if (options.threads)
    return options.threads;
  return context.isMultithreadingEnabled()
             ? std::max(context.getNumThreads(), 1u)
             : 1;
}

/// Functions are named by their key, so symbols are unique.
static std::string nameOf(StringRef key) { return ("r" + key).str(); }
static StringRef keyOf(StringRef name) { return name.drop_front(); }

/// The native code of `functions`, in order.
static Expected<std::vector<Code>>
generate(MutableArrayRef<OwningOpRef<func::FuncOp>> functions,
         const Places &places, const Options &options, const JitOptions &jit,
         CompileStats &stats) {
  double start = now();
  std::vector<Code> result(functions.size());
  if (functions.empty())
    return result;
  // Use one module per thread, because most passes of the lowering run on
  // modules.
  size_t count = std::min<size_t>(jit.threads, result.size());
  Location loc = (*functions.front()).getLoc();
  OwningOpRef<ModuleOp> whole = ModuleOp::create(loc);
  SmallVector<ModuleOp> parts;
  for (size_t i = 0; i < count; ++i) {
    parts.push_back(ModuleOp::create(loc));
    whole->push_back(parts.back());
  }
  SmallVector<std::string> names;
  for (auto [i, function] : llvm::enumerate(functions)) {
    names.push_back(function->getName().str());
    parts[i % count].push_back(function.release());
  }
  if (Error error =
          lower(*whole, {options.expandMath, checksAreOn.load()}, places))
    return std::move(error);
  SmallVector<LLVM::LLVMFuncOp> lowered;
  for (auto [i, name] : llvm::enumerate(names)) {
    ModuleOp part = parts[i % count];
    result[i].facts = factsOf(part, name);
    auto function = part.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!function)
      return createStringError("cannot lower a digital region");
    lowered.push_back(function);
  }
  stats.lowerMs = now() - start;
  start = now();
  auto objects = generateObjects(lowered, jit);
  if (!objects)
    return objects.takeError();
  for (auto [code, object] : llvm::zip_equal(result, *objects))
    code.object = std::move(object);
  stats.codegenMs = now() - start;
  return result;
}

Expected<std::unique_ptr<CompiledRegions>>
compile(ModuleOp module, ArrayRef<func::FuncOp> functions,
        const Options &options) {
  loadDigitalDialects(*module.getContext());
  double start = now();
  auto result = std::make_unique<CompiledRegions>();
  CompileStats &stats = result->stats;
  stats.functions = functions.size();

  JitOptions jit;
  jit.optLevel = options.optLevel;
  jit.threads = threadsOf(options, *module.getContext());
  jit.dumpDirectory = options.dumpDirectory;
  auto target = describeTarget(jit);
  if (!target)
    return target.takeError();
  const bool usesCache = options.dumpDirectory.empty() && checksAreOn;
  CodeCache cache(usesCache ? options.cacheDirectory : "");

  llvm::StringMap<size_t> distinct; // by key
  std::vector<OwningOpRef<func::FuncOp>> bodies;
  std::vector<size_t> bodyOf;
  Places places;
  for (func::FuncOp function : functions) {
    if (Error error = checkOps(function))
      return std::move(error);
    CompiledRegion &region = result->regions.emplace_back();
    region.name = function.getName().str();
    result->indexOf[region.name] = result->regions.size() - 1;
    for (Type type : function.getArgumentTypes()) {
      Expected<int64_t> bytes = getBufferBytes(type);
      if (!bytes)
        return errorAt(function, toString(bytes.takeError()));
      region.inputBytes.push_back(*bytes);
    }
    for (Type type : function.getResultTypes()) {
      Expected<int64_t> bytes = getBufferBytes(type);
      if (!bytes)
        return errorAt(function, toString(bytes.takeError()));
      region.outputBytes.push_back(*bytes);
    }
    Expected<NormalForm> normalized = normalize(function);
    if (!normalized)
      return normalized.takeError();
    for (ElementsAttr constant : normalized->constants) {
      Expected<ConstantData> data = ConstantData::read(constant);
      if (!data)
        return errorAt(function, toString(data.takeError()));
      result->constants.push_back(data->expanded());
      region.constants.push_back(result->constants.back().bytes().data());
    }
    std::string content;
    llvm::raw_string_ostream stream(content);
    stream << *target << (options.expandMath ? " expand\n" : "\n");
    normalized->function->print(stream, OpPrintingFlags().useLocalScope());
    std::string key = CodeCache::keyOf(content);
    auto [entry, isNew] = distinct.try_emplace(key, bodies.size());
    normalized->function->setName(nameOf(key));
    region.places = numberOps(*normalized->function);
    if (isNew) {
      places[nameOf(key)] = region.places;
      bodies.push_back(std::move(normalized->function));
    }
    bodyOf.push_back(entry->second);
  }

  stats.distinct = bodies.size();
  std::vector<Code> code(bodies.size());
  std::vector<OwningOpRef<func::FuncOp>> missing;
  SmallVector<size_t> missingAt;
  SmallVector<std::string> names;
  for (auto [i, body] : llvm::enumerate(bodies)) {
    names.push_back(body->getName().str());
    if (std::optional<Code> found = cache.load(keyOf(names.back()))) {
      code[i] = std::move(*found);
      ++stats.cached;
      continue;
    }
    missing.push_back(std::move(body));
    missingAt.push_back(i);
  }
  auto generated = generate(missing, places, options, jit, stats);
  if (!generated)
    return generated.takeError();
  for (auto [i, made] : llvm::zip_equal(missingAt, *generated)) {
    cache.store(keyOf(names[i]), made);
    code[i] = std::move(made);
  }
  if (!missing.empty())
    cache.prune();
  stats.warning = cache.problem().str();

  double linking = now();
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  for (Code &part : code) {
    objects.push_back(std::move(part.object));
    for (int64_t bytes : part.facts.scratch)
      part.facts.scratchBytes = llvm::SaturatingAdd<uint64_t>(
          part.facts.scratchBytes, llvm::alignTo(bytes, kAlignment));
    result->facts.push_back(std::move(part.facts));
  }
  auto image = JitImage::create(std::move(objects));
  if (!image)
    return image.takeError();
  result->image = std::move(*image);
  for (auto [region, body] : llvm::zip_equal(result->regions, bodyOf)) {
    auto entry = result->image->lookup(names[body]);
    if (!entry)
      return entry.takeError();
    region.entry = *entry;
    region.facts = &result->facts[body];
  }
  stats.linkMs = now() - linking;
  stats.totalMs = now() - start;
  LDBG() << stats.functions << " functions, " << stats.distinct << " distinct, "
         << stats.cached << " from the cache: " << stats.lowerMs
         << " ms of passes, " << stats.codegenMs << " ms of LLVM, "
         << stats.totalMs << " ms in all";
  return result;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

CompiledRegions::CompiledRegions() = default;
CompiledRegions::~CompiledRegions() = default;

const CompiledRegion *CompiledRegions::lookup(StringRef name) const {
  auto found = indexOf.find(name);
  return found == indexOf.end() ? nullptr : &regions[found->second];
}

static Error errorIn(StringRef region, const Twine &message) {
  return createStringError("digital region '" + region + "': " + message);
}

/// `bytes` of memory that lasts until this thread asks again. Grows to what the
/// largest region that the thread has run takes.
static Expected<char *> scratchOfThread(uint64_t bytes) {
  static thread_local std::unique_ptr<char, decltype(&std::free)> memory(
      nullptr, std::free);
  static thread_local uint64_t size = 0;
  if (size >= bytes && memory)
    return memory.get();
  if (Error error = checkMemory(bytes, "temporaries"))
    return std::move(error);
  memory.reset();
  size = 0;
  memory.reset(static_cast<char *>(
      std::aligned_alloc(kAlignment, std::max<uint64_t>(bytes, kAlignment))));
  if (!memory)
    return createStringError("expected " + Twine(bytes) +
                             " bytes of memory for temporaries, got none");
  size = bytes;
  return memory.get();
}

Error CompiledRegion::invoke(ArrayRef<void *> inputs,
                             ArrayRef<void *> outputs) const {
  if (inputs.size() != inputBytes.size() ||
      outputs.size() != outputBytes.size())
    return createStringError(
        "digital region '" + name + "': expected " + Twine(inputBytes.size()) +
        " inputs and " + Twine(outputBytes.size()) + " outputs, got " +
        Twine(inputs.size()) + " and " + Twine(outputs.size()));
  SmallVector<void *, 16> arguments(inputs);
  for (const void *constant : constants)
    arguments.push_back(const_cast<void *>(constant));
  llvm::append_range(arguments, outputs);

  Expected<char *> memory = scratchOfThread(facts->scratchBytes);
  if (!memory)
    return errorIn(name, toString(memory.takeError()));
  char *next = *memory;
  for (int64_t bytes : facts->scratch) {
    arguments.push_back(next);
    next += llvm::alignTo(bytes, kAlignment);
  }

  Outcome outcome = callCompiled(entry, arguments.data());
  if (outcome.bytes != 0)
    return errorIn(name, "expected " + Twine(outcome.bytes) +
                             " bytes of memory for a temporary, got none");
  if (outcome.assertion < 0)
    return Error::success();
  const Assertion &failed = facts->assertions[outcome.assertion];
  const bool isOwn = failed.op >= 0 && failed.op < int64_t(places.size()) &&
                     places[failed.op].name != "cf.assert";
  std::string message =
      isOwn ? describePlace(places, failed.op) : "assertion failed: ";
  message += failed.message;
  if (failed.reportsIndex)
    message += ", got " + std::to_string(outcome.index);
  return errorIn(name, message);
}

} // namespace pumice::digital
