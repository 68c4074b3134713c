// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PumiceExtension.cpp - The module pumice._mlir_libs._pumice ---------===//
//
// Hands the C interface to Python. No logic here.
//
//===----------------------------------------------------------------------===//
#include "lib/CAPI/Neon.h"
#include "lib/CAPI/Pumice.h"
#include "lib/CAPI/Reencoding.h"
#include "lib/CAPI/Scheduling.h"
#include "mlir-c/Diagnostics.h"
#include "mlir/Bindings/Python/Nanobind.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/ArrayBindings.h"
#include "python/bindings/NeonBindings.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace mlir::python::nanobind_adaptors;

namespace {

/// NumPy's names of the hardware model's element types, by their number.
constexpr const char *elementTypes[] = {"bool",    "int8",    "int16",
                                        "int32",   "int64",   "float32",
                                        "float64", "float16", "bfloat16"};
constexpr nb::dlpack::dtype dtypes[] = {
    nb::dtype<bool>(),
    nb::dtype<int8_t>(),
    nb::dtype<int16_t>(),
    nb::dtype<int32_t>(),
    nb::dtype<int64_t>(),
    nb::dtype<float>(),
    nb::dtype<double>(),
    {static_cast<uint8_t>(nb::dlpack::dtype_code::Float), 16, 1},
    nb::dtype<int16_t>()}; // NumPy has no bfloat16: its bits

using Array = nb::ndarray<nb::numpy, nb::c_contig, nb::device::cpu>;
using Spec = std::tuple<std::string, std::string, std::vector<int64_t>>;
using Observer = std::function<void(std::string, nb::object)>;

void append(MlirStringRef text, void *user) {
  static_cast<std::string *>(user)->append(text.data, text.length);
}

void appendItem(MlirStringRef text, void *user) {
  static_cast<std::vector<std::string> *>(user)->emplace_back(text.data,
                                                              text.length);
}

std::string toString(MlirStringRef text) { return {text.data, text.length}; }

/// A diagnostic of MLIR as data.
struct Diagnostic {
  std::string severity, message;
  std::string layer, node, file; ///< empty where the location has none
  unsigned line = 0, column = 0;
  std::vector<Diagnostic> notes;
};

/// A string that files may have put anything into.
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

/// What Python gets as DiagnosticError.
struct DiagnosticError : std::exception {
  explicit DiagnosticError(std::vector<Diagnostic> diagnostics)
      : diagnostics(std::move(diagnostics)) {}
  std::vector<Diagnostic> diagnostics;
};

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

int elementTypeOf(nb::dlpack::dtype dtype) {
  for (int i = 0; i < 8; ++i)
    if (dtypes[i] == dtype)
      return i;
  // Codes are signless: unsigned arrays pass as they are.
  for (int i = 1; i < 5; ++i)
    if (dtype.code == (uint8_t)nb::dlpack::dtype_code::UInt &&
        dtype.bits == dtypes[i].bits && dtype.lanes == 1)
      return i;
  throw nb::type_error("arrays must be of bool, int8 to int64, uint8 to "
                       "uint64, or float16 to float64");
}

nb::object copyToNumpy(const PumiceTensor &tensor) {
  std::vector<size_t> shape(tensor.shape, tensor.shape + tensor.rank);
  size_t bytes = dtypes[tensor.elementType].bits / 8;
  for (size_t extent : shape)
    bytes *= extent;
  char *data = new char[bytes];
  if (bytes)
    std::memcpy(data, tensor.data, bytes);
  nb::capsule owner(data,
                    [](void *p) noexcept { delete[] static_cast<char *>(p); });
  return nb::cast(nb::ndarray<nb::numpy>(data, tensor.rank, shape.data(), owner,
                                         nullptr, dtypes[tensor.elementType]));
}

/// Views of arrays for a call; null without arrays.
class Tensors {
public:
  explicit Tensors(const std::vector<Array> *arrays) : isNull(!arrays) {
    if (isNull)
      return;
    for (const Array &array : *arrays) {
      std::vector<int64_t> shape;
      for (size_t d = 0; d < array.ndim(); ++d)
        shape.push_back(array.shape(d));
      shapes.push_back(std::move(shape));
      tensors.push_back(
          {const_cast<void *>(array.data()), elementTypeOf(array.dtype()),
           static_cast<intptr_t>(array.ndim()), shapes.back().data()});
    }
  }
  intptr_t size() const { return tensors.size(); }
  const PumiceTensor *data() const {
    static const PumiceTensor none{};
    if (isNull)
      return nullptr;
    return tensors.empty() ? &none : tensors.data();
  }

private:
  bool isNull;
  std::vector<PumiceTensor> tensors;
  std::vector<std::vector<int64_t>> shapes;
};

/// What probes showed.
class Collector {
public:
  Collector(int64_t samples, bool columnSums)
      : collector(pumiceCollectorCreate(samples, columnSums)) {}
  Collector(const Collector &) = delete;
  ~Collector() { pumiceCollectorDestroy(collector); }

