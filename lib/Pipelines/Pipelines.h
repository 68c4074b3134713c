// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pipelines.h - From level to level ------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_PIPELINES_PIPELINES_H
#define PUMICE_LIB_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace pumice {

struct DeviceOptions : mlir::PassPipelineOptions<DeviceOptions> {
  Option<std::string> device{
      *this, "device",
      llvm::cl::desc("name of a preset or path of a device file; empty: the "
                     "module's own device"),
      llvm::cl::init("")};
  ListOption<std::string> targets{
      *this, "targets",
      llvm::cl::desc(
          "kinds or groups of units that compute layers, by module path: a "
          "list of LAYER=TARGET (assign-targets)")};
  Option<std::string> objective{
      *this, "target-objective",
      llvm::cl::desc("what targets 'auto' make least: energy, latency or "
                     "energy-delay (choose-targets)"),
      llvm::cl::init("energy")};
  Option<bool> apShare{
      *this, "ap-share",
      llvm::cl::desc("associative processors compute sums that several outputs "
                     "have in common once"),
      llvm::cl::init(true)};
  Option<std::string> apLayout{
      *this, "ap-layout",
      llvm::cl::desc("where associative processors keep the bits of values: "
                     "along, across or cheapest (ap-compile-programs)"),
      llvm::cl::init("")};
  Option<unsigned> apThreads{
      *this, "ap-threads",
      llvm::cl::desc("threads to compile programs of associative processors "
                     "with; 0: as many as the machine has"),
      llvm::cl::init(0)};
  Option<std::string> camGoal{
      *this, "cam-goal",
      llvm::cl::desc("what the mapping of searches is good at: latency, power "
                     "or density (ap-map-searches)"),
      llvm::cl::init("latency")};
  ListOption<std::string> methods{
      *this, "methods",
      llvm::cl::desc(
          "methods of nonlinear functions, by kind or module path: a "
          "list of KEY=METHOD (choose-nonlinear-methods)")};
  Option<bool> probeDomains{
      *this, "probe-domains",
      llvm::cl::desc(
          "probe what nonlinear functions that are to be approximated "
          "read, and compute them digitally (pum-record-domains)"),
      llvm::cl::init(false)};
  Option<std::string> domains{
      *this, "domains",
      llvm::cl::desc("what a run with probe-domains has shown, as JSON"),
      llvm::cl::init("")};
  // Of pum-fit-nets.
  Option<double> maxError{
      *this, "max-error",
      llvm::cl::desc("bound on the errors of nets and tables, as a part of the "
                     "range of their function; 0: none"),
      llvm::cl::init(0)};
  Option<std::string> netObjective{
      *this, "net-objective",
      llvm::cl::desc("what method auto makes least: energy, latency or "
                     "energy-delay"),
      llvm::cl::init("energy")};
  Option<int64_t> netInputBits{*this, "net-input-bits",
                               llvm::cl::desc("bits of inputs of nets"),
                               llvm::cl::init(16)};
  Option<int64_t> netHiddenBits{*this, "net-hidden-bits",
                                llvm::cl::desc("bits of hidden values of nets"),
                                llvm::cl::init(16)};
  Option<int64_t> netOutputBits{*this, "net-output-bits",
                                llvm::cl::desc("bits of results of nets"),
                                llvm::cl::init(16)};
  Option<int64_t> netWeightBits{*this, "net-weight-bits",
                                llvm::cl::desc("bits of weights of nets"),
                                llvm::cl::init(16)};
  Option<int64_t> maxHidden{*this, "max-hidden",
                            llvm::cl::desc("most hidden units of a net"),
                            llvm::cl::init(64)};
  Option<int64_t> netCopies{
      *this, "net-copies",
      llvm::cl::desc("elements that a net or table computes at a time"),
      llvm::cl::init(16)};
  Option<std::string> netCache{
      *this, "net-cache",
      llvm::cl::desc("directory of fitted nets; default: next to that of "
                     "compiled code; none: no cache"),
      llvm::cl::init("default")};
  ListOption<std::string> probeNodes{
      *this, "probe-nodes",
      llvm::cl::desc("nodes of the graph whose values runs can observe")};
  ListOption<std::string> probeKinds{
      *this, "probe-kinds",
      llvm::cl::desc("kinds of nonlinear functions whose inputs and results "
                     "runs can observe")};
  Option<std::string> schedule{
      *this, "schedule",
      llvm::cl::desc("algorithm that schedules the network, in "
                     "linalg-to-simulator (pum-schedule)"),
      llvm::cl::init("")};
};

/// Options of pum-schedule.
struct ScheduleOptions : mlir::PassPipelineOptions<ScheduleOptions> {
  Option<std::string> algorithm{
      *this, "schedule",
      llvm::cl::desc("algorithm that schedules the network (pum-schedule); "
                     "empty: only if its weights do not fit"),
      llvm::cl::init("")};
  Option<std::string> scheduleFile{
      *this, "schedule-file",
      llvm::cl::desc("JSON file with the schedule, instead of an algorithm"),
      llvm::cl::init("")};
  Option<std::string> reencoding{
      *this, "reencode",
      llvm::cl::desc("how rewritten weights are re-encoded: centre, fitted, "
                     "columns or bitlines"),
      llvm::cl::init("")};
  Option<bool> compressWeights{
      *this, "compress-weights",
      llvm::cl::desc("constant weights are compressed in DRAM "
                     "(pum-compress-weights)"),
      llvm::cl::init(false)};
  Option<std::string> keepCodes{
      *this, "keep-codes",
      llvm::cl::desc(
          "what quantized values that stay in associative processors "
          "make less: energy, latency or energy-delay; never: none "
          "stay (pum-keep-codes)"),
      llvm::cl::init("energy")};
  Option<double> timeShare{
      *this, "schedule-time-share",
      llvm::cl::desc("share of the best time given up for fewer writes"),
      llvm::cl::init(0)};
  Option<std::string> json{
      *this, "schedule-json",
      llvm::cl::desc("file to write the problem and its schedule to"),
      llvm::cl::init("")};
};

/// Options of the passes that compile layers for units.
struct UnitOptions {
  bool apShare = true;
  std::string apLayout;
  unsigned apThreads = 0;
  std::string camGoal = "latency";
};
/// Layers with a target to layers of the dialects of units: the part of L1 to
/// L2 that follows assign-targets.
void addLayersToUnits(mlir::OpPassManager &pm, const UnitOptions &options);

/// TOSA to L0.
void buildTosaToLinalg(mlir::OpPassManager &pm);
/// L0 to L1: linalg from a front end to explicit integer layers.
void buildLinalgToQuantized(mlir::OpPassManager &pm);
/// L1 to L2: integer layers to the device's units.
void buildQuantizedToCrossbar(mlir::OpPassManager &pm,
                              const DeviceOptions &options);
/// L2 to L3: placed tasks.
void buildCrossbarToPUM(mlir::OpPassManager &pm,
                        const ScheduleOptions &options);
/// L3 to L4: the machine program.
void buildPUMToSimulator(mlir::OpPassManager &pm);
/// L0 to L4.
void buildLinalgToSimulator(mlir::OpPassManager &pm,
                            const DeviceOptions &options);

/// Makes the pipelines known by name: tosa-to-linalg-contract,
/// linalg-to-quantized, quantized-to-crossbar, crossbar-to-pum,
/// pum-to-simulator and linalg-to-simulator.
void registerPipelines();

} // namespace pumice

#endif // PUMICE_LIB_PIPELINES_PIPELINES_H
