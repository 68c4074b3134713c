// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Jit.h"

#include "lib/Support/AtomicFile.h"
#include "lib/Support/Parallel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <cmath>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <mutex>

using namespace llvm;

namespace pumice::digital {

//===----------------------------------------------------------------------===//
// Symbols that compiled code may use
//===----------------------------------------------------------------------===//

namespace {

/// The running call of compiled code of a thread.
struct Call {
  Outcome outcome;
  std::jmp_buf exit;
  SmallVector<void *, 0> memory; ///< allocated and not freed
  Call *outer = nullptr;
};

} // namespace

static thread_local Call *current = nullptr;

static void reportAssertFailure(int64_t id, int64_t index) {
  if (current->outcome.assertion < 0)
    current->outcome = {id, index, 0};
}

/// Compiled code does not look at what it gets: without memory it is left. Its
/// frames own nothing but what `memory` lists.
static void *allocate(size_t bytes) {
  void *memory = std::malloc(bytes ? bytes : 1);
  if (!memory) {
    current->outcome.bytes = std::max<size_t>(bytes, 1);
    std::longjmp(current->exit, 1);
  }
  current->memory.push_back(memory);
  return memory;
}

static void release(void *memory) {
  SmallVectorImpl<void *> &all = current->memory;
  // Mostly the last one.
  for (size_t i = all.size(); i-- > 0;)
    if (all[i] == memory) {
      all[i] = all.back();
      all.pop_back();
      break;
    }
  std::free(memory);
}

static void enter(Entry entry, void **arguments) {
  if (setjmp(current->exit) == 0)
    entry(arguments);
}

Outcome callCompiled(Entry entry, void **arguments) {
  Call call;
  call.outer = current;
  current = &call;
  enter(entry, arguments);
  current = call.outer;
  for (void *memory : call.memory)
    std::free(memory);
  return call.outcome;
}

// glibc has roundeven only since 2.25 and only for C23; nearbyint is the same
// function in the default rounding mode.
static float roundEvenFloat(float x) { return std::nearbyint(x); }
static double roundEvenDouble(double x) { return std::nearbyint(x); }

static float powiFloat(float x, int n) { return __builtin_powif(x, n); }
static double powiDouble(double x, int n) { return __builtin_powi(x, n); }

static void sinCosFloat(float x, float *s, float *c) {
  *s = std::sin(x);
  *c = std::cos(x);
}
static void sinCosDouble(double x, double *s, double *c) {
  *s = std::sin(x);
  *c = std::cos(x);
}

/// Only these names resolve, so other libraries in the process cannot change
/// the behavior of compiled code.
static orc::SymbolMap runtimeSymbols(orc::MangleAndInterner &mangle) {
  orc::SymbolMap map;
  auto add = [&](StringRef name, auto *function) {
    map[mangle(name)] = {orc::ExecutorAddr::fromPtr(function),
                         JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  };
#define PUMICE_MATH1(NAME)                                                     \
  add(#NAME "f", static_cast<float (*)(float)>(std::NAME));                    \
  add(#NAME, static_cast<double (*)(double)>(std::NAME));
#define PUMICE_MATH2(NAME)                                                     \
  add(#NAME "f", static_cast<float (*)(float, float)>(std::NAME));             \
  add(#NAME, static_cast<double (*)(double, double)>(std::NAME));
  PUMICE_MATH1(exp)
  PUMICE_MATH1(exp2)
  PUMICE_MATH1(expm1)
  PUMICE_MATH1(log)
  PUMICE_MATH1(log2)
  PUMICE_MATH1(log10)
  PUMICE_MATH1(log1p)
  PUMICE_MATH1(sqrt)
  PUMICE_MATH1(cbrt)
  PUMICE_MATH1(sin)
  PUMICE_MATH1(cos)
  PUMICE_MATH1(tan)
  PUMICE_MATH1(asin)
  PUMICE_MATH1(acos)
  PUMICE_MATH1(atan)
  PUMICE_MATH1(sinh)
  PUMICE_MATH1(cosh)
  PUMICE_MATH1(tanh)
  PUMICE_MATH1(asinh)
  PUMICE_MATH1(acosh)
  PUMICE_MATH1(atanh)
  PUMICE_MATH1(erf)
  PUMICE_MATH1(erfc)
  PUMICE_MATH1(round)
  PUMICE_MATH1(floor)
  PUMICE_MATH1(ceil)
  PUMICE_MATH1(trunc)
  PUMICE_MATH1(rint)
  PUMICE_MATH1(nearbyint)
  PUMICE_MATH1(fabs)
  PUMICE_MATH2(pow)
  PUMICE_MATH2(atan2)
  PUMICE_MATH2(fmod)
  PUMICE_MATH2(fmin)
  PUMICE_MATH2(fmax)
  PUMICE_MATH2(copysign)
#undef PUMICE_MATH1
#undef PUMICE_MATH2
  add("fmaf", static_cast<float (*)(float, float, float)>(std::fma));
  add("fma", static_cast<double (*)(double, double, double)>(std::fma));
  add("ldexpf", static_cast<float (*)(float, int)>(std::ldexp));
  add("ldexp", static_cast<double (*)(double, int)>(std::ldexp));
  add("roundevenf", roundEvenFloat);
  add("roundeven", roundEvenDouble);
  add("sincosf", sinCosFloat);
  add("sincos", sinCosDouble);
  add("__powisf2", powiFloat);
  add("__powidf2", powiDouble);
  add("malloc", allocate);
  add("free", release);
  add("memcpy",
      static_cast<void *(*)(void *, const void *, size_t)>(std::memcpy));
  add("memmove",
      static_cast<void *(*)(void *, const void *, size_t)>(std::memmove));
  add("memset", static_cast<void *(*)(void *, int, size_t)>(std::memset));
  add(kAssertSymbol, reportAssertFailure);
  return map;
}

//===----------------------------------------------------------------------===//
// Code generation
//===----------------------------------------------------------------------===//

static std::string entryName(StringRef function) {
  return ("pumice.entry." + function).str();
}

/// Gives every public definition `f(ptr, ...)` a `void entry(ptr args)` that
/// loads its arguments. `f` stays out of line, so that its noalias arguments
/// keep their full strength.
static Error addEntries(Module &module) {
  SmallVector<Function *> functions;
  for (Function &function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage())
      functions.push_back(&function);
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  for (Function *function : functions) {
    for (Argument &argument : function->args())
      if (!argument.getType()->isPointerTy())
        return createStringError("compiled function '" + function->getName() +
                                 "' has a non-pointer argument");
    function->setLinkage(GlobalValue::InternalLinkage);
    function->addFnAttr(Attribute::NoInline);
    auto *type =
        FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
    Function *entry = Function::Create(type, GlobalValue::ExternalLinkage,
                                       entryName(function->getName()), module);
    builder.SetInsertPoint(BasicBlock::Create(context, "", entry));
    SmallVector<Value *> arguments;
    for (unsigned i = 0; i < function->arg_size(); ++i)
      arguments.push_back(builder.CreateLoad(
          builder.getPtrTy(),
          builder.CreateConstGEP1_64(builder.getPtrTy(), entry->getArg(0), i)));
    builder.CreateCall(function, arguments);
    builder.CreateRetVoid();
  }
  return Error::success();
}

static Error dumpModule(Module &module, TargetMachine &machine,
                        StringRef directory, unsigned index) {
  auto path = [&](StringRef extension) {
    SmallString<128> name(directory);
    sys::path::append(name, "region" + Twine(index) + extension);
    return name;
  };
  if (Error error = writeFile(
          path(".ll"), [&](raw_ostream &out) { module.print(out, nullptr); }))
    return error;
  SmallString<0> text;
  raw_svector_ostream assembly(text);
  std::unique_ptr<Module> copy = CloneModule(module);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, assembly, nullptr,
                                  CodeGenFileType::AssemblyFile))
    return createStringError("this target cannot emit assembly");
  passes.run(*copy);
  return writeFile(path(".s"), [&](raw_ostream &out) { out << text; });
}

/// LLVM's pipeline without partial and run-time unrolling. On these loop nests,
/// unrolling triples the time of code generation and gains almost nothing,
/// because the vectorizer interleaves and register tiles are already unrolled.
/// Loops with few iterations (pooling windows, kernels) are still unrolled.
static void optimize(Module &module, TargetMachine &machine, unsigned level) {
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  tuning.LoopInterleaving = true;
  tuning.LoopUnrolling = false;
  PassBuilder builder(&machine, tuning);
  builder.registerLateLoopOptimizationsEPCallback(
      [](LoopPassManager &passes, OptimizationLevel level) {
        if (level != OptimizationLevel::O0)
          passes.addPass(LoopFullUnrollPass(level.getSpeedupLevel()));
      });
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  const OptimizationLevel levels[] = {
      OptimizationLevel::O0, OptimizationLevel::O1, OptimizationLevel::O2,
      OptimizationLevel::O3};
  builder.buildPerModuleDefaultPipeline(levels[std::min(level, 3u)])
      .run(module, modules);
}

static Expected<std::unique_ptr<MemoryBuffer>>
generate(Module &module, orc::JITTargetMachineBuilder builder,
         const JitOptions &options, unsigned index) {
  auto machine = builder.createTargetMachine();
  if (!machine)
    return machine.takeError();
  optimize(module, **machine, options.optLevel);
  if (!options.dumpDirectory.empty())
    if (Error error =
            dumpModule(module, **machine, options.dumpDirectory, index))
      return std::move(error);
  return orc::SimpleCompiler(**machine)(module);
}

/// Keeps the text of errors that code generation reports.
struct CollectErrors : DiagnosticHandler {
  std::string &text;
  CollectErrors(std::string &text) : text(text) {}
  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (info.getSeverity() == DS_Error) {
      raw_string_ostream stream(text);
      DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
    }
    return true;
  }
};

static Expected<orc::JITTargetMachineBuilder>
hostBuilder(const JitOptions &options) {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
  });
  auto builder = orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setRelocationModel(Reloc::PIC_);
  builder->setCodeModel(CodeModel::Small);
  builder->setCodeGenOptLevel(options.optLevel == 0   ? CodeGenOptLevel::None
                              : options.optLevel == 1 ? CodeGenOptLevel::Less
                              : options.optLevel == 2
                                  ? CodeGenOptLevel::Default
                                  : CodeGenOptLevel::Aggressive);
  // Keep the two roundings of a multiplication followed by an addition.
  builder->getOptions().AllowFPOpFusion = FPOpFusion::Strict;
  return builder;
}

Expected<std::string> describeTarget(const JitOptions &options) {
  auto builder = hostBuilder(options);
  if (!builder)
    return builder.takeError();
  return builder->getTargetTriple().str() + " " + builder->getCPU() + " " +
         builder->getFeatures().getString() + " O" +
         std::to_string(options.optLevel);
}

/// A module with `function` and clones of everything that it uses.
static mlir::OwningOpRef<mlir::ModuleOp>
isolate(mlir::LLVM::LLVMFuncOp function) {
  auto whole = function->getParentOfType<mlir::ModuleOp>();
  mlir::OwningOpRef<mlir::ModuleOp> part =
      mlir::ModuleOp::create(function.getLoc());
  SetVector<mlir::Operation *> used;
  used.insert(function);
  for (size_t i = 0; i < used.size(); ++i)
    if (auto uses = mlir::SymbolTable::getSymbolUses(used[i]))
      for (const mlir::SymbolTable::SymbolUse &use : *uses)
        if (mlir::Operation *symbol = mlir::SymbolTable::lookupSymbolIn(
                whole, use.getSymbolRef().getRootReference()))
          used.insert(symbol);
  for (mlir::Operation *op : ArrayRef(used.getArrayRef()).drop_front())
    part->push_back(op->clone());
  function->remove();
  part->push_back(function);
  return part;
}

Expected<std::vector<std::unique_ptr<MemoryBuffer>>>
generateObjects(ArrayRef<mlir::LLVM::LLVMFuncOp> functions,
                const JitOptions &options) {
  auto builder = hostBuilder(options);
  if (!builder)
    return builder.takeError();
  auto layout = builder->getDefaultDataLayoutForTarget();
  if (!layout)
    return layout.takeError();

  // Translation reads the MLIR context, so it runs on this thread. The rest has
  // one LLVM context per module and runs on several threads.
  std::vector<std::unique_ptr<LLVMContext>> contexts;
  std::vector<std::unique_ptr<Module>> translated;
  std::vector<std::string> failures(functions.size());
  for (auto [function, failure] : zip_equal(functions, failures)) {
    contexts.push_back(std::make_unique<LLVMContext>());
    // LLVM's default handler exits the process at the first error.
    contexts.back()->setDiagnosticHandler(
        std::make_unique<CollectErrors>(failure));
    auto module = mlir::translateModuleToLLVMIR(*isolate(function),
                                                *contexts.back(), "digital");
    if (!module)
      return createStringError("cannot translate a digital region to LLVM IR");
    module->setDataLayout(*layout);
    module->setTargetTriple(builder->getTargetTriple());
    if (Error error = addEntries(*module))
      return std::move(error);
    translated.push_back(std::move(module));
  }

  std::vector<std::unique_ptr<MemoryBuffer>> objects(translated.size());
  model::parallelFor(options.threads, translated.size(), [&](int64_t i) {
    auto object = generate(*translated[i], *builder, options, i);
    if (object)
      objects[i] = std::move(*object);
    else
      failures[i] += toString(object.takeError());
  });
  for (const std::string &failure : failures)
    if (!failure.empty())
      return createStringError("code generation failed: " + failure);
  return objects;
}

//===----------------------------------------------------------------------===//
// JitImage
//===----------------------------------------------------------------------===//

JitImage::JitImage() : reported(std::make_unique<std::string>()) {}
JitImage::~JitImage() = default;

Expected<std::unique_ptr<JitImage>>
JitImage::create(std::vector<std::unique_ptr<MemoryBuffer>> objects) {
  auto builder = hostBuilder({});
  if (!builder)
    return builder.takeError();
  std::unique_ptr<JitImage> image(new JitImage());
  orc::LLJITBuilder jitBuilder;
  jitBuilder.setJITTargetMachineBuilder(*builder)
      .setPlatformSetUp(orc::setUpInactivePlatform)
      .setLinkProcessSymbolsByDefault(false);
  auto jit = jitBuilder.create();
  if (!jit)
    return jit.takeError();
  image->jit = std::move(*jit);
  auto &session = image->jit->getExecutionSession();
  // Only the session's error reporter gets the reason of a failed look-up.
  session.setErrorReporter([text = image->reported.get()](Error error) {
    *text += (text->empty() ? "" : "; ") + toString(std::move(error));
  });
  orc::MangleAndInterner mangle(session, image->jit->getDataLayout());
  orc::JITDylib &library = image->jit->getMainJITDylib();
  if (Error error =
          library.define(orc::absoluteSymbols(runtimeSymbols(mangle))))
    return std::move(error);
  for (auto &object : objects)
    if (Error error = image->jit->addObjectFile(std::move(object)))
      return std::move(error);
  return image;
}

Expected<Entry> JitImage::lookup(StringRef function) const {
  auto address = jit->lookup(entryName(function));
  if (address)
    return address->toPtr<Entry>();
  std::string text = toString(address.takeError());
  if (!reported->empty())
    text = *reported;
  return createStringError("cannot link a digital region: " + text);
}

} // namespace pumice::digital
