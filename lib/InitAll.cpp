// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"

#include "dialects/AP/AP.h"
#include "dialects/Crossbar/Crossbar.h"
#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "lib/Conversion/Passes.h"
#include "lib/Cost/CostModel.h"
#include "lib/Digital/Registration.h"
#include "lib/Pipelines/Passes.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Support/Limits.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/Crossbar/Passes.h"
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Nonlinear/Passes.h"
#include "lib/Transforms/PUM/Passes.h"
#include "lib/Transforms/Simulator/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void pumice::registerAllDialects(DialectRegistry &registry) {
  registry.insert<ap::APDialect, crossbar::CrossbarDialect, pum::PUMDialect,
                  simulator::SimulatorDialect, tosa::TosaDialect>();
  // Every upstream dialect that a level holds is one of the digital unit's.
  digital::registerDigitalDialects(registry);
  registerTaskModels(registry);
}

/// The upstream passes that make sense on every level. Others abort on valid
/// modules (inline, remove-dead-values and generate-runtime-verification expect
/// what the machine's ops are not), or lower what Pumice lowers itself.
static void registerUpstreamPasses() {
  registerCanonicalizerPass();
  registerCSEPass();
  registerLoopInvariantCodeMotionPass();
  registerPrintIRPassPass();
  registerPrintOpStatsPass();
  registerStripDebugInfoPass();
  registerSymbolDCEPass();
  registerLinalgGeneralizeNamedOpsPassPass();
}

void pumice::registerAllPasses() {
  registerUpstreamPasses();
  registerPass([] { return createVerifyLimitsPass(); });
  registerPumiceLinalgPasses();
  registerPumiceNonlinearPasses();
  registerPumiceCrossbarPasses();
  registerPumiceAPPasses();
  registerPumicePUMPasses();
  registerPumiceSimulatorPasses();
  registerPumiceConversionPasses();
  registerPumicePipelinesPasses();
  registerPipelines();
}
