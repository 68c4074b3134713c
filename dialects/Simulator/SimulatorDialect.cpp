// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Simulator/Simulator.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pumice::simulator;

#include "dialects/Simulator/SimulatorDialect.cpp.inc"
#include "dialects/Simulator/SimulatorEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Simulator/SimulatorAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Simulator/SimulatorTypes.cpp.inc"

void SimulatorDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Simulator/SimulatorAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Simulator/SimulatorTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Simulator/SimulatorOps.cpp.inc"
      >();
}

std::optional<Memory> pumice::simulator::memoryOf(MemRefType type) {
  if (auto memory = dyn_cast_or_null<MemoryAttr>(type.getMemorySpace()))
    return memory.getValue();
  return std::nullopt;
}

bool pumice::simulator::isInProcessors(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type && memoryOf(type) == Memory::processors;
}

APExecOp pumice::simulator::keeperOf(Value buffer) {
  if (isInProcessors(buffer))
    for (Operation *user : buffer.getUsers())
      if (auto exec = dyn_cast<APExecOp>(user);
          exec && exec.getOutput() == buffer)
        return exec;
  return {};
}

MemRefType pumice::simulator::bufferType(RankedTensorType tensor,
                                         Memory memory) {
  return MemRefType::get(tensor.getShape(), tensor.getElementType(),
                         MemRefLayoutAttrInterface(),
                         MemoryAttr::get(tensor.getContext(), memory));
}
