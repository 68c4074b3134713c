// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Diagnostics.h - Texts and diagnostics for Python ---------*- C++ -*-===//
#ifndef PUMICE_PYTHON_BINDINGS_DIAGNOSTICS_H
#define PUMICE_PYTHON_BINDINGS_DIAGNOSTICS_H

#include "lib/CAPI/Pumice.h"
#include "mlir-c/Diagnostics.h"

#include <exception>
#include <nanobind/nanobind.h>
#include <string>
#include <vector>

/// Callbacks that add a text to the string, or to the list, at `user`.
void append(MlirStringRef text, void *user);
void appendItem(MlirStringRef text, void *user);

/// Refers to `text`, which has to outlive it.
MlirStringRef wrap(const std::string &text);
std::string toString(MlirStringRef text);

/// A diagnostic of MLIR as data.
struct Diagnostic {
  std::string severity, message;
  std::string layer, node, file; ///< empty where the location has none
  unsigned line = 0, column = 0;
  std::vector<Diagnostic> notes;
};

/// A string that files may have put anything into.
nanobind::object text(const std::string &bytes);

nanobind::builtin_exception valueError(const std::string &message);

/// What Python gets as DiagnosticError.
struct DiagnosticError : std::exception {
  explicit DiagnosticError(std::vector<Diagnostic> diagnostics)
      : diagnostics(std::move(diagnostics)) {}
  std::vector<Diagnostic> diagnostics;
};

Diagnostic read(MlirDiagnostic diagnostic);

/// Takes the diagnostics of a context while it lives.
class DiagnosticScope {
public:
  explicit DiagnosticScope(MlirContext context) : context(context) {
    id = mlirContextAttachDiagnosticHandler(
        context,
        [](MlirDiagnostic diagnostic, void *user) {
          static_cast<DiagnosticScope *>(user)->found.push_back(
              read(diagnostic));
          return mlirLogicalResultSuccess();
        },
        this, /*deleteUserData=*/nullptr);
  }
  DiagnosticScope(const DiagnosticScope &) = delete;
  ~DiagnosticScope() { mlirContextDetachDiagnosticHandler(context, id); }

  DiagnosticError error() { return DiagnosticError(std::move(found)); }

private:
  MlirContext context;
  MlirDiagnosticHandlerID id;
  std::vector<Diagnostic> found; ///< the engine calls handlers one by one
};

/// Defines Diagnostic and DiagnosticError in the module.
void bindDiagnostics(nanobind::module_ &m);

#endif // PUMICE_PYTHON_BINDINGS_DIAGNOSTICS_H
