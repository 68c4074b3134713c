// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Registration.h - What the digital compiler needs ---------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_REGISTRATION_H
#define PUMICE_LIB_DIGITAL_REGISTRATION_H

namespace mlir {
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace pumice::digital {

/// Registers every upstream dialect, external model and LLVM IR translation
/// that compiling a digital region uses. A missing external model aborts the
/// process inside MLIR, so call this on every registry whose contexts are
/// handed to `compile`.
void registerDigitalDialects(mlir::DialectRegistry &registry);

/// Registers the above with `context` and loads the dialects that the passes
/// create ops of. `compile` calls it; calling it again is cheap.
void loadDigitalDialects(mlir::MLIRContext &context);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_REGISTRATION_H