  std::string report() const {
    std::string json;
    pumiceCollectorReport(collector, append, &json);
    return json;
  }

  PumiceCollector collector;
};

class Program {
public:
  Program(MlirModule module, nb::object owner) : owner(std::move(owner)) {
    DiagnosticScope scope(mlirModuleGetContext(module));
    program = pumiceProgramLoad(module);
    if (!program.ptr)
      throw scope.error();
  }
  Program(const Program &) = delete;
  ~Program() {
    if (program.ptr)
      pumiceProgramDestroy(program);
  }

  std::vector<Spec> specs(intptr_t (*count)(PumiceProgram),
                          PumiceTensor (*get)(PumiceProgram, intptr_t,
                                              MlirStringRef *)) const {
    std::vector<Spec> result;
    for (intptr_t i = 0; i < count(program); ++i) {
      MlirStringRef name;
      PumiceTensor spec = get(program, i, &name);
      result.emplace_back(
          std::string(name.data, name.length), elementTypes[spec.elementType],
          std::vector<int64_t>(spec.shape, spec.shape + spec.rank));
    }
    return result;
  }

  void observe(const std::vector<Array> &arrays, Collector &collector,
               unsigned threads) {
    Tensors inputs(&arrays);
    std::string error;
    bool good;
    {
      nb::gil_scoped_release release;
      good = pumiceProgramObserve(program, collector.collector, inputs.size(),
                                  inputs.data(), threads, append, &error);
    }
    if (!good)
      throw valueError(error);
  }

  void setAdcRanges(Collector &collector, double fraction) {
    std::string error;
    if (!pumiceProgramSetAdcRanges(program, collector.collector, fraction,
                                   append, &error))
      throw valueError(error);
  }

  /// Name and a copy of each part of the state.
  std::vector<std::pair<std::string, nb::object>> state() const {
    std::vector<std::pair<std::string, nb::object>> result;
    for (intptr_t i = 0; i < pumiceProgramNumStates(program); ++i) {
      MlirStringRef name;
      std::string error;
      PumiceTensor value =
          pumiceProgramState(program, i, &name, append, &error);
      if (!error.empty())
        throw valueError(error);
      result.emplace_back(std::string(name.data, name.length),
                          copyToNumpy(value));
    }
    return result;
  }

  void shareState(Program &other) {
    std::string error;
    if (!pumiceProgramShareState(program, other.program, append, &error))
      throw valueError(error);
  }

  nb::tuple execute(const std::vector<Array> *arrays, unsigned threads,
                    const std::optional<Observer> &observer) {
    Tensors inputs(arrays);
    std::string error;
    std::exception_ptr raised;
    struct Hook {
      const Observer *observer;
      std::exception_ptr *raised;
    } hook{observer ? &*observer : nullptr, &raised};
    PumiceObserver callback = [](MlirStringRef name, PumiceTensor value,
                                 void *user) {
      auto *hook = static_cast<Hook *>(user);
      nb::gil_scoped_acquire gil;
      if (*hook->raised)
        return;
      try {
        (*hook->observer)(std::string(name.data, name.length),
                          copyToNumpy(value));
      } catch (...) {
        *hook->raised = std::current_exception();
      }
    };
    PumiceRun run;
    {
      nb::gil_scoped_release release;
      run = pumiceProgramRun(program, inputs.size(), inputs.data(), threads,
                             observer ? callback : nullptr, &hook, append,
                             &error);
    }
    if (raised) {
      if (run.ptr)
        pumiceRunDestroy(run);
      std::rethrow_exception(raised);
    }
    if (!run.ptr)
      throw valueError(error);
    nb::list outputs;
    for (intptr_t i = 0; i < pumiceRunNumOutputs(run); ++i)
      outputs.append(copyToNumpy(pumiceRunOutput(run, i)));
    std::string report;
    pumiceRunReport(run, append, &report);
    pumiceRunDestroy(run);
    return nb::make_tuple(outputs, report);
  }

  PumiceProgram program{nullptr};
  nb::object owner; ///< the module that the program reads
};

} // namespace

