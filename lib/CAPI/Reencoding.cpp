// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Reencoding.h"

#include "lib/Reencoding/Reencoding.h"
#include "mlir/CAPI/Support.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <optional>

using namespace pumice::reencoding;

bool pumiceReencode(PumiceReencodeOptions options, const int8_t *codes,
                    const int64_t *shapes, const int64_t *lengths,
                    intptr_t chains, int64_t *transitions, double *errors,
                    uint8_t *offsets, uint8_t *negated, uint16_t *bitlines,
                    uint8_t *flipped, MlirStringCallback error,
                    void *errorUser) {
  const auto fail = [&](const std::string &text) {
    error(wrap(llvm::StringRef(text)), errorUser);
    return false;
  };
  const llvm::StringRef name = unwrap(options.method);
  const std::optional<Method> method = methodOf(name);
  if (!method)
    return fail("re-encoding: expected a method of " +
                llvm::join(methodNames(), ", ") + ", got '" + name.str() + "'");
  std::vector<std::vector<Tile>> tiles(chains);
  for (intptr_t k = 0; k < chains; ++k)
    for (int64_t t = 0; t < lengths[k]; ++t, shapes += 2) {
      tiles[k].push_back({codes, shapes[0], shapes[1]});
      codes +=
          std::max<int64_t>(shapes[0], 0) * std::max<int64_t>(shapes[1], 0);
    }
  llvm::Expected<std::vector<std::vector<Encoding>>> found =
      encode(tiles, {*method, options.rows, options.bitlines, options.rowGroups,
                     options.minimizesSteps, options.clipError,
                     options.isCyclic, options.threads});
  if (!found)
    return fail(llvm::toString(found.takeError()));
  for (const std::vector<Encoding> &chain : *found)
    for (const Encoding &encoding : chain) {
      transitions = llvm::copy(encoding.transitions, transitions);
      *errors++ = encoding.squaredError;
      if (!offsets)
        continue;
      offsets = llvm::copy(encoding.offsets, offsets);
      negated = llvm::copy(encoding.negated, negated);
      bitlines = llvm::copy(encoding.bitline, bitlines);
      flipped = llvm::copy(encoding.flipped, flipped);
    }
  return true;
}

bool pumiceReencodeCosts(MlirStringRef method, int64_t columns,
                         int64_t bitlines, int64_t rowGroups, int64_t *bytes,
                         int64_t *macs) {
  const std::optional<Method> found = methodOf(unwrap(method));
  if (!found)
    return false;
  *bytes = tableBytes(*found, columns, bitlines, rowGroups);
  *macs = correctionsOf(*found, columns, rowGroups);
  return true;
}
