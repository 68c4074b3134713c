/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Functions.h - C interface of nets and tables of programs -----------===*/
#ifndef PUMICE_LIB_CAPI_FUNCTIONS_H
#define PUMICE_LIB_CAPI_FUNCTIONS_H

#include "mlir-c/IR.h"
#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A net or table of a machine program, as its runs look it up. */
typedef struct {
  void *ptr;
} PumiceFunction;

/* JSON of what a machine program applies nets and tables to, in order: [{node,
 * layer, kind, function}]. `kind` is that of the region, `function` the symbol.
 */
MLIR_CAPI_EXPORTED void pumiceModuleFunctions(MlirModule module,
                                              MlirStringCallback callback,
                                              void *user);

/* Null, and the text of the problem to `error`, if no symbol has the name. */
MLIR_CAPI_EXPORTED PumiceFunction pumiceFunctionCreate(MlirModule module,
                                                       MlirStringRef name,
                                                       MlirStringCallback error,
                                                       void *errorUser);
MLIR_CAPI_EXPORTED void pumiceFunctionDestroy(PumiceFunction function);

/* What `simulator.apply` computes of `count` numbers. */
MLIR_CAPI_EXPORTED void pumiceFunctionApply(PumiceFunction function,
                                            const float *x, float *y,
                                            intptr_t count, unsigned threads);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_FUNCTIONS_H */
