// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_TD
#define PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::pumice";
  let description = [{
    A layer on one kind of unit, as ops on tensors hold it at L2 and L3: which
    unit computes it, what it reads and how, and where its weights are.
  }];
  let methods = [
    InterfaceMethod<"The kind of unit that computes the layer.",
      "::pumice::LayerTarget", "getTarget">,
    InterfaceMethod<"The quantized values that the layer reads.",
      "::mlir::Value", "getLayerInput">,
    InterfaceMethod<"The weights or the grid that holds them; null if an attribute does.",
      "::mlir::Value", "getLayerWeights", (ins), "", "return {};">,
    InterfaceMethod<"The window of a convolution or pooling; null for other layers.",
      "::pumice::crossbar::WindowAttr", "getWindowAttr", (ins), "", "return {};">,
    InterfaceMethod<"Groups of channels, or products in a batch, that do not mix.",
      "int64_t", "getLayerGroups", (ins), "", "return 1;">,
    InterfaceMethod<"How the input is quantized; none if the weights' attribute says it.",
      "std::optional<::pumice::crossbar::QuantizedFormat>", "getLayerInputFormat",
      (ins), "", "return std::nullopt;">,
    InterfaceMethod<"How the weights are quantized; none if their attribute says it.",
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
