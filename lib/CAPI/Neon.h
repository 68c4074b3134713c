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

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_NEON_H */
