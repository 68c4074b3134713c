// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_INTERFACES_LAYERTARGET_TD
#define PUMICE_DIALECTS_INTERFACES_LAYERTARGET_TD

include "mlir/IR/EnumAttr.td"

def Pumice_LayerTarget : I32EnumAttr<"LayerTarget", "the kind of unit that computes a layer", [
  I32EnumAttrCase<"crossbar", 0>,
  I32EnumAttrCase<"ap", 1>,
  I32EnumAttrCase<"digital", 2>,
  I32EnumAttrCase<"cam", 3>
]> {
  let cppNamespace = "::pumice";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_INTERFACES_LAYERTARGET_TD
