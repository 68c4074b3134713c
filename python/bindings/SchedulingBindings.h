// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SchedulingBindings.h - Schedules and re-encoding for Python -*- C++
//-*-===//
#ifndef PUMICE_PYTHON_BINDINGS_SCHEDULINGBINDINGS_H
#define PUMICE_PYTHON_BINDINGS_SCHEDULINGBINDINGS_H

#include <nanobind/nanobind.h>

/// Defines the functions of schedules and of re-encoding in the module.
void bindScheduling(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_SCHEDULINGBINDINGS_H
