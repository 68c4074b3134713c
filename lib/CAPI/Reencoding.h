/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Reencoding.h - C interface of lib/Reencoding -----------------------===*/
#ifndef PUMICE_LIB_CAPI_REENCODING_H
#define PUMICE_LIB_CAPI_REENCODING_H

#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* See lib/Reencoding/Reencoding.h; `method` is a name. */
typedef struct {
  MlirStringRef method;
  int64_t rows, bitlines, rowGroups;
  bool minimizesSteps;
  double clipError;
  bool isCyclic;
  unsigned threads;
} PumiceReencodeOptions;

/* Encodes `chains` chains of `tiles` tiles. Codes of the tiles follow one
 * another, each row by row; `shapes` has rows and columns of each tile, and
 * `lengths` the tiles of each chain. Fills, tile after tile: 16 transitions and
 * one squared error, and unless `offsets` is null, `offsets` by column and
 * group of rows, `negated` by column, `bitlines` and `flipped` by digit. False,
 * and the text of the problem to `error`, on failure. */
MLIR_CAPI_EXPORTED bool
pumiceReencode(PumiceReencodeOptions options, const int8_t *codes,
               const int64_t *shapes, const int64_t *lengths, intptr_t chains,
               int64_t *transitions, double *errors, uint8_t *offsets,
               uint8_t *negated, uint16_t *bitlines, uint8_t *flipped,
               MlirStringCallback error, void *errorUser);

/* Bytes in DRAM of what a tile needs in addition to its weights, and
 * multiply-accumulates of one window that undo offsets and flips. False for a
 * method that does not exist. */
MLIR_CAPI_EXPORTED bool pumiceReencodeCosts(MlirStringRef method,
                                            int64_t columns, int64_t bitlines,
                                            int64_t rowGroups, int64_t *bytes,
                                            int64_t *macs);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_LIB_CAPI_REENCODING_H */
