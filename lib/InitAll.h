// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- InitAll.h - The one registration list --------------------*- C++ -*-===//
#ifndef PUMICE_LIB_INITALL_H
#define PUMICE_LIB_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace pumice {

/// Registers every dialect that a Pumice module may hold, with the interfaces
/// that its lowerings need.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers Pumice's passes and pipelines, and the upstream passes that go
/// with them.
void registerAllPasses();

} // namespace pumice

#endif // PUMICE_LIB_INITALL_H
