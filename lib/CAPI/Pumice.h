/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Pumice.h - C interface for the Python bindings ---------------------===*/
#ifndef PUMICE_LIB_CAPI_PUMICE_H
#define PUMICE_LIB_CAPI_PUMICE_H

#include "mlir-c/IR.h"
#include "mlir-c/Pass.h"
#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/*===-- Registration
 * -------------------------------------------------------===*/

MLIR_CAPI_EXPORTED void pumiceRegisterAllDialects(MlirDialectRegistry registry);
MLIR_CAPI_EXPORTED void pumiceRegisterAllPasses(void);

/* Diagnostics name their op instead of printing it, which may hold all weights.
 */
MLIR_CAPI_EXPORTED void pumiceConfigureContext(MlirContext context);

/* Whether digital regions that are compiled from now on check their accesses;
 * off only to measure what that costs (digital::setChecks). */
MLIR_CAPI_EXPORTED void pumiceSetRegionChecks(bool areOn);

/* Whether a child process reads files first. For the fuzzer only. */
MLIR_CAPI_EXPORTED void pumiceSetIsolation(bool isOn);

/* JSON of what the passes on whole modules have counted so far: an object for
 * each pass that counts, by flag, of numbers by name. */
MLIR_CAPI_EXPORTED void pumicePassStatistics(MlirPassManager manager,
                                             MlirStringCallback callback,
                                             void *user);

/* Runs a pipeline, as pumice-opt's --pass-pipeline takes it but without its
 * anchor. Gives what the passes have counted, see above, to `statistics`. False
 * on failure: a problem in the text of the pipeline goes to `error`, one of a
 * pass becomes diagnostics. */
MLIR_CAPI_EXPORTED bool
pumiceRunPipeline(MlirModule module, MlirStringRef pipeline,
                  MlirStringCallback statistics, void *statisticsUser,
                  MlirStringCallback error, void *errorUser);

/*===-- Modules and locations
 * --------------------------------------------------===*/

/* Names and source position that a location holds; empty and 0 where it does
 * not. Texts live as long as the context. */
typedef struct {
  MlirStringRef layer;
  MlirStringRef node;
  MlirStringRef file;
  unsigned line;
  unsigned column;
} PumicePlace;
MLIR_CAPI_EXPORTED PumicePlace pumicePlaceOf(MlirLocation location);

/* The level of the stack: tosa, linalg, crossbar, pum or simulator. */
MLIR_CAPI_EXPORTED MlirStringRef pumiceLevelOf(MlirModule module);

/* The text of a module for readers, with the origin of its lines, as JSON
 * (lib/Analysis/Listing.h). */
MLIR_CAPI_EXPORTED void pumiceListing(MlirModule module,
                                      MlirStringCallback callback, void *user);

/* Runs a pipeline as pumiceRunPipeline does and calls `record` after each pass
 * that changed the module, with the flags of passes and the module's text. */
MLIR_CAPI_EXPORTED bool pumiceRecordPipeline(
    MlirModule module, MlirStringRef pipeline,
    void (*record)(MlirStringRef flags, MlirStringRef text, void *user),
    void *recordUser, MlirStringCallback error, void *errorUser);

/* Calls `callback` with the text of each outermost operation that came from one
 * of the graph nodes; data of large constants is left out. */
MLIR_CAPI_EXPORTED void pumicePrintOperationsOf(MlirModule module,
                                                intptr_t numNodes,
                                                const MlirStringRef *nodes,
                                                MlirStringCallback callback,
                                                void *user);

/*===-- Weights
 * ------------------------------------------------------------===*/

/* Lets the data of dense_resource<name> be `bytes` at `data`; calls
 * `release(user)` when the context drops it. False when no such resource was
 * parsed in `context`; nothing is released then. */
MLIR_CAPI_EXPORTED bool pumiceSetResource(MlirContext context,
                                          MlirStringRef name, const void *data,
                                          size_t bytes, size_t alignment,
                                          void (*release)(void *), void *user);

/*===-- Memory
 * -------------------------------------------------------------===*/

/* Calls `raise`, which must not return, where LLVM finds no memory. */
MLIR_CAPI_EXPORTED void pumiceOnOutOfMemory(void (*raise)(void));

/*===-- Files
 * --------------------------------------------------------------===*/

/* Parses a file of MLIR, text or bytecode, wherever its weights lie in it.
 * Bytecode without a seal is refused if `isSealed`. Null, and diagnostics, on
 * failure. */
MLIR_CAPI_EXPORTED MlirModule pumiceParseFile(MlirContext context,
                                              MlirStringRef path,
                                              bool isSealed);
/* Writes bytecode that a seal ends, whole or not at all. False, and the text of
 * the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool pumiceWriteFile(MlirModule module, MlirStringRef path,
                                        MlirStringCallback error,
                                        void *errorUser);

/*===-- Devices
 * ------------------------------------------------------------===*/

