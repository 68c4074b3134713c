// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"
#include "lib/Interpreter/Program.h"
#include "lib/Model/Core/Npy.h"
#include "lib/Support/AtomicFile.h"
#include "lib/Support/Parallel.h"
#include "lib/Support/ProgramFile.h"
#include "lib/Support/Version.h"
#include "tools/Tools.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

using namespace mlir;
using namespace pumice;
namespace cl = llvm::cl;

static int fail(llvm::Error error) {
  llvm::errs() << "pumice-sim: error: " << llvm::toString(std::move(error))
               << "\n";
  return 1;
}

/// Does nothing without a path.
static llvm::Error writeJson(const std::string &path,
                             const llvm::json::Value &json) {
  if (path.empty())
    return llvm::Error::success();
  return writeFile(path, [&](llvm::raw_ostream &out) {
    out << llvm::formatv("{0:2}\n", json);
  });
}

int pumiceSimMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setVersionPrinter();
  std::signal(SIGXFSZ, SIG_IGN); // writing fails instead
  std::set_new_handler([] {
    std::fputs("pumice-sim: error: out of memory\n", stderr);
    std::_Exit(1);
  });
  // Flags are global, and the other tools are in the same library.
  cl::opt<std::string> file(cl::Positional, cl::Required,
                            cl::desc("<machine program (.mlir, bytecode)>"));
  cl::list<std::string> inputs(
      "input", cl::desc("an input (.npy), once per input in order"));
  cl::list<std::string> outputs(
      "output", cl::desc("where to write an output (.npy), in order"));
  cl::opt<std::string> report(
      "report",
      cl::desc("where to write the report (JSON); - for the terminal"));
  cl::opt<std::string> observe(
      "observe",
      cl::desc("where to write what probes show (JSON); - for the terminal"));
  cl::opt<bool> estimate(
      "estimate", cl::desc("time, energy and area only: no values, no inputs"));
  cl::opt<unsigned> threads("threads",
                            cl::desc("threads to compute with (default: all)"),
                            cl::init(0));
  cl::ParseCommandLineOptions(argc, argv, "run a Pumice machine program\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false); // an op may hold all weights
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseProgramFile(file, &context, /*isSealed=*/true);
  if (!module)
    return 1;
  FailureOr<std::unique_ptr<Program>> program = Program::load(*module);
  if (failed(program))
    return 1;

  RunOptions options;
  options.threads = model::threadCount(threads);
  std::vector<model::Value> values;
  for (const std::string &path : inputs) {
    llvm::Expected<model::Value> value = readNpy(path);
    if (!value)
      return fail(value.takeError());
    values.push_back(std::move(*value));
  }
  model::Collector collector{model::Collector::Options()};
  if (!observe.empty())
    options.observers.push_back(&collector);
  auto result = estimate ? (*program)->estimate(options)
                         : (*program)->run(values, options);
  if (!result)
    return fail(result.takeError());
  if (const digital::CompileStats *code = (*program)->codeStats())
    if (!code->warning.empty())
      llvm::errs() << "pumice-sim: warning: " << code->warning << "\n";
  if (outputs.size() > result->outputs.size())
    return fail(llvm::createStringError(
        "%zu outputs requested, but the program has %zu", outputs.size(),
        result->outputs.size()));
  for (auto [path, value] : llvm::zip(outputs, result->outputs))
    if (llvm::Error error = writeNpy(path, value))
      return fail(std::move(error));
  const llvm::json::Value all = cantFail(llvm::json::parse(result->report));
  if (llvm::Error error = writeJson(report, all))
    return fail(std::move(error));
  if (llvm::Error error = writeJson(observe, toJson(collector)))
    return fail(std::move(error));
  const llvm::json::Object &json = *all.getAsObject();
  if (report.empty())
    llvm::outs() << llvm::formatv(
        "latency {0:f1} us, energy {1:f3} uJ on device '{2}'\n",
        json.getNumber("latency_ns").value_or(0) / 1e3,
        json.getObject("energy_pj")->getNumber("total").value_or(0) / 1e6,
        (*program)->device().name);
  return 0;
}
