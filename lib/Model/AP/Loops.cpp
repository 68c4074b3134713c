// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Machine.h"
#include "lib/Model/Core/InstructionSet.h"
#include "lib/Model/Core/Simd.h"

using namespace pumice::model;

namespace {

/// 256 rows.
using Rows [[gnu::vector_size(32), gnu::aligned(8)]] = uint64_t;

PUMICE_INLINE uint64_t count(const Rows &rows) {
  return __builtin_popcountll(rows[0]) + __builtin_popcountll(rows[1]) +
         __builtin_popcountll(rows[2]) + __builtin_popcountll(rows[3]);
}

/// Searches and writes; one word of planes at a time, which is the same as one
/// pass at a time, as rows do not see each other.
PUMICE_INLINE uint64_t runPasses(llvm::ArrayRef<APPass> passes, uint64_t *c,
                                 uint64_t *d, uint64_t *b, uint64_t *a,
                                 const uint64_t *active, int64_t words) {
  uint64_t written = 0;
  const Rows zero = {};
  for (int64_t w = 0; w < words; w += 4) {
    const Rows rowsActive = *reinterpret_cast<const Rows *>(active + w);
    Rows av = zero, bv = zero, cv = zero, dv = zero;
    if (a)
      av = *reinterpret_cast<const Rows *>(a + w);
    if (b)
      bv = *reinterpret_cast<const Rows *>(b + w);
    if (c)
      cv = *reinterpret_cast<const Rows *>(c + w);
    if (d)
      dv = *reinterpret_cast<const Rows *>(d + w);
    for (const APPass &pass : passes) {
      // Search.
      Rows tags = rowsActive;
      if (pass.searched & roleA)
        tags &= pass.key & roleA ? av : ~av;
      if (pass.searched & roleB)
        tags &= pass.key & roleB ? bv : ~bv;
      if (pass.searched & roleD)
        tags &= pass.key & roleD ? dv : ~dv;
      if (pass.searched & roleC)
        tags &= pass.key & roleC ? cv : ~cv;
      // Write.
      const uint64_t tagged = count(tags);
      if (pass.written & roleC) {
        cv = pass.bits & roleC ? cv | tags : cv & ~tags;
        written += tagged;
      }
      if (pass.written & roleD) {
        dv = pass.bits & roleD ? dv | tags : dv & ~tags;
        written += tagged;
      }
    }
    if (c)
      *reinterpret_cast<Rows *>(c + w) = cv;
    if (d)
      *reinterpret_cast<Rows *>(d + w) = dv;
  }
  return written;
}

#define PUMICE_AP_LOOP(NAME)                                                   \
  uint64_t NAME(llvm::ArrayRef<APPass> passes, uint64_t *c, uint64_t *d,       \
                uint64_t *b, uint64_t *a, const uint64_t *active,              \
                int64_t words) {                                               \
    return runPasses(passes, c, d, b, a, active, words);                       \
  }

PUMICE_AP_LOOP(runPortable)
#if defined(__x86_64__)
__attribute__((target("avx2,popcnt"))) PUMICE_AP_LOOP(runAvx2)
    __attribute__((target("avx2,popcnt,avx512f,avx512vl")))
    PUMICE_AP_LOOP(runAvx512)
#endif

} // namespace

llvm::ArrayRef<APLoop> pumice::model::apLoops() {
  static const std::vector<APLoop> loops = [] {
    std::vector<APLoop> loops{runPortable};
#if defined(__x86_64__)
    if (mayUse(InstructionSet::Avx2) && __builtin_cpu_supports("popcnt")) {
      loops.push_back(runAvx2);
      if (mayUse(InstructionSet::Avx512) && __builtin_cpu_supports("avx512vl"))
        loops.push_back(runAvx512);
    }
#endif
    return loops;
  }();
  return loops;
}

APLoop pumice::model::apLoop() { return apLoops().back(); }
