// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ArrayBindings.cpp - Single matrices on arrays for Python -----------===//
//
// Hands the C interface to Python. No logic here.
//
//===----------------------------------------------------------------------===//
#include "python/bindings/ArrayBindings.h"

#include "lib/CAPI/Arrays.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/Diagnostics.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <array>
#include <tuple>

namespace nb = nanobind;

namespace {

template <typename T, int rank>
using Array = nb::ndarray<T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;
/// groups, rows, columns, weight bits, input bits, signed, ADC range, layer,
/// seed.
using Matrix = std::array<int64_t, 9>;

PumiceMatrix toMatrix(const Matrix &m) {
  return {m[0], m[1], m[2], m[3], m[4], m[5] != 0, m[6], m[7], m[8]};
}

/// A view of an array of 8-bit (1) or 32-bit (3) integers.
template <typename ArrayT>
PumiceTensor viewOf(const ArrayT &array, int elementType) {
  return {const_cast<void *>(static_cast<const void *>(array.data())),
          elementType, static_cast<intptr_t>(array.ndim()), array.shape_ptr()};
}

class Grid {
public:
  Grid(MlirAttribute device, const std::string &group, const Matrix &matrix,
       const Array<const int8_t, 2> &weights) {
    std::string error;
    {
      nb::gil_scoped_release release;
      grid = pumiceGridCreate(device, wrap(group), toMatrix(matrix),
                              viewOf(weights, 1), append, &error);
    }
    if (!grid.ptr)
      throw nb::value_error(error.c_str());
  }
  Grid(const Grid &) = delete;
  ~Grid() {
    if (grid.ptr)
      pumiceGridDestroy(grid);
  }

  void compute(const Array<const int8_t, 4> &x,
               const std::array<int64_t, 10> &w, int64_t inputZeroPoint,
               const Array<int32_t, 4> &y, unsigned threads) const {
    const PumiceWindow window{{w[0], w[1]}, {w[2], w[3]}, {w[4], w[5]}, w[6],
                              w[7],         w[8],         w[9]};
    std::string error;
    bool good;
    {
      nb::gil_scoped_release release;
      good = pumiceGridCompute(grid, viewOf(x, 1), window, inputZeroPoint,
                               /*weightZeroPoint=*/0, viewOf(y, 3), threads,
                               append, &error);
    }
    if (!good)
      throw nb::value_error(error.c_str());
  }

private:
  PumiceGrid grid{nullptr};
};

} // namespace

void bindArrays(nb::module_ &m) {
  m.def(
      "module_matrices",
      [](MlirModule module) {
        std::string json;
        pumiceModuleMatrices(module, append, &json);
        return json;
      },
      nb::arg("module"),
      "The layers of a machine program that run on arrays, as JSON; see "
      "lib/CAPI/Arrays.h.");
  m.def(
      "effective_weights",
      [](MlirAttribute device, const std::string &group, const Matrix &matrix,
         const Array<const int8_t, 2> &weights, const Array<float, 2> &out,
         unsigned threads) {
        if (out.size() != weights.size())
          throw nb::value_error("expected a result for each weight");
        std::string error;
        double gain = 0;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceEffectiveWeights(device, wrap(group), toMatrix(matrix),
                                        viewOf(weights, 1), threads, out.data(),
                                        &gain, append, &error);
        }
        if (!good)
          throw nb::value_error(error.c_str());
        return gain;
      },
      nb::arg("device"), nb::arg("group"), nb::arg("matrix"),
      nb::arg("weights"), nb::arg("out"), nb::arg("threads"),
      "Fills `out` with the weights as cells hold them; returns the standard "
      "deviation of a result per level of independent errors of conversions. "
      "Raises ValueError.");
  nb::class_<Grid>(m, "Grid")
      .def(nb::init<MlirAttribute, const std::string &, const Matrix &,
                    const Array<const int8_t, 2> &>(),
           nb::arg("device"), nb::arg("group"), nb::arg("matrix"),
           nb::arg("weights"),
           "Filters on the arrays of a group of a device. Raises ValueError.")
      .def("compute", &Grid::compute, nb::arg("x"), nb::arg("window"),
           nb::arg("input_zero_point"), nb::arg("y"), nb::arg("threads"),
           "Fills `y` with what `simulator.mvm` computes of `x` (NCHW). The "
           "window is kernel, strides, dilations, padding at the top and left, "
           "and sizes of the result. Raises ValueError.");
}