/* Calls `callback` with the name of each preset. */
MLIR_CAPI_EXPORTED void pumicePresetNames(MlirStringCallback callback,
                                          void *user);
/* The device of that name or path; null, and diagnostics, if there is none. */
MLIR_CAPI_EXPORTED MlirAttribute pumiceLoadDevice(MlirContext context,
                                                  MlirStringRef name);
/* Area and power by level, as JSON; false if `device` is not a device. */
MLIR_CAPI_EXPORTED bool pumiceDeviceRollUp(MlirAttribute device,
                                           MlirStringCallback callback,
                                           void *user);
/* Groups whose costs depend on values of weights or inputs, as JSON: a list of
   objects with `group` and `field`, which is empty for processors. False when
   `device` is not a device. */
MLIR_CAPI_EXPORTED bool pumiceDeviceValueCosts(MlirAttribute device,
                                               MlirStringCallback callback,
                                               void *user);
/* The fields of a device as JSON; false when `device` is not a device. */
MLIR_CAPI_EXPORTED bool pumiceDeviceToJson(MlirAttribute device,
                                           MlirStringCallback callback,
                                           void *user);
/* The device of such JSON, verified; null, and diagnostics that name the device
 * `name` and the field, if it cannot be. */
MLIR_CAPI_EXPORTED MlirAttribute pumiceDeviceFromJson(MlirContext context,
                                                      MlirStringRef json,
                                                      MlirStringRef name);
/* A device as JSON after its laws: {stated, effective, notes}. `stated` has the
 * points of laws whose figures differ from those of the JSON `before` moved to
 * the device (no device if empty), `effective` the fields with laws applied,
 * `notes` a text for each law outside of the range of its source. False, and
 * diagnostics, if the JSON does not describe a device. */
MLIR_CAPI_EXPORTED bool
pumiceDeviceLaws(MlirContext context, MlirStringRef before, MlirStringRef after,
                 MlirStringCallback callback, void *user);
/* The device of the JSON `after`, with the points of laws whose figures differ
 * from those of the JSON `before` moved to it, and a text to `note` for each
 * law outside of the range of its source. Null, and diagnostics that name
 * `name`, on failure. */
MLIR_CAPI_EXPORTED MlirAttribute pumiceDeviceChanged(
    MlirContext context, MlirStringRef before, MlirStringRef after,
    MlirStringRef name, MlirStringCallback note, void *noteUser);
/* All fields of devices as JSON (lib/Device/Device.h). */
MLIR_CAPI_EXPORTED void pumiceDeviceKeys(MlirStringCallback callback,
                                         void *user);
/* All laws as JSON (lib/Device/Laws.h). */
MLIR_CAPI_EXPORTED void pumiceAllLaws(MlirStringCallback callback, void *user);
/* JSON of the names of a device's fields ("device") and of those of each kind
 * of group. */
MLIR_CAPI_EXPORTED void pumiceDeviceFields(MlirStringCallback callback,
                                           void *user);

/*===-- Costs
 * --------------------------------------------------------------===*/

/* What each task or instruction of the module costs on the module's device, in
 * order, as JSON: [{op, cost}] (lib/Model/Machine/Report.h). False, and the
 * text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool pumiceTaskCosts(MlirModule module,
                                        MlirStringCallback callback, void *user,
                                        MlirStringCallback error,
                                        void *errorUser);

/*===-- Programs
 * -----------------------------------------------------------===*/

/* Element types, as in the hardware model: i1 i8 i16 i32 i64 f32 f64. */
typedef struct {
  void *data; /* null in a specification */
  int elementType;
  intptr_t rank;
  const int64_t *shape;
} PumiceTensor;

typedef struct {
  void *ptr;
} PumiceProgram;
typedef struct {
  void *ptr;
} PumiceRun;

/* Null, and diagnostics, when the module is not a machine program. The module
 * must outlive the program. */
MLIR_CAPI_EXPORTED PumiceProgram pumiceProgramLoad(MlirModule module);
/* Whether a run on another thread is to end after its current instruction. */
MLIR_CAPI_EXPORTED void pumiceProgramSetStopped(PumiceProgram program,
                                                bool value);
MLIR_CAPI_EXPORTED void pumiceProgramDestroy(PumiceProgram program);
MLIR_CAPI_EXPORTED intptr_t pumiceProgramNumInputs(PumiceProgram program);
MLIR_CAPI_EXPORTED intptr_t pumiceProgramNumOutputs(PumiceProgram program);
/* Views that live as long as the program. */
MLIR_CAPI_EXPORTED PumiceTensor pumiceProgramInput(PumiceProgram program,
                                                   intptr_t index,
                                                   MlirStringRef *name);
MLIR_CAPI_EXPORTED PumiceTensor pumiceProgramOutput(PumiceProgram program,
                                                    intptr_t index,
                                                    MlirStringRef *name);
