// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Pipelines/Pipelines.h"

#include "lib/Conversion/Passes.h"
#include "lib/Pipelines/Passes.h"
#include "lib/Transforms/AP/Passes.h"
#include "lib/Transforms/Crossbar/Passes.h"
#include "lib/Transforms/Linalg/Passes.h"
#include "lib/Transforms/Nonlinear/Passes.h"
#include "lib/Transforms/PUM/Passes.h"
#include "lib/Transforms/Simulator/Passes.h"
#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace pumice;

void pumice::buildTosaToLinalg(OpPassManager &pm) {
  OpPassManager &function = pm.nest<func::FuncOp>();
  function.addPass(tosa::createTosaInferShapesPass());
  pm.addPass(createCanonicalizerPass());
  TosaToLinalgOptions linalgOptions;
  linalgOptions.aggressiveReduceConstant = false;
  tosa::addTosaToLinalgPasses(pm, linalgOptions, TosaToLinalgNamedOptions(),
                              /*validationOptions=*/std::nullopt);
  TosaToArithPassOptions arithOptions;
  arithOptions.includeApplyRescale = true;
  pm.addNestedPass<func::FuncOp>(createTosaToArithPass(arithOptions));
  pm.addNestedPass<func::FuncOp>(createTosaToTensorPass());
  pm.addPass(createCanonicalizerPass());
}

void pumice::buildLinalgToQuantized(OpPassManager &pm) {
  pm.addPass(createVerifyLevel(VerifyLevelOptions{"linalg"}));
  pm.addPass(createVerifyLinalgContract());
  pm.addNestedPass<func::FuncOp>(createOrderNaNs());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSymbolDCEPass()); // nothing is called: one function remains
  pm.addNestedPass<func::FuncOp>(createRaiseQuantizedOps());
  pm.addNestedPass<func::FuncOp>(createRaiseIntegerMatmuls());
  pm.addNestedPass<func::FuncOp>(createNormalizeIntegerLayers());
  pm.addPass(createCanonicalizerPass());
  // Weights that several layers use stay one constant.
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFoldConstants());
  pm.addNestedPass<func::FuncOp>(createRaiseNonlinear());
  pm.addNestedPass<func::FuncOp>(createFuseElementwise());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createVerifyQuantizedContract());
}

/// Nets and tables for nonlinear functions.
static void addNonlinearMethods(OpPassManager &pm,
                                const DeviceOptions &options) {
  if (!options.methods.empty()) {
    ChooseNonlinearMethodsOptions methods;
    methods.methods.assign(options.methods.begin(), options.methods.end());
    pm.addPass(createChooseNonlinearMethods(methods));
  }
  pm.addNestedPass<func::FuncOp>(createDecomposeNonlinear());
  if (options.probeDomains || !options.domains.empty())
    pm.addPass(
        createPUMRecordDomains(PUMRecordDomainsOptions{options.domains}));
  pm.addPass(createPUMFitNets(PUMFitNetsOptions{
      options.maxError, options.netObjective, options.netInputBits,
      options.netHiddenBits, options.netOutputBits, options.netWeightBits,
      options.maxHidden, options.netCopies, options.netCache,
      options.apThreads}));
}

void pumice::addLayersToUnits(OpPassManager &pm, const UnitOptions &options) {
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToCrossbar());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToAP());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFoldConstants());
  pm.addPass(createCrossbarInferBitWidths());
  pm.addPass(createAPFuseElementwise(
      APFuseElementwiseOptions{options.apLayout, options.apThreads}));
  pm.addPass(createAPConvertElementwise(
      APConvertElementwiseOptions{options.apThreads}));
  APCompileProgramsOptions apOptions;
  apOptions.share = options.apShare;
  apOptions.layout = options.apLayout;
  apOptions.threads = options.apThreads;
  pm.addPass(createAPCompilePrograms(apOptions));
  pm.addPass(createAPMapSearches(APMapSearchesOptions{options.camGoal}));
  pm.addPass(createCrossbarTileToArrays());
  pm.addPass(createCrossbarMapFunctions());
  pm.addPass(createCSEPass());
  pm.addPass(createVerifyCrossbarContract());
  pm.addPass(createVerifyAPContract());
}

