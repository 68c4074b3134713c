// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Pipelines/Run.h"

#include "lib/Analysis/Listing.h"
#include "lib/Support/Limits.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include "llvm/ADT/StringExtras.h"

#include <map>
#include <mutex>

using namespace mlir;
using namespace pumice;

llvm::json::Object pumice::statisticsOf(PassManager &manager) {
  std::map<std::string, std::map<std::string, int64_t>> counts;
  for (Pass &pass : manager.getPasses())
    for (Pass::Statistic *statistic : pass.getStatistics())
      counts[pass.getArgument().str()][statistic->getName()] +=
          statistic->getValue();
  llvm::json::Object object;
  for (const auto &[pass, own] : counts) {
    llvm::json::Object numbers;
    for (const auto &[name, value] : own)
      numbers[name] = value;
    object[pass] = std::move(numbers);
  }
  return object;
}

FailureOr<llvm::json::Object> pumice::runPipeline(ModuleOp module,
                                                  StringRef pipeline,
                                                  llvm::raw_ostream &errors) {
  PassManager manager(module.getContext());
  manager.addPass(createVerifyLimitsPass());
  if (failed(parsePassPipeline(pipeline, manager, errors)) ||
      failed(manager.run(module)))
    return failure();
  return statisticsOf(manager);
}

namespace {
/// Records a module after the passes that changed it.
class PassRecorder : public PassInstrumentation {
public:
  PassRecorder(ModuleOp module,
               llvm::function_ref<void(StringRef, StringRef)> record)
      : module(module), record(record), last(readableText(module)) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    std::lock_guard<std::mutex> lock(mutex);
    // What runs passes on functions has no flag; it ends after all of them.
    StringRef flag = pass->getArgument();
    if (op != module.getOperation()) {
      if (!flag.empty() && !llvm::is_contained(nested, flag))
        nested.push_back(flag.str());
      return;
    }
    std::string flags = flag.empty() ? llvm::join(nested, ", ") : flag.str();
    nested.clear();
    std::string text = readableText(module);
    if (text != last)
      record(flags, text);
    last = std::move(text);
  }

private:
  ModuleOp module;
  llvm::function_ref<void(StringRef, StringRef)> record;
  std::string last;
  std::mutex mutex;
  SmallVector<std::string> nested;
};
} // namespace

LogicalResult
pumice::recordPipeline(ModuleOp module, StringRef pipeline,
                       llvm::raw_ostream &errors,
                       llvm::function_ref<void(StringRef, StringRef)> record) {
  PassManager manager(module.getContext());
  if (failed(parsePassPipeline(pipeline, manager, errors)))
    return failure();
  manager.addInstrumentation(std::make_unique<PassRecorder>(module, record));
  return manager.run(module);
}
