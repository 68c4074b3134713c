// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARENUMS_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARENUMS_TD

include "mlir/IR/EnumAttr.td"

def Crossbar_AdcMode : I32EnumAttr<"AdcMode", "how a converter maps a column sum to an output code", [
  I32EnumAttrCase<"lossless", 0>,
  I32EnumAttrCase<"clip", 1>,
  I32EnumAttrCase<"full_scale", 2>,
  I32EnumAttrCase<"calibrated", 3>
]> {
  let cppNamespace = "::pumice::crossbar";
  let genSpecializedAttr = 0;
}

def Crossbar_Encoding : I32EnumAttr<"Encoding", "how signed weights become cell levels", [
  I32EnumAttrCase<"offset", 0>,
  I32EnumAttrCase<"offset_flip", 1>,
  I32EnumAttrCase<"differential", 2>
]> {
  let cppNamespace = "::pumice::crossbar";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARENUMS_TD
