// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"
#include "lib/Support/AlignedFile.h"
#include "lib/Support/AtomicFile.h"
#include "lib/Support/Limits.h"
#include "lib/Support/Seal.h"
#include "lib/Support/Version.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "tools/Tools.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>

using namespace mlir;

/// Loads `file`. MlirOptMain does so too, but aborts when that fails.
template <typename Plugin>
static std::optional<Plugin> load(const std::string &file) {
  llvm::Expected<Plugin> plugin = Plugin::load(file);
  if (plugin)
    return *plugin;
  llvm::errs() << "pumice-opt: error: cannot load plugin '" << file
               << "': " << llvm::toString(plugin.takeError()) << "\n";
  return std::nullopt;
}

/// Loads the plugins of the command line. Their passes have to be known before
/// it is parsed to be flags like any other.
static bool loadPlugins(llvm::ArrayRef<char *> args) {
  for (size_t i = 1; i < args.size(); ++i) {
    auto [flag, file] = StringRef(args[i]).split('=');
    if (!flag.consume_front("-"))
      continue;
    flag.consume_front("-");
    bool isPass = flag == "load-pass-plugin";
    if (!isPass && flag != "load-dialect-plugin")
      continue;
    if (!StringRef(args[i]).contains('=') && i + 1 < args.size())
      file = args[++i];
    if (!isPass) {
      if (!load<DialectPlugin>(file.str()))
        return false;
    } else if (auto plugin = load<PassPlugin>(file.str())) {
      plugin->registerPassRegistryCallbacks();
    } else {
      return false;
    }
  }
  return true;
}

/// What MlirOptMain does, with files that appear whole and sealed bytecode.
static bool run(StringRef input, StringRef output, DialectRegistry &registry,
                const MlirOptMainConfig &config) {
  auto fail = [](const llvm::Twine &message) {
    llvm::errs() << "pumice-opt: error: " << message << "\n";
    return false;
  };
  std::string error;
  auto file = pumice::openAlignedFile(input, error);
  if (!file)
    return fail(error);
  llvm::Expected<StringRef> content =
      pumice::checkSeal(file->getBuffer(), /*isRequired=*/false);
  if (!content)
    return fail("cannot read '" + input +
                "': " + llvm::toString(content.takeError()));
  std::unique_ptr<llvm::MemoryBuffer> unsealed;
  if (content->size() != file->getBufferSize())
    unsealed = llvm::MemoryBuffer::getMemBuffer(
        *content, input, /*RequiresNullTerminator=*/false);
  std::string text;
  llvm::raw_string_ostream out(text);
  bool isDone = succeeded(MlirOptMain(
      out, unsealed ? std::move(unsealed) : std::move(file), registry, config));
  if (!isDone && output != "-")
    return false;
  if (pumice::isBytecode(text))
    text += pumice::sealOf(text);
  if (llvm::Error problem = pumice::writeFile(
          output, [&](llvm::raw_ostream &stream) { stream << text; }))
    return fail(llvm::toString(std::move(problem)));
  return isDone;
}

/// By default, errors do not print their op: it may be the whole module.
static void hideOpsOfDiagnostics() {
  registerMLIRContextCLOptions();
  constexpr const char name[] = "mlir-print-op-on-diagnostic";
  if (auto *option = llvm::cl::getRegisteredOptions().lookup(name))
    static_cast<llvm::cl::opt<bool> *>(option)->setInitialValue(false);
}

int pumiceOptMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  pumice::setVersionPrinter();
  std::signal(SIGXFSZ, SIG_IGN); // writing fails instead
  if (!loadPlugins({argv, static_cast<size_t>(argc)}))
    return 1;
  DialectRegistry registry;
  pumice::registerAllDialects(registry);
  pumice::registerAllPasses();
  hideOpsOfDiagnostics();
  auto [input, output] = registerAndParseCLIOptions(
      argc, argv, "Pumice modular optimizer driver\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
  // Before any pass of the command line.
  MlirOptMainConfig checked = config;
  checked.setPassPipelineSetupFn([&](PassManager &passes) {
    passes.addPass(pumice::createVerifyLimitsPass());
    return config.setupPassPipeline(passes);
  });
  return run(input, output, registry, checked) ? 0 : 1;
}