NB_MODULE(_pumice, m) {
  // LLVM's containers end the process otherwise.
  pumiceOnOutOfMemory([] { throw std::bad_alloc(); });
  m.doc() = "Pumice's C++ parts: registration, weights, devices, programs";

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
          names.push_back(mlirStringRefCreate(node.data(), node.size()));
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
          good = pumiceRunPipeline(
              module, mlirStringRefCreate(pipeline.data(), pipeline.size()),
              append, &statistics, append, &error);
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
              module, mlirStringRefCreate(pipeline.data(), pipeline.size()),
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
        bool known = pumiceSetResource(
            context, mlirStringRefCreate(name.data(), name.size()),
            reinterpret_cast<void *>(address), nbytes, alignment, release,
            kept);
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
        MlirModule module = pumiceParseFile(
            context, mlirStringRefCreate(path.data(), path.size()), isSealed);
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
        if (!pumiceWriteFile(module,
                             mlirStringRefCreate(path.data(), path.size()),
                             append, &error))
          throw valueError(error);
      },
      nb::arg("module"), nb::arg("path"),
      "Writes sealed bytecode, whole or not at all. Raises ValueError.");

  m.def("preset_names", [] {
    std::vector<std::string> names;
    pumicePresetNames(appendItem, &names);
    return names;
  });
  m.def(
      "load_device",
      [](MlirContext context, const std::string &name) {
        DiagnosticScope scope(context);
        MlirAttribute device = pumiceLoadDevice(
            context, mlirStringRefCreate(name.data(), name.size()));
        if (mlirAttributeIsNull(device))
          throw scope.error();
        return device;
      },
      nb::arg("context"), nb::arg("name"),
      "The #pum.device of a preset or a device file. Raises DiagnosticError.");
  m.def(
      "roll_up",
      [](MlirAttribute device) {
        std::string json;
        if (!pumiceDeviceRollUp(device, append, &json))
          throw nb::value_error("expected a #pum.device");
        return json;
      },
      nb::arg("device"), "Area and power of a device by level, as JSON.");
  m.def(
      "value_costs",
      [](MlirAttribute device) {
        std::string json;
        if (!pumiceDeviceValueCosts(device, append, &json))
          throw nb::value_error("expected a #pum.device");
        return json;
      },
      nb::arg("device"),
      "Groups of a device whose costs depend on values, as JSON; see "
      "lib/CAPI/Pumice.h.");
  m.def(
      "device_to_json",
      [](MlirAttribute device) {
        std::string json;
        if (!pumiceDeviceToJson(device, append, &json))
          throw nb::value_error("expected a #pum.device");
        return json;
      },
      nb::arg("device"), "The fields of a device, as JSON.");
  m.def(
      "device_from_json",
      [](MlirContext context, const std::string &json,
         const std::string &name) {
        DiagnosticScope scope(context);
        MlirAttribute device = pumiceDeviceFromJson(
            context, mlirStringRefCreate(json.data(), json.size()),
            mlirStringRefCreate(name.data(), name.size()));
        if (mlirAttributeIsNull(device))
          throw scope.error();
        return device;
      },
      nb::arg("context"), nb::arg("json"), nb::arg("name"),
      "The #pum.device of such JSON. Raises DiagnosticError that names the "
      "field.");
  m.def(
      "device_laws",
      [](MlirContext context, const std::string &before,
         const std::string &after) {
        DiagnosticScope scope(context);
        std::string json;
        if (!pumiceDeviceLaws(
                context, mlirStringRefCreate(before.data(), before.size()),
                mlirStringRefCreate(after.data(), after.size()), append, &json))
          throw scope.error();
        return json;
      },
      nb::arg("context"), nb::arg("before"), nb::arg("after"),
      "What the laws of a device do, as JSON: {stated, effective, notes}. "
      "Raises DiagnosticError.");
  m.def(
      "device_changed",
      [](MlirContext context, const std::string &before,
         const std::string &after, const std::string &name) {
        DiagnosticScope scope(context);
        std::vector<std::string> notes;
        MlirAttribute device = pumiceDeviceChanged(
            context, mlirStringRefCreate(before.data(), before.size()),
            mlirStringRefCreate(after.data(), after.size()),
            mlirStringRefCreate(name.data(), name.size()), appendItem, &notes);
        if (mlirAttributeIsNull(device))
          throw scope.error();
        return std::make_pair(device, notes);
      },
      nb::arg("context"), nb::arg("before"), nb::arg("after"), nb::arg("name"),
      "The #pum.device of the JSON `after`, its laws starting from what "
      "differs "
      "from `before`, and a note for each law that leaves its range. Raises "
      "DiagnosticError that names the field.");
  m.def(
      "device_keys",
      [] {
        std::string json;
        pumiceDeviceKeys(append, &json);
        return json;
      },
      "All fields of devices with their types and defaults, as JSON.");
  m.def(
      "laws",
      [] {
        std::string json;
        pumiceAllLaws(append, &json);
        return json;
      },
      "All laws, as JSON.");
  m.def(
      "device_fields",
      [] {
        std::string json;
        pumiceDeviceFields(append, &json);
        return json;
      },
      "Names of the fields of a device and of each kind of group, as JSON.");
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

  nb::class_<Collector>(m, "Collector")
      .def(nb::init<int64_t, bool>(), nb::arg("samples") = 0,
           nb::arg("column_sums") = false,
           "Collects what probes show: up to so many elements of each, and, on "
           "request, the column sums of calibrated converters.")
      .def_prop_ro("report", &Collector::report,
                   "Observations by name of the probe, as JSON.");
  m.def(
      "fit_net",
      [](nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>
             values,
         std::optional<nb::ndarray<const double, nb::ndim<1>, nb::c_contig,
                                   nb::device::cpu>>
             weights,
         const std::string &options) {
        if (weights && weights->size() != values.size())
          throw nb::value_error("expected a weight for each value");
        std::string result, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceNeonFit(
              values.data(), weights ? weights->data() : nullptr, values.size(),
              mlirStringRefCreate(options.data(), options.size()), append,
              &result, append, &error);
        }
        if (!good)
          throw valueError(error);
        return result;
      },
      nb::arg("values"), nb::arg("weights").none(), nb::arg("options"),
      "Fits a net to the values of a function: JSON of the net and its errors. "
      "Raises ValueError.");
  m.def(
      "net_table",
      [](const std::string &net) {
        std::vector<int32_t> values;
        std::string error;
        const bool good = pumiceNeonTable(
            mlirStringRefCreate(net.data(), net.size()),
            [](const int32_t *table, intptr_t count, void *user) {
              static_cast<std::vector<int32_t> *>(user)->assign(table,
                                                                table + count);
            },
            &values, append, &error);
        if (!good)
          throw valueError(error);
        return values;
      },
      nb::arg("net"),
      "The output value of each input value of a net. Raises ValueError.");
  m.def("lossless_rows", &pumiceNeonLosslessRows, nb::arg("adc_bits"),
        nb::arg("cell_bits"), nb::arg("dac_bits"),
        "Rows that a converter sums without clipping.");
  bindNeon(m);
  bindArrays(m);
  m.def(
      "schedule",
      [](const std::string &request) {
        std::string answer, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceSchedule(
              mlirStringRefCreate(request.data(), request.size()), append,
              &answer, append, &error);
        }
        if (!good)
          throw valueError(error);
        return answer;
      },
      nb::arg("request"),
      "Answers a request of lib/Scheduling/Request.h, in JSON. Raises "
      "ValueError.");

  m.def(
      "reencode",
      [](nb::ndarray<const int8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>
             codes,
         nb::ndarray<const int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>
             shapes,
         nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>
             lengths,
         const std::string &method, int64_t rows, int64_t bitlines,
         int64_t rowGroups, bool minimizesSteps, double clipError,
         bool isCyclic, unsigned threads,
         nb::ndarray<int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>
             transitions,
         nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu> errors,
         std::optional<std::tuple<
             nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>,
             nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>,
             nb::ndarray<uint16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>,
             nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>>>
             tables) {
        std::string error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceReencode(
              {mlirStringRefCreate(method.data(), method.size()), rows,
               bitlines, rowGroups, minimizesSteps, clipError, isCyclic,
               threads},
              codes.data(), shapes.data(), lengths.data(), lengths.size(),
              transitions.data(), errors.data(),
              tables ? std::get<0>(*tables).data() : nullptr,
              tables ? std::get<1>(*tables).data() : nullptr,
              tables ? std::get<2>(*tables).data() : nullptr,
              tables ? std::get<3>(*tables).data() : nullptr, append, &error);
        }
        if (!good)
          throw valueError(error);
      },
      nb::arg("codes"), nb::arg("shapes"), nb::arg("lengths"),
      nb::arg("method"), nb::arg("rows"), nb::arg("bitlines"),
      nb::arg("row_groups"), nb::arg("minimizes_steps"), nb::arg("clip_error"),
      nb::arg("is_cyclic"), nb::arg("threads"), nb::arg("transitions"),
      nb::arg("errors"), nb::arg("tables").none(),
      "Encodes chains of tiles; see lib/CAPI/Reencoding.h. Fills the last "
      "three "
      "arguments. Raises ValueError.");
  m.def(
      "reencode_costs",
      [](const std::string &method, int64_t columns, int64_t bitlines,
         int64_t rowGroups) {
        int64_t bytes = 0, macs = 0;
        if (!pumiceReencodeCosts(
                mlirStringRefCreate(method.data(), method.size()), columns,
                bitlines, rowGroups, &bytes, &macs))
          throw nb::value_error(
              ("expected a method of re-encoding, got '" + method + "'")
                  .c_str());
        return std::make_tuple(bytes, macs);
      },
      nb::arg("method"), nb::arg("columns"), nb::arg("bitlines"),
      nb::arg("row_groups"),
      "Bytes in DRAM of what a tile needs in addition to its weights, and "
      "multiply-accumulates of one window that undo it.");

  nb::class_<Program>(m, "Program")
      .def(
          "__init__",
          [](Program *self, nb::object module) {
            new (self) Program(nb::cast<MlirModule>(module), module);
          },
          nb::arg("module"), "Loads a machine program. Raises DiagnosticError.")
      .def_prop_ro("inputs",
                   [](const Program &p) {
                     return p.specs(pumiceProgramNumInputs, pumiceProgramInput);
                   })
      .def_prop_ro("outputs",
                   [](const Program &p) {
                     return p.specs(pumiceProgramNumOutputs,
                                    pumiceProgramOutput);
                   })
      .def_prop_ro("tensors",
                   [](const Program &p) {
                     std::string json;
                     pumiceProgramTensors(p.program, append, &json);
                     return json;
                   })
      .def(
          "set_stopped",
          [](Program &p, bool value) {
            pumiceProgramSetStopped(p.program, value);
          },
          nb::arg("value"),
          "Lets a run on another thread end after its current instruction.")
      .def_prop_ro(
          "prepare_ms",
          [](const Program &p) { return pumiceProgramPrepareMs(p.program); })
      .def_prop_ro("state", &Program::state,
                   "Names and copies of what the program keeps between runs. "
                   "Raises ValueError.")
      .def(
          "reset", [](Program &p) { pumiceProgramReset(p.program); },
          "Makes the state what it was before the first run.")
      .def(
          "store_state", [](Program &p) { pumiceProgramStoreState(p.program); },
          "Writes the state to the module.")
      .def("share_state", &Program::shareState, nb::arg("other"),
           nb::keep_alive<1, 2>(),
           "Keeps the state together with another program of the same "
           "network. Raises ValueError.")
      .def_prop_ro("code_stats",
                   [](const Program &p) {
                     std::string json;
                     pumiceProgramCodeStats(p.program, append, &json);
                     return json;
                   })
      .def(
          "run",
          [](Program &p, const std::vector<Array> &inputs, unsigned threads,
             const std::optional<Observer> &observe) {
            return p.execute(&inputs, threads, observe);
          },
          nb::arg("inputs"), nb::arg("threads") = 1,
          nb::arg("observe").none() = nb::none(),
          "Returns the outputs and the report (JSON). Raises ValueError.")
      .def("observe", &Program::observe, nb::arg("inputs"),
           nb::arg("collector"), nb::arg("threads") = 1,
           "Runs, and collects what probes show. Raises ValueError.")
      .def("set_adc_ranges", &Program::setAdcRanges, nb::arg("collector"),
           nb::arg("fraction"),
           "Sets the ranges of calibrated converters from the collected column "
           "sums. Raises ValueError.")
      .def(
          "estimate",
          [](Program &p, unsigned threads) {
            return nb::object(p.execute(nullptr, threads, std::nullopt)[1]);
          },
          nb::arg("threads") = 1,
          "Returns the report (JSON) of a run without values. Raises "
          "ValueError.")
      .def(
          "estimate_on",
          [](Program &p, MlirAttribute device, unsigned threads) {
            std::string json, error;
            bool good;
            {
              nb::gil_scoped_release release;
              good = pumiceProgramEstimateOn(p.program, device, threads, append,
                                             &json, append, &error);
            }
            if (!good)
              throw valueError(error);
            return json;
          },
          nb::arg("device"), nb::arg("threads") = 1,
          "Returns the sums of the report (JSON) of an estimate on a device "
          "with other energies, times and areas. Raises ValueError.");
}
