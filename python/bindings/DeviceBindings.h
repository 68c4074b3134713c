// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceBindings.h - Devices for Python --------------------*- C++ -*-===//
#ifndef PUMICE_PYTHON_BINDINGS_DEVICEBINDINGS_H
#define PUMICE_PYTHON_BINDINGS_DEVICEBINDINGS_H

#include <nanobind/nanobind.h>

/// Defines the functions of devices and laws in the module.
void bindDevices(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_DEVICEBINDINGS_H
