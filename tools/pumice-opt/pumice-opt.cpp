// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

/// Loads `file` as MlirOptMain would, which aborts when that fails.
template <typename Plugin>
static bool loads(const std::string &file) {
  llvm::Expected<Plugin> plugin = Plugin::load(file);
  if (plugin)
    return true;
  llvm::errs() << "pumice-opt: error: cannot load plugin '" << file
               << "': " << llvm::toString(plugin.takeError()) << "\n";
  return false;
}

/// Whether all plugins of the command line load.
static bool pluginsLoad(llvm::ArrayRef<char *> args) {
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
    if (isPass ? !loads<PassPlugin>(file.str())
               : !loads<DialectPlugin>(file.str()))
      return false;
  }
  return true;
}

int main(int argc, char **argv) {
  if (!pluginsLoad({argv, static_cast<size_t>(argc)}))
    return 1;
  DialectRegistry registry;
  pumice::registerAllDialects(registry);
  pumice::registerAllPasses();
  return asMainReturnCode(
      MlirOptMain(argc, argv, "Pumice modular optimizer driver\n", registry));
}
