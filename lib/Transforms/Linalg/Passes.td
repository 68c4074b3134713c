// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_LINALG_PASSES_TD
#define PUMICE_LIB_TRANSFORMS_LINALG_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyLinalgContract : Pass<"verify-linalg-contract", "::mlir::ModuleOp"> {
  let summary = "check that a module is valid input for Pumice (L0)";
  let description = [{
    Requires nothing and changes nothing. Fails, naming the op and its location,
    unless the module consists of functions of one block on ranked tensors of
    static shape, made of func, linalg, tensor, arith, math, pum.nonlinear and
    (inside linalg) cf.assert ops. Exactly one function, the entry, must be
    public. Apart from functions, the module may contain symbols of any dialect
    that are neither functions nor modules.
  }];
}

def OrderNaNs : Pass<"order-nans", "::mlir::func::FuncOp"> {
  let summary = "give arg-reductions of floats the index of the first NaN";
  let description = [{
    Requires: L0. torch-mlir writes `argmin`, `argmax`, `min` and `max` along a
    dimension as a generic that keeps the best element and its index. A NaN
    becomes the best element, as in PyTorch, but `cmpf olt` or `ogt` never
    choose its index. This pass makes such a body take the index of the first
    NaN.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numReductions", "reductions", "reductions rewritten">];
}

def RaiseQuantizedOps : Pass<"raise-quantized-ops", "::mlir::func::FuncOp"> {
  let summary = "turn float layers between dequantize and quantize into integer ops";
  let description = [{
    Requires: L0. PyTorch's PT2E writes a quantized layer as a float op whose
    input and weights are dequantized values. This pass matches convolutions
    (2-D and 1-D, also transposed ones as torch-mlir writes them) and matrix
    products whose two operands are dequantized, possibly behind data movement
    ops, and replaces each by

    - an integer op (`linalg.conv_2d_nchw_fchw_q`,
      `linalg.conv_2d_ngchw_gfchw_q`, `linalg.quantized_matmul`) on the
      quantized values, with their zero points; unsigned values are widened by
      `arith.extui`, which keeps their range visible, and
    - a generic that computes `float(acc) * scale[c] + init` in f32, each step
      rounded, with `scale[c] = input_scale * weight_scale[c]` in f32.

    Products and batches of products of two activations, which have one scale
    each, become `linalg.quantized_matmul` and `linalg.quantized_batch_matmul`
    with `scale = left_scale * right_scale`.

    Ops that move or compare elements are applied to quantized values: pads by
    0.0, reshapes, transposes, slices, insertions into zeros, gathers,
    concatenations of equal scale, zero point and type, max pooling. Sums over
    windows or dimensions become sums of quantized values in i32. A quantize is
    hoisted through data movement ops and concatenations without other users;
    quantize(dequantize(x)) with equal parameters is erased if its clamp keeps
    every value.

    Not supported: weights whose zero points differ between channels, and
    activations quantized per channel. These stay in float, and a remark gives
    the reason.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers raised to integers">];
}

def RaiseIntegerMatmuls : Pass<"raise-integer-matmuls", "::mlir::func::FuncOp"> {
  let summary = "turn integer matmuls of widened operands into integer layers";
  let description = [{
    Requires: L0. ONNX's MatMulInteger is imported as a `linalg.matmul` of 32
    bit operands that are 8 bit values minus a zero point. With constant weights
    it becomes `linalg.quantized_matmul` on the 8 bit values. A zero point of
    the input that is computed at run time (dynamic quantization) does not
    become part of the layer: the product uses 0, and `zero point * sum of the
    column's weights` is subtracted from its integer result.

    Not supported: convolutions, products of two activations, and zero points of
    the weights that differ between columns.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLayers", "layers", "products raised">];
}

def NormalizeIntegerLayers : Pass<"normalize-integer-layers", "::mlir::func::FuncOp"> {
  let summary = "convert integer layers of any layout to one form";
  let description = [{
    Requires: L0 or L1. Convolutions of 8 or 16 bit values with constant weights
    exist with channels last or first, depthwise with or without a multiplier,
    with or without zero points as operands; matrix products exist in a batch of
    one. Most of them come from TOSA. They become `linalg.conv_2d_nchw_fchw_q`,
    `linalg.conv_2d_ngchw_gfchw_q` and `linalg.quantized_matmul` on zeros,
    surrounded by permutations that fuse into elementwise neighbours. The
    original initial value is added to the result.

    Not supported: layers whose weights are computed, and products in larger
    batches.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers rewritten">];
}

def FoldConstants : Pass<"fold-constants", "::mlir::func::FuncOp"> {
  let summary = "evaluate ops that depend only on constants";
  let description = [{
    Requires: L0 or L1. Compiles subgraphs whose inputs are all constants
    (weight transposes, batch norm statistics, scale tables) with the compiler
    of the digital unit, runs them, and replaces them by their results. The
    numbers are therefore those that the device would compute. The pass does not
    make constants larger: a broadcast of a small constant stays a broadcast.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def FuseElementwise : Pass<"fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "fuse chains of elementwise ops";
  let description = [{
    Requires: L0 or L1. Fuses an elementwise generic into an elementwise
    consumer that is its only user, also across a reshape, and a dequantize into
    every elementwise consumer. A rescale, its activation and the subsequent
    quantize thus become one generic. Does not fuse into reductions and
    poolings, which would repeat the work for every window.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::affine::AffineDialect"];
}

def VerifyQuantizedContract : Pass<"verify-quantized-contract", "::mlir::ModuleOp"> {
  let summary = "check that all supported integer layers have been raised (L1)";
  let description = [{
    Requires nothing and changes nothing. In addition to verify-linalg-contract,
    fails if a float convolution or matrix product still reads two dequantized
    operands that raise-quantized-ops supports. With `raised-only`, this is all
    that is checked, so that modules may hold ops of lower levels.
  }];
  let options = [
    Option<"raisedOnly", "raised-only", "bool", /*default=*/"false",
           "check only that integer layers have been raised">,
  ];
}

def AssignTargets : Pass<"assign-targets", "::mlir::func::FuncOp"> {
  let summary = "decide which kind of unit computes each layer (L1)";
  let description = [{
    Requires: L1 and, for units other than crossbars, a device on the module.
    Sets `pum.target` on convolutions and matrix products: `#pum.target<ap>`,
    `#pum.target<crossbar>` or `#pum.target<digital>`; with the last, also
    `pum.reason`. Existing targets are kept. A target may name a group of the
    device (`#pum.target<crossbar in "small">`); without a name, the layer runs on
    the first group of the kind.

    Integer layers with ternary weights are assigned to associative processors
    if the device has any, and other integer layers to crossbars if the device
    has any. Everything else is assigned to the digital unit, including products
    of two activations unless the device has `dynamic_matmul = crossbar`. If an
    integer layer is assigned to the digital unit, a remark gives the reason.

    `targets` overrides this: a list of LAYER=TARGET, where LAYER is the module
    path of the layer (the outer name of its location) or a pattern with `*` and
    `?`, and TARGET is crossbar, ap, cam, digital, auto or the name of a group of the
    device. `auto` is decided by choose-targets before; without that pass, such
    layers are assigned as if there were no entry.
    The first matching entry counts.
    If a pattern assigns a layer to units that cannot compute it, the layer is
    assigned to the digital unit; if the entry names the layer in full, this is
    an error. A name without a layer is an error too.
    `cam` takes searches only, which ap-raise-searches has raised before.

    Before:
    ```mlir
    %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : ...)
    ```
    After, on a device with crossbars:
    ```mlir
    %y = linalg.quantized_matmul {pum.target = #pum.target<crossbar>} ins(...)
    ```
  }];
  let options = [ListOption<"targets", "targets", "std::string",
                            "targets of layers by module path, LAYER=TARGET; the first match counts">];
  let statistics = [
    Statistic<"numCrossbars", "crossbars", "layers assigned to crossbars">,
    Statistic<"numProcessors", "processors", "layers assigned to associative processors">,
    Statistic<"numDigital", "digital", "layers and products assigned to the digital unit">];
  let dependentDialects = ["::pumice::pum::PUMDialect"];
}

#endif // PUMICE_LIB_TRANSFORMS_LINALG_PASSES_TD
