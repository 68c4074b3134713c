// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SchedulingBindings.cpp - Schedules and re-encoding for Python ------===//
#include "python/bindings/SchedulingBindings.h"
#include "lib/CAPI/Reencoding.h"
#include "lib/CAPI/Scheduling.h"
#include "python/bindings/Diagnostics.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

namespace nb = nanobind;

void bindScheduling(nb::module_ &m) {
  m.def(
      "schedule",
      [](const std::string &request) {
        std::string answer, error;
        bool good;
        {
          nb::gil_scoped_release release;
          good = pumiceSchedule(wrap(request), append, &answer, append, &error);
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
              {wrap(method), rows, bitlines, rowGroups, minimizesSteps,
               clipError, isCyclic, threads},
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
        if (!pumiceReencodeCosts(wrap(method), columns, bitlines, rowGroups,
                                 &bytes, &macs))
          throw nb::value_error(
              ("expected a method of re-encoding, got '" + method + "'")
                  .c_str());
        return std::make_tuple(bytes, macs);
      },
      nb::arg("method"), nb::arg("columns"), nb::arg("bitlines"),
      nb::arg("row_groups"),
      "Bytes in DRAM of what a tile needs in addition to its weights, and "
      "multiply-accumulates of one window that undo it.");
}
