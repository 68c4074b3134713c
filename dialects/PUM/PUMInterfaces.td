// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMINTERFACES_TD
#define PUMICE_DIALECTS_PUM_PUMINTERFACES_TD

include "mlir/IR/OpBase.td"

def PUM_UnitGroup : AttrInterface<"UnitGroup"> {
  let cppNamespace = "::pumice::pum";
  let description = [{
    A group of units of one kind in a `#pum.device`. Another kind of unit is
    another attribute with this interface, and a case in lib/Device.
  }];
  let methods = [
    InterfaceMethod<"Name of the group, unique in its device.",
      "::llvm::StringRef", "getName", (ins)>,
    InterfaceMethod<"`#pum.level`s from the lowest to the highest; null: none.",
      "::mlir::ArrayAttr", "getLevels", (ins), "",
      [{ return ::mlir::ArrayAttr(); }]>
  ];
}

#endif // PUMICE_DIALECTS_PUM_PUMINTERFACES_TD
