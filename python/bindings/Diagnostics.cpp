// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Diagnostics.cpp - Texts and diagnostics for Python -----------------===//
#include "python/bindings/Diagnostics.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <tuple>

namespace nb = nanobind;

void append(MlirStringRef text, void *user) {
  static_cast<std::string *>(user)->append(text.data, text.length);
}

void appendItem(MlirStringRef text, void *user) {
  static_cast<std::vector<std::string> *>(user)->emplace_back(text.data,
                                                              text.length);
}

MlirStringRef wrap(const std::string &text) {
  return mlirStringRefCreate(text.data(), text.size());
}

std::string toString(MlirStringRef text) { return {text.data, text.length}; }

nb::object text(const std::string &bytes) {
  return nb::steal(PyUnicode_DecodeUTF8(
      bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

nb::builtin_exception valueError(const std::string &message) {
  return nb::value_error(nb::cast<std::string>(text(message)).c_str());
}

Diagnostic read(MlirDiagnostic diagnostic) {
  constexpr const char *severities[] = {"error", "warning", "note", "remark"};
  Diagnostic result;
  result.severity = severities[mlirDiagnosticGetSeverity(diagnostic)];
  mlirDiagnosticPrint(diagnostic, append, &result.message);
  PumicePlace place = pumicePlaceOf(mlirDiagnosticGetLocation(diagnostic));
  result.layer = toString(place.layer);
  result.node = toString(place.node);
  result.file = toString(place.file);
  result.line = place.line;
  result.column = place.column;
  for (intptr_t i = 0; i < mlirDiagnosticGetNumNotes(diagnostic); ++i)
    result.notes.push_back(read(mlirDiagnosticGetNote(diagnostic, i)));
  return result;
}

void bindDiagnostics(nb::module_ &m) {
  nb::class_<Diagnostic>(m, "Diagnostic",
                         "A diagnostic of MLIR: severity (error, warning, "
                         "remark or note), message, and where it points.")
      .def_ro("severity", &Diagnostic::severity)
      .def_prop_ro("message",
                   [](const Diagnostic &d) { return text(d.message); })
      .def_prop_ro("layer", [](const Diagnostic &d) { return text(d.layer); })
      .def_prop_ro("node", [](const Diagnostic &d) { return text(d.node); })
      .def_prop_ro("file", [](const Diagnostic &d) { return text(d.file); })
      .def_ro("line", &Diagnostic::line)
      .def_ro("column", &Diagnostic::column)
      .def_ro("notes", &Diagnostic::notes)
      .def("__getstate__",
           [](const Diagnostic &d) {
             return nb::make_tuple(d.severity, text(d.message), text(d.layer),
                                   text(d.node), text(d.file), d.line, d.column,
                                   d.notes);
           })
      .def("__setstate__",
           [](Diagnostic &d,
              const std::tuple<std::string, std::string, std::string,
                               std::string, std::string, unsigned, unsigned,
                               std::vector<Diagnostic>> &state) {
             new (&d) Diagnostic;
             std::tie(d.severity, d.message, d.layer, d.node, d.file, d.line,
                      d.column, d.notes) = state;
           });
  // Lives as long as the process, like the translator.
  static const nb::handle errorType = PyErr_NewExceptionWithDoc(
      "pumice._mlir_libs._pumice.DiagnosticError",
      "MLIR reported errors: `diagnostics` holds them. The text is their "
      "messages.",
      PyExc_ValueError, nullptr);
  m.attr("DiagnosticError") = errorType;
  nb::register_exception_translator(
      [](const std::exception_ptr &pointer, void *) {
        try {
          std::rethrow_exception(pointer);
        } catch (const DiagnosticError &error) {
          std::string messages;
          nb::list diagnostics;
          for (const Diagnostic &diagnostic : error.diagnostics) {
            messages += (messages.empty() ? "" : "\n") + diagnostic.message;
            diagnostics.append(diagnostic);
          }
          nb::object raised = errorType(text(messages));
          raised.attr("diagnostics") = nb::tuple(diagnostics);
          PyErr_SetObject(errorType.ptr(), raised.ptr());
        }
      });
}
