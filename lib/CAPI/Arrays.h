/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Arrays.h - C interface of single matrices on arrays ----------------===*/
#ifndef PUMICE_LIB_CAPI_ARRAYS_H
#define PUMICE_LIB_CAPI_ARRAYS_H

#include "lib/CAPI/Pumice.h"
#include "mlir-c/IR.h"
#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A matrix of lib/Model/Crossbar/Tiling.h, and the seed of its cells and noise:
 * below 0, that of the device. */
typedef struct {
  int64_t groups, rows, columns, weightBits, inputBits;
  bool inputSigned;
  int64_t adcRange, layer, seed;
} PumiceMatrix;

/* A window of lib/Model/Core/Window.h; the input is NCHW. */
typedef struct {
  int64_t kernel[2], strides[2], dilations[2];
  int64_t padTop, padLeft, outHeight, outWidth;
} PumiceWindow;

/* A matrix that is programmed on arrays. */
typedef struct {
  void *ptr;
} PumiceGrid;

/* JSON of the layers of a machine program that run on arrays, in order: [{node,
 * layer, group, groups, rows, columns, weight_bits, input_bits, input_signed,
 * adc_range, number, input_zero_point, weight_zero_point, is_constant}]. Of a
 * layer in parts, the sizes are those of the whole and the number is that of
 * the first part. */
MLIR_CAPI_EXPORTED void pumiceModuleMatrices(MlirModule module,
                                             MlirStringCallback callback,
                                             void *user);

/* Programs filters ([groups * columns][rows], i8 to i32) on the arrays of a
 * group of `device`. Null, and the text of the problem to `error`, on failure.
 */
MLIR_CAPI_EXPORTED PumiceGrid pumiceGridCreate(
    MlirAttribute device, MlirStringRef group, PumiceMatrix matrix,
    PumiceTensor weights, MlirStringCallback error, void *errorUser);
MLIR_CAPI_EXPORTED void pumiceGridDestroy(PumiceGrid grid);

/* What `simulator.mvm` computes: `x` (NCHW) to `y` (i32 or i64). False, and the
 * text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool
pumiceGridCompute(PumiceGrid grid, PumiceTensor x, PumiceWindow window,
                  int64_t inputZeroPoint, int64_t weightZeroPoint,
                  PumiceTensor y, unsigned threads, MlirStringCallback error,
                  void *errorUser);

/* See lib/Model/Crossbar/EffectiveWeights.h; fills `out`, of as many elements
 * as `weights`. False, and the text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool
pumiceEffectiveWeights(MlirAttribute device, MlirStringRef group,
                       PumiceMatrix matrix, PumiceTensor weights,
                       unsigned threads, float *out, double *conversionGain,
                       MlirStringCallback error, void *errorUser);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_ARRAYS_H */