void pumice::buildQuantizedToCrossbar(OpPassManager &pm,
                                      const DeviceOptions &options) {
  pm.addPass(createVerifyLevel(VerifyLevelOptions{"quantized"}));
  pm.addPass(createVerifyQuantizedContract(
      VerifyQuantizedContractOptions{/*raisedOnly=*/true}));
  pm.addPass(createPUMAttachDevice(PUMAttachDeviceOptions{options.device}));
  if (!options.probeNodes.empty() || !options.probeKinds.empty()) {
    PUMInsertProbesOptions probes;
    probes.nodes.assign(options.probeNodes.begin(), options.probeNodes.end());
    probes.kinds.assign(options.probeKinds.begin(), options.probeKinds.end());
    pm.addPass(createPUMInsertProbes(probes));
  }
  addNonlinearMethods(pm, options);
  pm.addNestedPass<func::FuncOp>(createExpandNonlinear());
  APRaiseSearchesOptions searchOptions;
  searchOptions.targets.assign(options.targets.begin(), options.targets.end());
  pm.addNestedPass<func::FuncOp>(createAPRaiseSearches(searchOptions));
  pm.addNestedPass<func::FuncOp>(createFuseElementwise());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  ChooseTargetsOptions choiceOptions;
  choiceOptions.targets.assign(options.targets.begin(), options.targets.end());
  choiceOptions.objective = options.objective;
  choiceOptions.apShare = options.apShare;
  choiceOptions.apLayout = options.apLayout;
  choiceOptions.apThreads = options.apThreads;
  pm.addPass(createChooseTargets(choiceOptions));
  AssignTargetsOptions targetOptions;
  targetOptions.targets.assign(options.targets.begin(), options.targets.end());
  pm.addNestedPass<func::FuncOp>(createAssignTargets(targetOptions));
  addLayersToUnits(pm, {options.apShare, options.apLayout, options.apThreads,
                        options.camGoal});
}

void pumice::buildCrossbarToPUM(OpPassManager &pm,
                                const ScheduleOptions &options) {
  pm.addPass(createVerifyLevel(VerifyLevelOptions{"crossbar"}));
  pm.addPass(createConvertCrossbarToPUM());
  if (options.compressWeights)
    pm.addPass(createPUMCompressWeights());
  PUMScheduleOptions scheduleOptions;
  scheduleOptions.algorithm = options.algorithm;
  scheduleOptions.scheduleFile = options.scheduleFile;
  scheduleOptions.reencoding = options.reencoding;
  scheduleOptions.timeShare = options.timeShare;
  scheduleOptions.json = options.json;
  pm.addPass(createPUMSchedule(scheduleOptions));
  pm.addPass(createPUMKeepCodes(PUMKeepCodesOptions{options.keepCodes}));
  pm.addPass(createPUMAllocateArrays());
  pm.addPass(createVerifyPUMScheduled());
}

void pumice::buildPUMToSimulator(OpPassManager &pm) {
  pm.addPass(createVerifyLevel(VerifyLevelOptions{"pum"}));
  pm.addPass(createConvertPUMToSimulator());
  pm.addPass(createVerifySimulatorProgram());
}

void pumice::buildLinalgToSimulator(OpPassManager &pm,
                                    const DeviceOptions &options) {
  buildLinalgToQuantized(pm);
  buildQuantizedToCrossbar(pm, options);
  ScheduleOptions scheduleOptions;
  scheduleOptions.algorithm = options.schedule;
  buildCrossbarToPUM(pm, scheduleOptions);
  buildPUMToSimulator(pm);
}

void pumice::registerPipelines() {
  PassPipelineRegistration<>("tosa-to-linalg-contract",
                             "TOSA to L0: linalg on tensors, plain arithmetic",
                             buildTosaToLinalg);
  PassPipelineRegistration<>("linalg-to-quantized",
                             "L0 to L1: explicit integer layers",
                             buildLinalgToQuantized);
  PassPipelineRegistration<DeviceOptions>(
      "quantized-to-crossbar", "L1 to L2: layers on the device's units",
      buildQuantizedToCrossbar);
  PassPipelineRegistration<ScheduleOptions>(
      "crossbar-to-pum", "L2 to L3: placed tasks", buildCrossbarToPUM);
  PassPipelineRegistration<>("pum-to-simulator", "L3 to L4: machine program",
                             buildPUMToSimulator);
  PassPipelineRegistration<DeviceOptions>(
      "linalg-to-simulator", "L0 to L4: a network to a machine program",
      buildLinalgToSimulator);
}
