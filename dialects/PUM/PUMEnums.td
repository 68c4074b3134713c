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

def PUM_CircuitMapping : I32EnumAttr<"CircuitMapping", "how the circuits around arrays divide a layer", [
  I32EnumAttrCase<"dense", 0>,
  I32EnumAttrCase<"kernel", 1>
]> {
  let cppNamespace = "::pumice::pum";
  let genSpecializedAttr = 0;
}

def PUM_Topology : I32EnumAttr<"Topology", "how links join the tiles of a device", [
  I32EnumAttrCase<"mesh", 0>,
  I32EnumAttrCase<"htree", 1>
]> {
  let cppNamespace = "::pumice::pum";
  let genSpecializedAttr = 0;
}

def PUM_NonlinearKind : I32EnumAttr<"NonlinearKind", "what a nonlinear region computes", [
  // Over `dimensions` of the first operand.
  I32EnumAttrCase<"softmax", 0>,
  I32EnumAttrCase<"log_softmax", 1>,
  I32EnumAttrCase<"layer_norm", 2>,
  I32EnumAttrCase<"rms_norm", 3>,
  I32EnumAttrCase<"group_norm", 4>,
  I32EnumAttrCase<"l2_norm", 5>,
  I32EnumAttrCase<"squash", 6>,
  I32EnumAttrCase<"max_pool", 7>,
  I32EnumAttrCase<"avg_pool", 8>,
  // Element by element.
  I32EnumAttrCase<"relu", 9>,
  I32EnumAttrCase<"clamp", 10>,
  I32EnumAttrCase<"leaky_relu", 11>,
  I32EnumAttrCase<"elu", 12>,
  I32EnumAttrCase<"gelu", 13>,
  I32EnumAttrCase<"gelu_tanh", 14>,
  I32EnumAttrCase<"silu", 15>,
  I32EnumAttrCase<"mish", 16>,
  I32EnumAttrCase<"sigmoid", 17>,
  I32EnumAttrCase<"log_sigmoid", 18>,
  I32EnumAttrCase<"tanh", 19>,
  I32EnumAttrCase<"softplus", 20>,
  I32EnumAttrCase<"hard_sigmoid", 21>,
  I32EnumAttrCase<"hard_swish", 22>,
  I32EnumAttrCase<"exp", 23>,
  I32EnumAttrCase<"log", 24>,
  I32EnumAttrCase<"sqrt", 25>,
  I32EnumAttrCase<"rsqrt", 26>,
  I32EnumAttrCase<"erf", 27>,
  I32EnumAttrCase<"abs", 28>,
  I32EnumAttrCase<"reciprocal", 29>,
  I32EnumAttrCase<"division", 30>,
  I32EnumAttrCase<"power", 31>,
  I32EnumAttrCase<"elementwise", 32>
]> {
  let cppNamespace = "::pumice::pum";
  let genSpecializedAttr = 0;
}

def PUM_NonlinearMethod : I32EnumAttr<"NonlinearMethod", "how a nonlinear region is computed", [
  I32EnumAttrCase<"digital", 0>,
  I32EnumAttrCase<"lut", 1>,
  I32EnumAttrCase<"neon", 2>,
  I32EnumAttrCase<"automatic", 3, "auto">
]> {
  let cppNamespace = "::pumice::pum";
  let genSpecializedAttr = 0;
}

#endif // PUMICE_DIALECTS_PUM_PUMENUMS_TD
