// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_TD
#define PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::pumice";
  let description = [{
    A layer on one kind of unit, as an op on tensors at L2 and L3. The interface
    gives the kind of unit, the input and its format, and the weights.
  }];
  let methods = [
    InterfaceMethod<"The kind of unit that computes the layer.",
      "::pumice::LayerTarget", "getTarget">,
    InterfaceMethod<"The quantized values that the layer reads.",
      "::mlir::Value", "getLayerInput">,
    InterfaceMethod<"The weights or the grid that holds them; null if an attribute holds them.",
      "::mlir::Value", "getLayerWeights", (ins), "", "return {};">,
    InterfaceMethod<"The window of a convolution or pooling; null for other layers.",
      "::pumice::crossbar::WindowAttr", "getWindowAttr", (ins), "", "return {};">,
    InterfaceMethod<"Number of independent groups of channels, or of products in a batch.",
      "int64_t", "getLayerGroups", (ins), "", "return 1;">,
    InterfaceMethod<"The format of the input; nullopt if an attribute of the weights defines it.",
      "std::optional<::pumice::crossbar::QuantizedFormat>", "getLayerInputFormat",
      (ins), "", "return std::nullopt;">,
    InterfaceMethod<"The format of the weights; nullopt if their attribute defines it.",
      "std::optional<::pumice::crossbar::QuantizedFormat>", "getLayerWeightFormat",
      (ins), "", "return std::nullopt;">
  ];
  let extraClassDeclaration = [{
    /// The grid that holds the weights; null if none does.
    ::pumice::crossbar::GridType getGridType() {
      ::mlir::Value weights = getLayerWeights();
      return weights ? ::llvm::dyn_cast<::pumice::crossbar::GridType>(weights.getType())
                     : ::pumice::crossbar::GridType();
    }
  }];
}

#endif // PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_TD
