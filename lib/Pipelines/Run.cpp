// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Pipelines/Run.h"

#include "lib/Support/Limits.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <map>

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
