// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Listing.h"

#include "dialects/Simulator/Simulator.h"
#include "lib/Support/Locations.h"
#include "lib/Support/Text.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"

using namespace mlir;
using namespace pumice;

std::string pumice::readableText(ModuleOp module,
                                 AsmState::LocationMap *locations) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16).elideLargeResourceString(64);
  flags.printNameLocAsPrefix();
  AsmState state(module, flags, locations);
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, state);
  return text;
}

static llvm::json::Object entryOf(Operation *op, unsigned line) {
  llvm::json::Object entry{{"line", line - 1},
                           {"name", op->getName().getStringRef()}};
  Place place = placeOf(op->getLoc());
  OpNames names = namesOf(op->getLoc());
  if (!names.layer.empty())
    entry["layer"] = names.layer;
  if (!place.node.empty())
    entry["node"] = asText(place.node);
  if (!place.file.empty()) {
    entry["file"] = asText(place.file);
    entry["source_line"] = place.line;
  }
  return entry;
}

llvm::json::Object pumice::listingOf(ModuleOp module) {
  AsmState::LocationMap locations;
  std::string text = readableText(module, &locations);
  llvm::json::Array ops;
  // As the interpreter counts: one instruction for each token.
  int64_t ids[2] = {0, 0};
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp>(op))
      return WalkResult::advance();
    bool isFunction = isa<func::FuncOp>(op);
    auto place = locations.find(op);
    if (place != locations.end()) {
      llvm::json::Object entry = entryOf(op, place->second.first);
      if (op->getNumResults() &&
          isa<simulator::TokenType>(op->getResults().back().getType())) {
        auto program = dyn_cast<simulator::ProgramOp>(op);
        bool isSetup = program && program.getSetup();
        entry["instruction"] = ids[isSetup]++;
        if (isSetup)
          entry["setup"] = true;
      }
      ops.push_back(std::move(entry));
    }
    return isFunction ? WalkResult::advance() : WalkResult::skip();
  });
  return llvm::json::Object{{"text", std::move(text)}, {"ops", std::move(ops)}};
}