/* JSON of the tensors that a run computes, in order: an array of {name, kind,
 * shape, element, places: [{node, layer, file, line}]}; kind is sums, values or
 * copy. */
MLIR_CAPI_EXPORTED void pumiceProgramTensors(PumiceProgram program,
                                             MlirStringCallback callback,
                                             void *user);
/* What a program keeps between runs: the number of parts, and a view of the
 * value of one, that lives until the next run or reset; without data, and the
 * text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED intptr_t pumiceProgramNumStates(PumiceProgram program);
MLIR_CAPI_EXPORTED PumiceTensor pumiceProgramState(PumiceProgram program,
                                                   intptr_t index,
                                                   MlirStringRef *name,
                                                   MlirStringCallback error,
                                                   void *errorUser);
/* Makes the state what it was before the first run. */
MLIR_CAPI_EXPORTED void pumiceProgramReset(PumiceProgram program);
/* Writes the state to the module. */
MLIR_CAPI_EXPORTED void pumiceProgramStoreState(PumiceProgram program);
/* Keeps the state together with `other`, which must outlive the program. False,
 * and the text of the problem, on failure. */
MLIR_CAPI_EXPORTED bool pumiceProgramShareState(PumiceProgram program,
                                                PumiceProgram other,
                                                MlirStringCallback error,
                                                void *errorUser);
/* Milliseconds spent on compiling regions and programming grids so far. */
MLIR_CAPI_EXPORTED double pumiceProgramPrepareMs(PumiceProgram program);
/* JSON of what generating the code of digital regions took: regions, distinct,
   cached, seconds. Before the first run the callback is not called. */
MLIR_CAPI_EXPORTED void pumiceProgramCodeStats(PumiceProgram program,
                                               MlirStringCallback callback,
                                               void *user);

/* Sees each computed value: name of the node, and a view for the call. */
typedef void (*PumiceObserver)(MlirStringRef name, PumiceTensor value,
                               void *user);

/* Runs on `inputs`, or, with `inputs` null, estimates. Null, and the text of
 * the problem to `error`, on failure. `observer` may be null. */
MLIR_CAPI_EXPORTED PumiceRun pumiceProgramRun(
    PumiceProgram program, intptr_t numInputs, const PumiceTensor *inputs,
    unsigned threads, PumiceObserver observer, void *observerUser,
    MlirStringCallback error, void *errorUser);
/* Estimates on a device that differs from the program's own in energies, times
 * and areas only: the sums of the report (ReportDetail::sums in
 * lib/Model/Machine/Report.h) as JSON. False, and the text of the problem to
 * `error`, on failure. */
MLIR_CAPI_EXPORTED bool
pumiceProgramEstimateOn(PumiceProgram program, MlirAttribute device,
                        unsigned threads, MlirStringCallback callback,
                        void *user, MlirStringCallback error, void *errorUser);
/* What probes show, over any number of runs. */
typedef struct {
  void *ptr;
} PumiceCollector;
/* Keeps up to `maxSamples` elements of each probe; with `columnSums`, counts
 * the column sums of calibrated converters too. */
MLIR_CAPI_EXPORTED PumiceCollector pumiceCollectorCreate(int64_t maxSamples,
                                                         bool columnSums);
MLIR_CAPI_EXPORTED void pumiceCollectorDestroy(PumiceCollector collector);
/* JSON of the observations, by name of the probe. */
MLIR_CAPI_EXPORTED void pumiceCollectorReport(PumiceCollector collector,
                                              MlirStringCallback callback,
                                              void *user);
/* Runs on `inputs` and collects. False, and the text of the problem to `error`,
 * on failure; the collector then holds part of the run. */
MLIR_CAPI_EXPORTED bool
pumiceProgramObserve(PumiceProgram program, PumiceCollector collector,
                     intptr_t numInputs, const PumiceTensor *inputs,
                     unsigned threads, MlirStringCallback error,
                     void *errorUser);
/* Sets the ranges of calibrated converters to that fraction of the collected
 * sums, in the module too. False, and the text of the problem, on failure. */
MLIR_CAPI_EXPORTED bool pumiceProgramSetAdcRanges(PumiceProgram program,
                                                  PumiceCollector collector,
                                                  double fraction,
                                                  MlirStringCallback error,
                                                  void *errorUser);
MLIR_CAPI_EXPORTED void pumiceRunDestroy(PumiceRun run);
MLIR_CAPI_EXPORTED intptr_t pumiceRunNumOutputs(PumiceRun run);
MLIR_CAPI_EXPORTED PumiceTensor pumiceRunOutput(PumiceRun run, intptr_t index);
MLIR_CAPI_EXPORTED void
pumiceRunReport(PumiceRun run, MlirStringCallback callback, void *user);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_PUMICE_H */
