// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Simd.h - Per-function instruction sets -------------------*- C++ -*-===//
//
// A function that is marked with an instruction set may be called only if the
// machine supports it; the rest of the library uses the baseline.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CORE_SIMD_H
#define PUMICE_LIB_MODEL_CORE_SIMD_H

/// Unrolls the next loop, which has a small constant count, so that arrays of
/// vectors that it indexes stay in registers at every optimization level.
#if defined(__clang__)
#define PUMICE_UNROLL _Pragma("unroll")
#else
#define PUMICE_UNROLL _Pragma("GCC unroll 16")
#endif

/// Inlines a function that passes vectors through pointers.
#define PUMICE_INLINE __attribute__((always_inline)) inline

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns about its own AVX-512 intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#define PUMICE_AVX2 __attribute__((target("avx2")))
#define PUMICE_AVX512 __attribute__((target("avx2,avx512f,avx512bw")))
#define PUMICE_AVX512VNNI                                                      \
  __attribute__((target("avx2,avx512f,avx512bw,avx512vnni")))
#endif

#endif // PUMICE_LIB_MODEL_CORE_SIMD_H
