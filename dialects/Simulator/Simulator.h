// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Simulator.h - The simulator dialect ----------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_SIMULATOR_SIMULATOR_H
#define PUMICE_DIALECTS_SIMULATOR_SIMULATOR_H

#include "dialects/AP/AP.h"
#include "dialects/Crossbar/Crossbar.h"
#include "dialects/PUM/PUM.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Simulator/SimulatorDialect.h.inc"
#include "dialects/Simulator/SimulatorEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Simulator/SimulatorAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Simulator/SimulatorTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Simulator/SimulatorOps.h.inc"

namespace pumice::simulator {

/// Memory that a memref lives in; none when its memory space says nothing.
std::optional<Memory> memoryOf(mlir::MemRefType type);

/// Whether a buffer is in associative processors.
bool isInProcessors(mlir::Value buffer);

/// The instruction that leaves `buffer` in its processors; null: none does.
APExecOp keeperOf(mlir::Value buffer);

/// The type of storage for `tensor` in `memory`.
mlir::MemRefType bufferType(mlir::RankedTensorType tensor, Memory memory);

} // namespace pumice::simulator

#endif // PUMICE_DIALECTS_SIMULATOR_SIMULATOR_H
