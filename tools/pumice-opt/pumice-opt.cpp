// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"
#include "lib/Support/AlignedFile.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

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

/// Like `MlirOptMain`, but reads bytecode with weights from anywhere.
static LogicalResult optimize(int argc, char **argv,
                              DialectRegistry &registry) {
  auto [input, output] = registerAndParseCLIOptions(
      argc, argv, "Pumice modular optimizer driver\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return MlirOptMain(argc, argv, input, output, registry);
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> file =
      pumice::openAlignedFile(input, error);
  if (!file) {
    llvm::errs() << "pumice-opt: error: " << error << "\n";
    return failure();
  }
  std::unique_ptr<llvm::ToolOutputFile> to = openOutputFile(output, &error);
  if (!to) {
    llvm::errs() << "pumice-opt: error: " << error << "\n";
    return failure();
  }
  if (failed(MlirOptMain(to->os(), std::move(file), registry, config)))
    return failure();
  to->keep();
  return success();
}

int main(int argc, char **argv) {
  if (!loadPlugins({argv, static_cast<size_t>(argc)}))
    return 1;
  DialectRegistry registry;
  pumice::registerAllDialects(registry);
  pumice::registerAllPasses();
  return asMainReturnCode(optimize(argc, argv, registry));
}
