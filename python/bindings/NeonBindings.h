// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NeonBindings.h - The library of nets for Python ----------*- C++ -*-===//
#ifndef PUMICE_PYTHON_BINDINGS_NEONBINDINGS_H
#define PUMICE_PYTHON_BINDINGS_NEONBINDINGS_H

#include <nanobind/nanobind.h>

/// Defines the functions of the library of nets in the module.
void bindNeon(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_NEONBINDINGS_H
