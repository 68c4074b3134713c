// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMENUMS_TD
#define PUMICE_DIALECTS_PUM_PUMENUMS_TD

include "mlir/IR/EnumAttr.td"

def PUM_DynamicMatmul : I32EnumAttr<"DynamicMatmul", "where products of two activations go", [
  I32EnumAttrCase<"digital", 0>,
  I32EnumAttrCase<"crossbar", 1>
]> {
  let cppNamespace = "::pumice::pum";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_PUM_PUMENUMS_TD
