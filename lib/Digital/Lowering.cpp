// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Lowering.h"

#include "lib/Digital/LoweringStages.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

void pumice::digital::buildLoweringPipeline(OpPassManager &passes,
                                            bool expandMath) {
  addTensorStage(passes, expandMath);
  addBufferStage(passes);
  addLLVMStage(passes);
}

pumice::digital::FunctionFacts pumice::digital::factsOf(ModuleOp module,
                                                        StringRef function) {
  FunctionFacts facts;
  auto scratch = module->getAttrOfType<DictionaryAttr>(kScratch);
  if (auto sizes = scratch.getAs<DenseI64ArrayAttr>(function))
    llvm::append_range(facts.scratch, sizes.asArrayRef());
  auto asserts = module->getAttrOfType<DictionaryAttr>(kAsserts);
  if (auto messages = asserts.getAs<ArrayAttr>(function))
    for (auto message : messages.getAsRange<StringAttr>())
      facts.assertMessages.push_back(message.str());
  return facts;
}
