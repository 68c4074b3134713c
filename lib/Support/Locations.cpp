// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Locations.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace pumice;

OpNames pumice::namesOf(Location loc) {
  OpNames names;
  LocationAttr fallback;
  loc->walk([&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part)) {
      names.layer = names.node = name.getName().str();
      if (auto inner = dyn_cast<NameLoc>(name.getChildLoc()))
        names.node = inner.getName().str();
      return WalkResult::interrupt();
    }
    if (!fallback && isa<FileLineColLoc>(part))
      fallback = part;
    return WalkResult::advance();
  });
  if (names.layer.empty() && fallback) {
    auto file = cast<FileLineColLoc>(fallback);
    names.layer = (llvm::sys::path::filename(file.getFilename()) + ":" +
                   Twine(file.getLine()))
                      .str();
    names.node = names.layer;
  }
  return names;
}
