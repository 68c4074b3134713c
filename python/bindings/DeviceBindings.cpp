// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceBindings.cpp - Devices for Python ----------------------------===//
#include "python/bindings/DeviceBindings.h"
#include "lib/CAPI/Pumice.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"
#include "python/bindings/Diagnostics.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace mlir::python::nanobind_adaptors;

void bindDevices(nb::module_ &m) {
  m.def("preset_names", [] {
    std::vector<std::string> names;
    pumicePresetNames(appendItem, &names);
    return names;
  });
  m.def(
      "load_device",
      [](MlirContext context, const std::string &name) {
        DiagnosticScope scope(context);
        MlirAttribute device = pumiceLoadDevice(context, wrap(name));
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
        MlirAttribute device =
            pumiceDeviceFromJson(context, wrap(json), wrap(name));
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
        if (!pumiceDeviceLaws(context, wrap(before), wrap(after), append,
                              &json))
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
            context, wrap(before), wrap(after), wrap(name), appendItem, &notes);
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
}
