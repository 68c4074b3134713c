// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PumiceExtension.cpp - The module pumice._mlir_libs._pumice ---------===//
//
// Hands the C interface to Python. No logic here.
//
//===----------------------------------------------------------------------===//
#include "lib/CAPI/Pumice.h"
#include "mlir/Bindings/Python/Nanobind.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/ArrayBindings.h"
#include "python/bindings/DeviceBindings.h"
#include "python/bindings/Diagnostics.h"
#include "python/bindings/NeonBindings.h"
#include "python/bindings/ProgramBindings.h"
#include "python/bindings/SchedulingBindings.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace mlir::python::nanobind_adaptors;

NB_MODULE(_pumice, m) {
  // LLVM's containers end the process otherwise.
  pumiceOnOutOfMemory([] { throw std::bad_alloc(); });
  m.doc() = "Pumice's C++ parts: registration, weights, devices, programs";

  bindDiagnostics(m);
  m.def(
      "register_dialects",
      [](MlirDialectRegistry registry) { pumiceRegisterAllDialects(registry); },
      nb::arg("registry"));
  m.def("register_passes", [] { pumiceRegisterAllPasses(); });
  m.def(
      "configure_context",
      [](MlirContext context) { pumiceConfigureContext(context); },
      nb::arg("context"));

  m.def(
      "set_region_checks", [](bool areOn) { pumiceSetRegionChecks(areOn); },
      nb::arg("are_on"),
      "Whether digital regions that are compiled from now on check their "
      "accesses. Only scripts/check_access_checks.py turns it off, to measure "
      "what the checks cost.");
  m.def(
      "set_isolation", [](bool isOn) { pumiceSetIsolation(isOn); },
      nb::arg("is_on"),
      "Whether a child process reads files first. Only the fuzzer turns it "
      "off, to count what ends MLIR's reader.");

  m.def(
      "clone_module",
      [](MlirModule module) {
        return mlirModuleFromOperation(
            mlirOperationClone(mlirModuleGetOperation(module)));
      },
      nb::arg("module"), "A copy of a module; constants are shared.");

  m.def(
      "level_of",
      [](MlirModule module) { return toString(pumiceLevelOf(module)); },
      nb::arg("module"),
      "The level of the stack that a module is at: tosa, linalg, crossbar, pum "
      "or simulator.");

  m.def(
      "print_operations_of",
      [](MlirModule module, const std::vector<std::string> &nodes) {
        std::vector<MlirStringRef> names;
        for (const std::string &node : nodes)
          names.push_back(wrap(node));
        std::vector<std::string> texts;
        pumicePrintOperationsOf(module, names.size(), names.data(), appendItem,
                                &texts);
        return texts;
      },
      nb::arg("module"), nb::arg("nodes"),
      "The texts of the outermost operations that came from graph nodes.");

  m.def(
      "run_pipeline",
      [](MlirModule module, const std::string &pipeline) {
        DiagnosticScope scope(mlirModuleGetContext(module));
        std::string statistics, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceRunPipeline(module, wrap(pipeline), append, &statistics,
                                   append, &error);
        }
        if (!error.empty())
          throw valueError(error);
        if (!good)
          throw scope.error();
        return statistics;
      },
      nb::arg("module"), nb::arg("pipeline"),
      "Runs a pipeline, as pumice-opt's --pass-pipeline takes it but without "
      "its anchor; returns what the passes have counted as `pass_statistics` "
      "does. Raises ValueError for the text, DiagnosticError for a pass.");

  m.def(
      "listing",
      [](MlirModule module) {
        std::string json;
        pumiceListing(module, append, &json);
        return json;
      },
      nb::arg("module"),
      "The text of a module for readers with the origin of its lines, as JSON: "
      "lib/Analysis/Listing.h lists the keys.");

  m.def(
      "record_pipeline",
      [](MlirModule module, const std::string &pipeline) {
        DiagnosticScope scope(mlirModuleGetContext(module));
        std::vector<std::pair<std::string, std::string>> records;
        std::string error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceRecordPipeline(
              module, wrap(pipeline),
              [](MlirStringRef flags, MlirStringRef text, void *user) {
                static_cast<decltype(records) *>(user)->emplace_back(
                    toString(flags), toString(text));
              },
              &records, append, &error);
        }
        if (!error.empty())
          throw valueError(error);
        if (!good)
          throw scope.error();
        return records;
      },
      nb::arg("module"), nb::arg("pipeline"),
      "Runs a pipeline as `run_pipeline` does; returns the flags of the passes "
      "that changed the module, each with the text after it.");

  m.def(
      "pass_statistics",
      [](MlirPassManager manager) {
        std::string json;
        pumicePassStatistics(manager, append, &json);
        return json;
      },
      nb::arg("manager"),
      "What the passes on whole modules of a PassManager have counted, as "
      "JSON: numbers by flag and name.");

  m.def(
      "set_resource",
      [](MlirContext context, const std::string &name, uintptr_t address,
         size_t nbytes, size_t alignment, nb::object owner) {
        auto release = [](void *user) {
          if (!Py_IsInitialized())
            return;
          nb::gil_scoped_acquire gil;
          Py_DECREF(static_cast<PyObject *>(user));
        };
        PyObject *kept = owner.inc_ref().ptr();
        bool known = pumiceSetResource(context, wrap(name),
                                       reinterpret_cast<void *>(address),
                                       nbytes, alignment, release, kept);
        if (!known)
          owner.dec_ref();
        return known;
      },
      nb::arg("context"), nb::arg("name"), nb::arg("address"),
      nb::arg("nbytes"), nb::arg("alignment"), nb::arg("owner"),
      "Lets dense_resource<name> be the memory at address, which owner keeps "
      "alive. "
      "False when the context has no such resource.");

  m.def(
      "parse_file",
      [](MlirContext context, const std::string &path, bool isSealed) {
        DiagnosticScope scope(context);
        MlirModule module = pumiceParseFile(context, wrap(path), isSealed);
        if (mlirModuleIsNull(module))
          throw scope.error();
        return module;
      },
      nb::arg("context"), nb::arg("path"), nb::arg("is_sealed") = false,
      "The module of a file, text or bytecode; is_sealed: bytecode has to be "
      "as "
      "pumice wrote it. Raises DiagnosticError.");

  m.def(
      "write_file",
      [](MlirModule module, const std::string &path) {
        std::string error;
        if (!pumiceWriteFile(module, wrap(path), append, &error))
          throw valueError(error);
      },
      nb::arg("module"), nb::arg("path"),
      "Writes sealed bytecode, whole or not at all. Raises ValueError.");

  m.def(
      "task_costs",
      [](MlirModule module) {
        std::string json, error;
        if (!pumiceTaskCosts(module, append, &json, append, &error))
          throw valueError(error);
        return json;
      },
      nb::arg("module"),
      "What each task or instruction of a module costs, as JSON.");

  bindDevices(m);
  bindNeon(m);
  bindArrays(m);
  bindScheduling(m);
  bindPrograms(m);
}
