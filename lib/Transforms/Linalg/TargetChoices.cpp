// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Linalg/TargetChoices.h"

#include "lib/Device/Device.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace pumice;

FailureOr<SmallVector<TargetChoice>>
pumice::readTargetChoices(Operation *op, ArrayRef<std::string> targets,
                          pum::DeviceAttr device) {
  SmallVector<TargetChoice> choices;
  for (const std::string &text : targets) {
    auto [layers, name] = StringRef(text).rsplit('=');
    std::optional<LayerTarget> target = symbolizeLayerTarget(name);
    const bool isAuto = name == "auto";
    if (isAuto)
      target = LayerTarget::digital;
    std::string group;
    if (!target && device) {
      target = targetOfGroup(device, name);
      group = name;
    }
    if (layers.empty() || !target)
      return op->emitError(
                 "targets: expected LAYER=TARGET with crossbar, ap, cam, "
                 "digital, auto or a group of the device as target, got '")
             << text << "'";
    llvm::Expected<llvm::GlobPattern> pattern =
        llvm::GlobPattern::create(layers);
    if (!pattern)
      return op->emitError("targets: '")
             << text << "': " << llvm::toString(pattern.takeError());
    choices.push_back({text, std::move(*pattern),
                       layers.find_first_of("*?[\\{") == StringRef::npos,
                       *target, std::move(group), isAuto});
  }
  return choices;
}

TargetChoice *pumice::findTargetChoice(MutableArrayRef<TargetChoice> choices,
                                       StringRef layer) {
  TargetChoice *choice = llvm::find_if(choices, [&](const TargetChoice &each) {
    return each.layers.match(layer);
  });
  return choice == choices.end() ? nullptr : choice;
}

std::string pumice::whyNotOn(LayerTarget target, const IntegerLayer &layer,
                             pum::DeviceAttr device) {
  std::string why;
  switch (target) {
  case LayerTarget::crossbar:
    if (device && !hasCrossbars(device))
      return "the device has no crossbars";
    break;
  case LayerTarget::ap:
    if (!device || !hasProcessors(device))
      return "the device has no associative processors";
    if (!matchTernaryLayer(layer, why))
      return why;
    break;
  case LayerTarget::cam:
    return "it is not a search of stored words";
  case LayerTarget::digital:
    break;
  }
  return "";
}
