// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Functions.h"

#include "dialects/Crossbar/Crossbar.h"
#include "dialects/Simulator/Simulator.h"
#include "lib/Interpreter/Program.h"
#include "lib/Support/Locations.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

using namespace mlir;
using namespace pumice;

void pumiceModuleFunctions(MlirModule module, MlirStringCallback callback,
                           void *user) {
  llvm::json::Array functions;
  unwrap(module).walk([&](simulator::ApplyOp op) {
    Operation *function =
        SymbolTable::lookupNearestSymbolFrom(op, op.getFunctionAttr());
    const Place place = placeOf(op.getLoc());
    const StringRef name = SymbolTable::getSymbolName(function).getValue();
    const std::vector<std::string> kinds = nonlinearOf(op);
    functions.push_back(llvm::json::Object{
        {"node", place.node},
        {"layer", place.layer},
        {"kind", kinds.empty() ? kindOfFit(function).str() : kinds.front()},
        {"function", name}});
  });
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(functions));
  callback(wrap(StringRef(text)), user);
}

PumiceFunction pumiceFunctionCreate(MlirModule module, MlirStringRef name,
                                    MlirStringCallback error, void *errorUser) {
  Operation *function =
      SymbolTable::lookupSymbolIn(unwrap(module), unwrap(name));
  if (!isa_and_nonnull<crossbar::NeonNetOp, crossbar::TableOp>(function)) {
    const std::string text = "expected a net or table of the program, got '" +
                             unwrap(name).str() + "'";
    error(wrap(StringRef(text)), errorUser);
    return {nullptr};
  }
  return {new model::FunctionTable(functionTable(function))};
}

void pumiceFunctionDestroy(PumiceFunction function) {
  delete static_cast<model::FunctionTable *>(function.ptr);
}

void pumiceFunctionApply(PumiceFunction function, const float *x, float *y,
                         intptr_t count, unsigned threads) {
  const auto size = static_cast<size_t>(count);
  model::apply(*static_cast<model::FunctionTable *>(function.ptr), {x, size},
               {y, size}, threads);
}
