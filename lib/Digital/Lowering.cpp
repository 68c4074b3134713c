// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/Lowering.h"

#include "lib/Digital/LoweringStages.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

void pumice::digital::buildLoweringPipeline(OpPassManager &passes,
                                            const LoweringOptions &options) {
  addTensorStage(passes, options);
  addBufferStage(passes, options);
  addLLVMStage(passes);
}

pumice::digital::FunctionFacts pumice::digital::factsOf(ModuleOp module,
                                                        StringRef function) {
  FunctionFacts facts;
  auto scratch = module->getAttrOfType<DictionaryAttr>(kScratch);
  if (auto sizes = scratch.getAs<DenseI64ArrayAttr>(function))
    llvm::append_range(facts.scratch, sizes.asArrayRef());
  auto asserts = module->getAttrOfType<DictionaryAttr>(kAsserts);
  if (auto all = asserts.getAs<ArrayAttr>(function))
    for (auto one : all.getAsRange<ArrayAttr>())
      facts.assertions.push_back({cast<StringAttr>(one[0]).str(),
                                  cast<IntegerAttr>(one[1]).getInt(),
                                  cast<BoolAttr>(one[2]).getValue()});
  return facts;
}

static constexpr llvm::StringLiteral kNumberPrefix("pumice.op.");

std::vector<pumice::digital::OpPlace>
pumice::digital::numberOps(func::FuncOp function) {
  std::vector<OpPlace> places;
  Location owner =
      NameLoc::get(StringAttr::get(function.getContext(), function.getName()));
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    std::string number = (kNumberPrefix + Twine(places.size())).str();
    places.push_back({op->getName().getStringRef().str(), op->getLoc()});
    op->setLoc(NameLoc::get(StringAttr::get(op->getContext(), number), owner));
  });
  return places;
}

pumice::digital::OpNumber pumice::digital::opNumberOf(Location loc) {
  OpNumber found;
  loc->walk([&](Location part) {
    auto name = dyn_cast<NameLoc>(part);
    StringRef text = name ? name.getName().getValue() : StringRef();
    auto owner = name ? dyn_cast<NameLoc>(name.getChildLoc()) : NameLoc();
    if (!owner || !text.consume_front(kNumberPrefix) ||
        text.getAsInteger(10, found.number))
      return WalkResult::advance();
    found.function = owner.getName().getValue();
    return WalkResult::interrupt();
  });
  return found;
}

std::string pumice::digital::describePlace(ArrayRef<OpPlace> places,
                                           int64_t number) {
  if (number < 0 || number >= int64_t(places.size()))
    return "";
  std::string text;
  llvm::raw_string_ostream(text)
      << "'" << places[number].name << "' at " << places[number].loc << ": ";
  return text;
}
