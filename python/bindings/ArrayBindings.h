// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ArrayBindings.h - Single matrices on arrays for Python ---*- C++ -*-===//
#ifndef PUMICE_PYTHON_BINDINGS_ARRAYBINDINGS_H
#define PUMICE_PYTHON_BINDINGS_ARRAYBINDINGS_H

#include <nanobind/nanobind.h>

/// Adds Grid, module_matrices and effective_weights to the module.
void bindArrays(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_ARRAYBINDINGS_H
