// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between levels, in pipeline order.
#ifndef PUMICE_LIB_CONVERSION_PASSES_TD
#define PUMICE_LIB_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLinalgToCrossbar : Pass<"convert-linalg-to-crossbar", "::mlir::func::FuncOp"> {
  let summary = "convert integer layers assigned to crossbars to crossbar ops (L1 to L2)";
  let description = [{
    Requires: L1 with targets (assign-targets). Converts
    `linalg.conv_2d_nchw_fchw_q`, `linalg.conv_2d_ngchw_gfchw_q`,
    `linalg.quantized_matmul` and `linalg.quantized_batch_matmul` with
    `pum.target = #pum.target<crossbar>` into `crossbar.conv_2d` and
    `crossbar.mvm`. The widening of unsigned inputs, a pad by the input's zero
    point and the split of channels into groups become part of the op. A
    computed second operand becomes signed weights with the outputs first, and a
    batch becomes groups. Transposes of constant weights cancel; fold-constants
    evaluates the rest.

    The converted op keeps a `pum.target` that names a group.

    Fails, with the reason, for other ops with this target.
    Leaves alone ops with another target or without a target.
  }];
  let dependentDialects = ["::pumice::crossbar::CrossbarDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers moved to crossbars">];
}

def ConvertLinalgToAP : Pass<"convert-linalg-to-ap", "::mlir::func::FuncOp"> {
  let summary = "convert ternary layers assigned to associative processors to ap ops (L1 to L2)";
  let description = [{
    Requires: L1 with targets (assign-targets). Converts the layers that
    convert-linalg-to-crossbar supports, except batches of products, with
    `pum.target = #pum.target<ap>` and ternary weights to `ap.conv_2d` and
    `ap.mvm`. Weights become -1, 0 and 1. The width of the inputs is inferred
    from the op that quantizes them. If the weights of an output are -a, 0 and
    a, its sums are multiplied by a.

    Fails, with the reason, for other ops with this target.
    Leaves alone ops with another target or without a target.
  }];
  let dependentDialects = ["::pumice::ap::APDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers moved to associative processors">];
}

def ConvertCrossbarToPUM : Pass<"convert-crossbar-to-pum", "::mlir::ModuleOp"> {
  let summary = "convert tiled crossbar ops and all other ops to tasks (L2 to L3)";
  let description = [{
    Requires: L2 with every crossbar op on a grid (crossbar-tile-to-arrays).
    Arguments of the entry are loaded and results stored. Each
    `crossbar.program` becomes a `pum.program`, in the setup phase if its
    weights are constant, and each crossbar layer a `pum.compute`. The ops
    between them become `pum.digital` tasks: ops that depend on the same depth
    of layers and on each other form one task, and a convolution, matrix product
    or pooling forms a separate task. Tasks have no placement yet
    (pum-allocate-arrays).
  }];
  let dependentDialects = ["::pumice::pum::PUMDialect", "::pumice::crossbar::CrossbarDialect"];
}

def ConvertPUMToSimulator : Pass<"convert-pum-to-simulator", "::mlir::ModuleOp"> {
  let summary = "convert placed tasks to a machine program (L3 to L4)";
  let description = [{
    Requires: L3 with placements (verify-pum-scheduled). Tensors become buffers
    in named memories, data dependences become tokens, and digital regions
    become private functions.
  }];
  let dependentDialects = ["::pumice::simulator::SimulatorDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // PUMICE_LIB_CONVERSION_PASSES_TD
