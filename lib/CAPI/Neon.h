/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Neon.h - C interface of lib/Neon -----------------------------------===*/
#ifndef PUMICE_LIB_CAPI_NEON_H
#define PUMICE_LIB_CAPI_NEON_H

#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fits a net to `count` values, one for each value of the input; `weights` may
 * be null. `options` is a JSON object (see lib/CAPI/Neon.cpp); calls `result`
 * with the JSON of the net, its errors and its name. False, and the text of the
 * problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool
pumiceNeonFit(const double *values, const double *weights, intptr_t count,
              MlirStringRef options, MlirStringCallback result,
              void *resultUser, MlirStringCallback error, void *errorUser);

/* Calls `table` with the output value of each input of a net given as JSON.
 * False, and the text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool pumiceNeonTable(
    MlirStringRef net,
    void (*table)(const int32_t *values, intptr_t count, void *user),
    void *tableUser, MlirStringCallback error, void *errorUser);

/* Rows that a converter sums without clipping. */
MLIR_CAPI_EXPORTED int64_t pumiceNeonLosslessRows(int64_t adcBits,
                                                  int64_t cellBits,
                                                  int64_t dacBits);

/* The functions of the library and the compositions, as JSON. */
MLIR_CAPI_EXPORTED void pumiceNeonLibrary(MlirStringCallback result,
                                          void *user);

/* Fits a function of the library (lib/Neon/Library.h) with all widths of `bits`
 * bits; calls `result` as pumiceNeonFit does, with the reduction of its range.
 */
MLIR_CAPI_EXPORTED bool
pumiceNeonFitFunction(MlirStringRef name, int64_t bits, int64_t maxHidden,
                      MlirStringCallback result, void *resultUser,
                      MlirStringCallback error, void *errorUser);

/* Replaces `count` values by the net's, reduction and tails included. `net` is
 * a JSON object of `net` and `reduction`. The number of values that were
 * clamped, or -1 and a text to `error` on failure. */
MLIR_CAPI_EXPORTED int64_t pumiceNeonEvaluate(MlirStringRef net, double *values,
                                              intptr_t count,
                                              MlirStringCallback error,
                                              void *errorUser);

/* Computes a composition of nets (lib/Neon/Compose.h) of rows of `length`
 * values, in place. `request` is a JSON object: `name`, `nets` by the name of
 * their function, `groups`, `epsilon`. `mask` may be null. False, and the text
 * of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool pumiceNeonCompose(MlirStringRef request, double *values,
                                          intptr_t count, int64_t length,
                                          const uint8_t *mask,
                                          MlirStringCallback error,
                                          void *errorUser);

/* Fits a net of whole vectors (lib/Neon/Whole.h); calls `result` with its
 * errors as JSON. `options` is a JSON object: `hidden` (a list), `bits`,
 * `seed`, `force`. */
MLIR_CAPI_EXPORTED bool
pumiceNeonFitWhole(const double *x, intptr_t xCount, const double *y,
                   intptr_t yCount, int64_t rows, MlirStringRef options,
                   MlirStringCallback result, void *resultUser,
                   MlirStringCallback error, void *errorUser);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_NEON_H */
