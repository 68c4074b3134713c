/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Scheduling.h - C interface of the scheduler ------------------------===*/
#ifndef PUMICE_LIB_CAPI_SCHEDULING_H
#define PUMICE_LIB_CAPI_SCHEDULING_H

#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Answers a request of lib/Scheduling/Request.h, in JSON, to `callback`. False,
 * and the text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool pumiceSchedule(MlirStringRef request,
                                       MlirStringCallback callback, void *user,
                                       MlirStringCallback error,
                                       void *errorUser);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_SCHEDULING_H */
