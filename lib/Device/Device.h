// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Device.h - The only reader of hardware numbers -----------*- C++ -*-===//
//
// A device file contains one `#pum.device<...>`, with comments. It is found by
// path, or by name among the presets: in the directory PUMICE_PRESETS, or in
// `presets` next to the running library or program.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DEVICE_DEVICE_H
#define PUMICE_LIB_DEVICE_DEVICE_H

#include "dialects/PUM/PUM.h"
#include "lib/Model/Core/Window.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/DeviceSpec.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// Reads the device `name`: a preset or the path of a device file. Reports
/// errors at `loc`, with the position in the file.
mlir::FailureOr<pum::DeviceAttr> loadDevice(llvm::StringRef name,
                                            mlir::Location loc);

/// Names of all presets, sorted.
std::vector<std::string> presetNames();

/// The device of `module`; emits an error if it has none.
mlir::FailureOr<pum::DeviceAttr> getDevice(mlir::ModuleOp module);

/// The device of the module around `op`; null if it has none.
pum::DeviceAttr deviceOf(mlir::Operation *op);

//===----------------------------------------------------------------------===//
// Queries of passes. Without the name of a group, they refer to the first group
// of the kind.
//===----------------------------------------------------------------------===//

/// Whether the device has units of a kind.
bool hasCrossbars(pum::DeviceAttr device);
bool hasProcessors(pum::DeviceAttr device);
bool hasCams(pum::DeviceAttr device);
/// The arrays of a group of crossbars; null if the device has none of that
/// name.
crossbar::CrossbarArrayAttr arrayOf(pum::DeviceAttr device,
                                    llvm::StringRef group = "");
/// The first group with such arrays; empty if there is none.
llvm::StringRef groupWith(pum::DeviceAttr device,
                          crossbar::CrossbarArrayAttr array);
/// The processors of a group; nullopt if the device has none of
/// that name.
std::optional<model::APSpec> processorsOf(pum::DeviceAttr device,
                                          llvm::StringRef group = "");
/// The content-addressable memories of a group; nullopt if the device
/// has none of that name.
std::optional<model::CamSpec> camsOf(pum::DeviceAttr device,
                                     llvm::StringRef group = "");
/// Whether products of two activations run on a group of crossbars.
bool takesTemporaryWeights(pum::DeviceAttr device, llvm::StringRef group = "");
/// The kind of units in the group with a name; nullopt if the device
/// has none of that name.
std::optional<LayerTarget> targetOfGroup(pum::DeviceAttr device,
                                         llvm::StringRef group);

//===----------------------------------------------------------------------===//
// Attribute <-> numbers <-> JSON
//===----------------------------------------------------------------------===//

/// The numbers of an attribute, for the hardware model; those of a device with
/// its laws applied (lib/Device/Laws.h).
model::DeviceSpec toSpec(pum::DeviceAttr device);
/// The numbers that the device states.
model::DeviceSpec toStatedSpec(pum::DeviceAttr device);
model::ArraySpec toSpec(crossbar::CrossbarArrayAttr array);
model::APSpec toSpec(pum::APAttr ap);
model::CamSpec toSpec(pum::CamAttr cam);

/// The attribute of a spec, verified. Reports errors at `loc`, with `device`
/// and the field.
mlir::FailureOr<pum::DeviceAttr> toAttribute(const model::DeviceSpec &spec,
                                             mlir::Location loc,
                                             llvm::StringRef device);

/// All fields of a device, nested as in a device file. Groups, levels, ops and
/// components are lists; fields with their default value are omitted. A group
/// has a field `kind`: crossbar, associative, cam or digital.
llvm::json::Value toJson(const model::DeviceSpec &spec);
/// Reads such JSON without verifying the numbers. Reports unknown and missing
/// fields at `loc`.
mlir::FailureOr<model::DeviceSpec> deviceFromJson(llvm::StringRef text,
                                                  mlir::Location loc);
/// The names of the fields of a device and of each kind of group.
llvm::json::Value deviceFields();
/// All fields: [{key, type, default}], with `key` as "crossbar: array.rows" for
/// a group of crossbars, or "device: buffer.ports". Fields that must be given
/// have no default; that of fields that may be absent is null.
llvm::json::Array deviceKeys();
/// " (did you mean 'x'?)" with the known word that is closest to `word`; empty
/// if none is close.
std::string didYouMean(llvm::StringRef word,
                       llvm::ArrayRef<llvm::StringRef> known);
/// The geometry of `window` on an `input` [N, C, H, W] with an `output` [N, F,
/// H, W]. Without a window, that of a matrix product (`input` is [M, K]) or a
/// batch of products ([G, M, K]).
model::Window toWindow(crossbar::WindowAttr window,
                       llvm::ArrayRef<int64_t> input,
                       llvm::ArrayRef<int64_t> output);

} // namespace pumice

#endif // PUMICE_LIB_DEVICE_DEVICE_H
