// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramBindings.cpp - Machine programs for Python ------------------===//
#include "python/bindings/ProgramBindings.h"
#include "lib/CAPI/Pumice.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/Diagnostics.h"

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

void bindPrograms(nb::module_ &m) {
  nb::class_<Collector>(m, "Collector")
      .def(nb::init<int64_t, bool>(), nb::arg("samples") = 0,
           nb::arg("column_sums") = false,
           "Collects what probes show: up to so many elements of each, and, on "
           "request, the column sums of calibrated converters.")
      .def_prop_ro("report", &Collector::report,
                   "Observations by name of the probe, as JSON.");
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
