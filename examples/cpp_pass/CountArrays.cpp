// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A pass as a plugin of pumice-opt: --load-pass-plugin=CountArrays.so
// --count-arrays. It reads the crossbar dialect and rewrites nothing but an
// attribute.
#include "dialects/Crossbar/Crossbar.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

namespace {

/// Says how many arrays each layer takes, and writes the sum to the module.
struct CountArrays : PassWrapper<CountArrays, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountArrays)

  StringRef getArgument() const override { return "count-arrays"; }
  StringRef getDescription() const override {
    return "count the arrays that layers take";
  }

  void runOnOperation() override {
    int64_t total = 0;
    getOperation().walk([&](pumice::crossbar::ProgramOp op) {
      int64_t arrays = op.getTiling().getArrays();
      op.emitRemark("takes ") << arrays << " arrays";
      total += arrays;
    });
    Builder builder(&getContext());
    getOperation()->setAttr("example.arrays", builder.getI64IntegerAttr(total));
  }
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountArrays", "1",
          [] { PassRegistration<CountArrays>(); }};
}
