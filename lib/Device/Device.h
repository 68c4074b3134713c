// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Device.h - The only reader of hardware numbers -----------*- C++ -*-===//
//
// Device files hold one `#pum.device<...>` each, with comments. They are found
// by name among the presets (a folder `presets` beside the running library or
// program, or the folder that PUMICE_PRESETS names) or by path.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DEVICE_DEVICE_H
#define PUMICE_LIB_DEVICE_DEVICE_H

#include "dialects/PUM/PUM.h"
#include "lib/Model/Core/Window.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/DeviceSpec.h"

namespace pumice {

/// Reads the device `name`: a preset, or the path of a device file. Problems
/// become diagnostics at `loc` or in the file.
mlir::FailureOr<pum::DeviceAttr> loadDevice(llvm::StringRef name,
                                            mlir::Location loc);

/// Names of all presets, sorted.
std::vector<std::string> presetNames();

/// The device that `module` names; a diagnostic when it names none.
mlir::FailureOr<pum::DeviceAttr> getDevice(mlir::ModuleOp module);

/// The device of the module that holds `op`; null when it names none.
pum::DeviceAttr deviceOf(mlir::Operation *op);

/// What kinds of unit a device has.
bool hasCrossbars(pum::DeviceAttr device);
bool hasProcessors(pum::DeviceAttr device);
/// Whether products of two activations are computed on crossbars.
bool takesTemporaryWeights(pum::DeviceAttr device);

/// The device as the hardware model sees it.
model::DeviceSpec toSpec(pum::DeviceAttr device);
model::ArraySpec toSpec(crossbar::CrossbarArrayAttr array);
model::APSpec toSpec(pum::APAttr ap);

/// `window` on an `input` of shape NCHW with an `output` of shape NFHW. Without
/// a window, the product of a matrix, or of one for each group: `input` is
/// [M, K] or [G, M, K].
model::Window toWindow(crossbar::WindowAttr window,
                       llvm::ArrayRef<int64_t> input,
                       llvm::ArrayRef<int64_t> output);

} // namespace pumice

#endif // PUMICE_LIB_DEVICE_DEVICE_H
