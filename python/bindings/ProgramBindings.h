// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramBindings.h - Machine programs for Python ----------*- C++ -*-===//
#ifndef PUMICE_PYTHON_BINDINGS_PROGRAMBINDINGS_H
#define PUMICE_PYTHON_BINDINGS_PROGRAMBINDINGS_H

#include <nanobind/nanobind.h>

/// Defines Collector and Program in the module.
void bindPrograms(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_PROGRAMBINDINGS_H
