// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NeonBindings.cpp - The library of nets for Python ------------------===//
//
// Hands the C interface to Python. No logic here.
//
//===----------------------------------------------------------------------===//
#include "python/bindings/NeonBindings.h"

#include "lib/CAPI/Functions.h"
#include "lib/CAPI/Neon.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/Diagnostics.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace {

using Numbers = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Constants =
    nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Floats =
    nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using FloatResults =
    nb::ndarray<float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Mask =
    nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// A net or table of a machine program.
class Function {
public:
  Function(MlirModule module, const std::string &name) {
    std::string error;
    function = pumiceFunctionCreate(module, wrap(name), append, &error);
    if (!function.ptr)
      throw nb::value_error(error.c_str());
  }
  Function(const Function &) = delete;
  ~Function() {
    if (function.ptr)
      pumiceFunctionDestroy(function);
  }

  void apply(const Floats &x, const FloatResults &y, unsigned threads) const {
    if (x.size() != y.size())
      throw nb::value_error("expected a result for each number");
    nb::gil_scoped_release release;
    pumiceFunctionApply(function, x.data(), y.data(), x.size(), threads);
  }

private:
  PumiceFunction function{nullptr};
};

} // namespace

void bindNeon(nb::module_ &m) {
  m.def(
      "fit_net",
      [](Constants values, std::optional<Constants> weights,
         const std::string &options) {
        if (weights && weights->size() != values.size())
          throw nb::value_error("expected a weight for each value");
        std::string result, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceNeonFit(
              values.data(), weights ? weights->data() : nullptr, values.size(),
              wrap(options), append, &result, append, &error);
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
            wrap(net),
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
  m.def(
      "module_functions",
      [](MlirModule module) {
        std::string json;
        pumiceModuleFunctions(module, append, &json);
        return json;
      },
      nb::arg("module"),
      "What a machine program applies nets and tables to, as JSON; see "
      "lib/CAPI/Functions.h.");
  nb::class_<Function>(m, "Function")
      .def(nb::init<MlirModule, const std::string &>(), nb::arg("module"),
           nb::arg("name"),
           "A net or table of a machine program. Raises ValueError.")
      .def("apply", &Function::apply, nb::arg("x"), nb::arg("y"),
           nb::arg("threads"),
           "Fills `y` with the function of `x`, as runs of the program compute "
           "it. Raises ValueError.");
  m.def(
      "net_library",
      [] {
        std::string result;
        pumiceNeonLibrary(append, &result);
        return result;
      },
      "Functions of the library of nets, and compositions of them, as JSON.");
  m.def(
      "fit_function",
      [](const std::string &name, int64_t bits, int64_t maxHidden) {
        std::string result, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceNeonFitFunction(wrap(name), bits, maxHidden, append,
                                       &result, append, &error);
        }
        if (!good)
          throw nb::value_error(error.c_str());
        return result;
      },
      nb::arg("name"), nb::arg("bits"), nb::arg("max_hidden"),
      "Fits a function of the library: JSON of the net and its errors. Raises "
      "ValueError.");
  m.def(
      "evaluate_net",
      [](const std::string &net, Numbers values) {
        std::string error;
        const int64_t clamped = pumiceNeonEvaluate(
            wrap(net), values.data(), values.size(), append, &error);
        if (clamped < 0)
          throw nb::value_error(error.c_str());
        return clamped;
      },
      nb::arg("net"), nb::arg("values"),
      "Replaces values by a net's; returns how many were clamped to its "
      "domain. Raises ValueError.");
  m.def(
      "compose_nets",
      [](const std::string &request, Numbers values, int64_t length,
         std::optional<Mask> mask) {
        if (mask && mask->size() != values.size())
          throw nb::value_error("expected a mask value for each value");
        std::string error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceNeonCompose(wrap(request), values.data(), values.size(),
                                   length, mask ? mask->data() : nullptr,
                                   append, &error);
        }
        if (!good)
          throw nb::value_error(error.c_str());
      },
      nb::arg("request"), nb::arg("values"), nb::arg("length"),
      nb::arg("mask").none(),
      "Computes a composition of nets of rows, in place. Raises ValueError.");
  m.def(
      "fit_whole_net",
      [](Constants x, Constants y, int64_t rows, const std::string &options) {
        std::string result, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceNeonFitWhole(x.data(), x.size(), y.data(), y.size(),
                                    rows, wrap(options), append, &result,
                                    append, &error);
        }
        if (!good)
          throw nb::value_error(error.c_str());
        return result;
      },
      nb::arg("x"), nb::arg("y"), nb::arg("rows"), nb::arg("options"),
      "Fits a net of whole vectors: JSON of its errors. Raises ValueError.");
}
