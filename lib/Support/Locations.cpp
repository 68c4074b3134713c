// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Locations.h"

#include "lib/Support/Text.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace pumice;

static void setSource(Place &place, LocationAttr loc) {
  auto file = dyn_cast_or_null<FileLineColLoc>(loc);
  if (!file)
    return;
  place.file = file.getFilename();
  place.line = file.getLine();
  place.column = file.getColumn();
}

Place pumice::placeOf(Location loc) {
  Place place;
  LocationAttr fallback;
  loc->walk([&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part)) {
      place.node = name.getName();
      if (auto inner = dyn_cast<NameLoc>(name.getChildLoc())) {
        place.layer = place.node;
        place.node = inner.getName();
        name = inner;
      }
      setSource(place, name.getChildLoc());
      return WalkResult::interrupt();
    }
    if (!fallback && isa<FileLineColLoc>(part))
      fallback = part;
    return WalkResult::advance();
  });
  if (place.node.empty())
    setSource(place, fallback);
  return place;
}

OpNames pumice::namesOf(Location loc) {
  Place place = placeOf(loc);
  OpNames names;
  if (!place.node.empty()) {
    names.node = asText(place.node);
    names.layer = place.layer.empty() ? names.node : asText(place.layer);
  } else if (!place.file.empty()) {
    names.layer = asText(llvm::sys::path::filename(place.file)) + ":" +
                  std::to_string(place.line);
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
