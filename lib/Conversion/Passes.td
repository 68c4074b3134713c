// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between levels, in pipeline order.
#ifndef PUMICE_LIB_CONVERSION_PASSES_TD
#define PUMICE_LIB_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLinalgToCrossbar : Pass<"convert-linalg-to-crossbar", "::mlir::func::FuncOp"> {
  let summary = "integer layers assigned to crossbars become crossbar ops (L1 to L2)";
  let description = [{
    Needs: L1 with targets (assign-targets). Turns `linalg.conv_2d_nchw_fchw_q`,
    `linalg.conv_2d_ngchw_gfchw_q`, `linalg.quantized_matmul` and
    `linalg.quantized_batch_matmul` with `pum.target = #pum.target<crossbar>` into
    `crossbar.conv_2d` and `crossbar.mvm`. Takes the widening of unsigned inputs, a
    pad by the input's zero point and the split of channels into groups into
    the op. A second operand that is computed is read as signed weights, outputs in
    front; a batch is as many groups. Transposes of constant weights cancel; the
    rest are left to fold-constants.

    Fails, with the reason, for an op that has this target and is no such layer.
    Does not change ops with another target or none.
  }];
  let dependentDialects = ["::pumice::crossbar::CrossbarDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers moved to crossbars">];
}

def ConvertLinalgToAP : Pass<"convert-linalg-to-ap", "::mlir::func::FuncOp"> {
  let summary = "ternary layers assigned to associative processors become ap ops (L1 to L2)";
  let description = [{
    Needs: L1 with targets (assign-targets). Turns the layers that
    convert-linalg-to-crossbar knows, but batches of products, with
    `pum.target = #pum.target<ap>` and ternary weights into `ap.conv_2d` and
    `ap.mvm`. Weights become -1, 0 and 1; inputs have as many bits as the values
    take that they can hold, by what quantizes them. Where the weights of an output
    are -a, 0 and a, its sums are multiplied by a.

    Fails, with the reason, for an op that has this target and is no such layer.
    Does not change ops with another target or none.
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
