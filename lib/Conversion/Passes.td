// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between levels, in pipeline order.
#ifndef PUMICE_LIB_CONVERSION_PASSES_TD
#define PUMICE_LIB_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLinalgToCrossbar : Pass<"convert-linalg-to-crossbar", "::mlir::func::FuncOp"> {
  let summary = "integer layers with constant weights become crossbar ops (L1 to L2)";
  let description = [{
    Needs: L1. Turns `linalg.conv_2d_nchw_fchw_q`, `linalg.conv_2d_ngchw_gfchw_q`
    and `linalg.quantized_matmul` with constant weights and zero points into
    `crossbar.conv_2d` and `crossbar.mvm`. Where the module's device has
    `dynamic_matmul = crossbar`, so do matrix products and batches of them whose
    second operand is computed: the mvm reads that operand as signed codes,
    outputs in front; a batch is as many groups. Takes the widening of unsigned codes,
    a pad by the input's zero point and the split of channels into groups into
    the op. Transposes of constant weights cancel; the rest are left to
    fold-constants.

    Does not do: products of two activations on other devices, and layers whose
    sums need more than 32 bits; these stay on the digital unit, and a remark says why.
    So do, when the device has associative processors instead of crossbars, layers
    whose weights are not ternary.
  }];
  let dependentDialects = ["::pumice::crossbar::CrossbarDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers moved to crossbars">];
}

def ConvertCrossbarToAP : Pass<"convert-crossbar-to-ap", "::mlir::ModuleOp"> {
  let summary = "crossbar layers with ternary weights become ap layers (L2)";
  let description = [{
    Does nothing unless the module's device has associative processors. Then
    every `crossbar.conv_2d` and `crossbar.mvm` becomes `ap.conv_2d` or `ap.mvm`
    with weights of -1, 0 and 1 and inputs of as many bits as their codes take
    (by what quantizes them, or `input_bits`), and where the codes of an output are -a, 0 and a,
    its sums are multiplied by a.

    Fails, naming the layer and how many weights are in the way, when weights
    are not ternary: convert-linalg-to-crossbar leaves such layers of such
    devices on the digital unit.
  }];
  let dependentDialects = ["::pumice::ap::APDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers moved to associative processors">];
}

def ConvertCrossbarToPUM : Pass<"convert-crossbar-to-pum", "::mlir::ModuleOp"> {
  let summary = "tiled crossbar ops and everything else become tasks (L2 to L3)";
  let description = [{
    Needs: L2 with every crossbar op on a grid (crossbar-tile-to-arrays).
    Arguments of the entry are loaded, results stored; each `crossbar.program`
    becomes a `pum.program`, in the setup phase if its weights are constant, each
    crossbar layer a `pum.compute`, and the ops between them `pum.digital` tasks: ops that
    depend on the same depth of layers and on each other form one task, and a
    convolution, matrix product or pooling is a task of its own. Tasks
    have no placement yet (pum-allocate-arrays).
  }];
  let dependentDialects = ["::pumice::pum::PUMDialect", "::pumice::crossbar::CrossbarDialect"];
}

def ConvertPUMToSimulator : Pass<"convert-pum-to-simulator", "::mlir::ModuleOp"> {
  let summary = "placed tasks become a machine program (L3 to L4)";
  let description = [{
    Needs: L3 with placements (verify-pum-scheduled). Tensors become buffers in
    named memories, data dependencies tokens, digital regions private functions.
  }];
  let dependentDialects = ["::pumice::simulator::SimulatorDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // PUMICE_LIB_CONVERSION_PASSES_TD
