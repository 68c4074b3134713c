// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APENUMS_TD
#define PUMICE_DIALECTS_AP_APENUMS_TD

include "mlir/IR/EnumAttr.td"

def AP_LookupMethod : I32EnumAttr<"LookupMethod", "how a look-up compares queries with rows", [
  I32EnumAttrCase<"exact", 0>,
  I32EnumAttrCase<"ternary", 1>,
  I32EnumAttrCase<"hamming", 2>
]> {
  let cppNamespace = "::pumice::ap";
  let genSpecializedAttr = 0;
}

def AP_SearchKind : I32EnumAttr<"SearchKind", "what a search of stored words delivers", [
  I32EnumAttrCase<"distances", 0>,
  I32EnumAttrCase<"within", 1>,
  I32EnumAttrCase<"best", 2>
]> {
  let cppNamespace = "::pumice::ap";
  let genSpecializedAttr = 0;
}

def AP_SearchGoal : I32EnumAttr<"SearchGoal", "what a mapping of stored words is good at", [
  I32EnumAttrCase<"latency", 0>,
  I32EnumAttrCase<"power", 1>,
  I32EnumAttrCase<"density", 2>
]> {
  let cppNamespace = "::pumice::ap";
  let genSpecializedAttr = 0;
}

// The names of model::APOpcode.
def AP_Opcode : I32EnumAttr<"Opcode", "a bit-serial operation", [
  I32EnumAttrCase<"add", 0>,
  I32EnumAttrCase<"sub", 1>,
  I32EnumAttrCase<"add_new", 2>,
  I32EnumAttrCase<"sub_new", 3>,
  I32EnumAttrCase<"copy", 4>,
  I32EnumAttrCase<"clear", 5>,
  I32EnumAttrCase<"compare", 6>,
  I32EnumAttrCase<"select", 7>,
  I32EnumAttrCase<"mask", 8>,
  I32EnumAttrCase<"top", 9>,
  I32EnumAttrCase<"less", 10>,
  I32EnumAttrCase<"set", 11>,
  I32EnumAttrCase<"between", 12>
]> {
  let cppNamespace = "::pumice::ap";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_AP_APENUMS_TD
