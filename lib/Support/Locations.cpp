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
      names.isNamed = true;
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
    names.isNamed = false;
    names.layer = (llvm::sys::path::filename(file.getFilename()) + ":" +
                   Twine(file.getLine()))
                      .str();
    names.node = names.layer;
  }
  return names;
}

Location pumice::withLayerOf(Location layer, Location node) {
  auto named = dyn_cast<NameLoc>(layer), other = dyn_cast<NameLoc>(node);
  if (!named || !other)
    return node;
  return NameLoc::get(named.getName(), other.getChildLoc());
}

Location pumice::withNodeSuffix(Location loc, StringRef suffix) {
  auto layer = dyn_cast<NameLoc>(loc);
  auto node = layer ? dyn_cast<NameLoc>(layer.getChildLoc()) : NameLoc();
  if (!node)
    return loc;
  auto name =
      StringAttr::get(loc.getContext(), node.getName().strref() + suffix);
  return NameLoc::get(layer.getName(), NameLoc::get(name, node.getChildLoc()));
}
