// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tables.h - Tables of measurements of devices -------------*- C++ -*-===//
//
// Device files may name tables of measurements (docs/devices.md, "Tables of
// measurements"). Reading a device puts the rows of these files in their place,
// so that devices and programs contain everything.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DEVICE_TABLES_H
#define PUMICE_LIB_DEVICE_TABLES_H

#include "dialects/Crossbar/Crossbar.h"
#include "lib/Model/Machine/DeviceSpec.h"

namespace pumice {

model::CellTableSpec toSpec(crossbar::CellTableAttr table);
model::AdcTableSpec toSpec(crossbar::AdcTableAttr table);

/// Whether the device names tables that are not read yet.
bool namesTables(const model::DeviceSpec &device);

/// Reads the tables that `device` names, relative to `folder`. Reports what is
/// wrong at `loc`; the text begins with `device`.
llvm::LogicalResult readTables(model::DeviceSpec &spec, llvm::StringRef folder,
                               llvm::StringRef device, mlir::Location loc);

} // namespace pumice

#endif // PUMICE_LIB_DEVICE_TABLES_H
