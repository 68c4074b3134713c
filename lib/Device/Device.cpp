// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"

#include "dialects/PUM/PUM.h"
#include "lib/Device/Tables.h"
#include "lib/Support/Isolated.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include <dlfcn.h>

using namespace mlir;
using namespace pumice;

/// The directory of the presets: PUMICE_PRESETS, or `presets` next to the
/// shared library or program that contains this function.
static std::string presetFolder() {
  if (std::optional<std::string> folder =
          llvm::sys::Process::GetEnv("PUMICE_PRESETS"))
    return *folder;
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&presetFolder), &info) ||
      !info.dli_fname)
    return "presets";
  SmallString<256> path;
  if (llvm::sys::fs::real_path(info.dli_fname, path))
    path = llvm::sys::fs::getMainExecutable(
        nullptr, reinterpret_cast<void *>(&presetFolder));
  SmallString<256> folder(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(folder, "presets");
  return std::string(folder);
}

std::vector<std::string> pumice::presetNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(presetFolder(), error), end;
       it != end && !error; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".mlir")
      names.push_back(llvm::sys::path::stem(it->path()).str());
  llvm::sort(names);
  return names;
}

/// `text` with comments replaced by spaces, because MLIR matches the brackets
/// of an attribute's body before it skips comments.
static std::string blankComments(StringRef text) {
  std::string result = text.str();
  bool inString = false, inComment = false;
  for (size_t i = 0; i < result.size(); ++i) {
    char &c = result[i];
    if (c == '\n')
      inString = inComment = false;
    else if (inComment)
      c = ' ';
    else if (c == '"')
      inString = !inString;
    else if (!inString && text.substr(i).starts_with("//")) {
      inComment = true;
      c = ' ';
    }
  }
  return result;
}

/// The line of a position, with a caret below it.
static std::string withCaret(StringRef text, unsigned line, unsigned column) {
  for (unsigned i = 1; i < line; ++i)
    text = text.split('\n').second;
  text = text.split('\n').first;
  if (text.trim().empty() || column == 0 || column > text.size() + 1)
    return "";
  const size_t indent = text.size() - text.ltrim().size();
  if (column <= indent)
    return "";
  return "\n  " + text.trim().str() + "\n  " +
         std::string(column - 1 - indent, ' ') + "^";
}

/// A hint for a message of MLIR that a field is unknown.
static std::string fieldHint(StringRef message) {
  constexpr StringLiteral unknown =
      "duplicate or unknown struct parameter name: ";
  auto [before, name] = message.split(unknown);
  if (before == message)
    return "";
  std::vector<std::string> words;
  for (const llvm::json::Value &item : deviceKeys()) {
    const StringRef key = *item.getAsObject()->getString("key");
    SmallVector<StringRef> parts;
    key.split(": ").second.split(parts, '.');
    for (StringRef part : parts)
      words.push_back(part.str());
  }
  for (StringRef word : {"groups", "levels", "components", "laws", "ops"})
    words.push_back(word.str());
  llvm::sort(words);
  SmallVector<StringRef> known(words.begin(), words.end());
  return didYouMean(name.trim(), known);
}

FailureOr<pum::DeviceAttr> pumice::loadDevice(StringRef name, Location loc) {
  SmallString<256> path(name);
  bool isPath = llvm::sys::path::has_parent_path(name) ||
                llvm::sys::path::has_extension(name);
  if (!isPath) {
    path = presetFolder();
    llvm::sys::path::append(path, name + ".mlir");
  }
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file) {
    if (isPath)
      return emitError(loc) << "cannot read device file '" << name
                            << "': " << file.getError().message();
    return emitError(loc) << "no device '" << name << "', expected one of "
                          << llvm::join(presetNames(), ", ")
                          << " or the path of a device file";
  }
  std::string text = blankComments((*file)->getBuffer());
  if (StringRef(text).trim().empty())
    return emitError(loc) << "device file '" << path
                          << "': expected a #pum.device, got an empty file";
  MLIRContext *context = loc.getContext();
  context->getOrLoadDialect<pum::PUMDialect>();
  auto parse = [&](MLIRContext &child) {
    child.getOrLoadDialect<pum::PUMDialect>();
    (void)parseAttribute(text, &child);
  };
  if (isPath && failed(survivesReading(loc, path, text.size(), parse)))
    return failure();
  std::string problem;
  Attribute attr;
  size_t read = 0; // counted from the first token
  {
    ScopedDiagnosticHandler handler(context, [&](Diagnostic &diag) {
      if (!problem.empty())
        return success(); // follows from the first
      const std::string message = diag.str();
      llvm::raw_string_ostream os(problem);
      auto at = dyn_cast<FileLineColLoc>(diag.getLocation());
      if (at)
        os << "line " << at.getLine() << ", column " << at.getColumn() << ": ";
      os << message << fieldHint(message);
      if (at)
        os << withCaret((*file)->getBuffer(), at.getLine(), at.getColumn());
      return success();
    });
    attr = parseAttribute(text, context, Type(), &read);
  }
  if (!attr)
    return emitError(loc) << "device file '" << path << "': " << problem;
  if (!StringRef(text).ltrim().substr(read).trim().empty())
    return emitError(loc) << "device file '" << path
                          << "': expected nothing after the device";
  auto device = dyn_cast<pum::DeviceAttr>(attr);
  if (!device)
    return emitError(loc) << "device file '" << path
                          << "': expected a #pum.device, got " << attr;
  model::DeviceSpec spec = toStatedSpec(device);
  if (!namesTables(spec))
    return device;
  const std::string begin = ("device file '" + path + "': ").str();
  if (failed(readTables(spec, llvm::sys::path::parent_path(path), begin, loc)))
    return failure();
  return toAttribute(spec, loc, device.getName());
}

FailureOr<pum::DeviceAttr> pumice::getDevice(ModuleOp module) {
  auto device = module->getAttrOfType<pum::DeviceAttr>(pum::deviceAttrName);
  if (!device)
    return module.emitError("names no device: expected the attribute ")
           << pum::deviceAttrName
           << " (pum-attach-device{device=NAME} sets it)";
  return device;
}

pum::DeviceAttr pumice::deviceOf(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  return module ? module->getAttrOfType<pum::DeviceAttr>(pum::deviceAttrName)
                : pum::DeviceAttr();
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

/// The first group of a kind, or the one with a name; null if there is none.
template <typename GroupAttr>
static GroupAttr groupOf(pum::DeviceAttr device, StringRef name) {
  for (Attribute attr : device.getGroups())
    if (auto group = dyn_cast<GroupAttr>(attr))
      if (name.empty() || group.getName() == name)
        return group;
  return {};
}

/// The arrays of a group of crossbars or systolic arrays; null for others.
static crossbar::CrossbarArrayAttr arrayOf(Attribute group) {
  if (auto arrays = dyn_cast<pum::CrossbarGroupAttr>(group))
    return arrays.getArray();
  if (auto arrays = dyn_cast<pum::SystolicGroupAttr>(group))
    return arrays.getArray();
  return {};
}

crossbar::CrossbarArrayAttr pumice::arrayOf(pum::DeviceAttr device,
                                            StringRef group) {
  for (Attribute attr : device.getGroups())
    if (auto array = ::arrayOf(attr))
      if (group.empty() || cast<pum::UnitGroup>(attr).getName() == group)
        return array;
  return {};
}

StringRef pumice::groupWith(pum::DeviceAttr device,
                            crossbar::CrossbarArrayAttr array) {
  for (Attribute attr : device.getGroups())
    if (::arrayOf(attr) == array)
      return cast<pum::UnitGroup>(attr).getName();
  return {};
}

model::Window pumice::toWindow(crossbar::WindowAttr window,
                               ArrayRef<int64_t> input,
                               ArrayRef<int64_t> output) {
  if (!window)
    return input.size() == 3
               ? model::Window::linear(input[1], input[0] * input[2])
               : model::Window::linear(input[0], input[1]);
  model::Window result;
  result.batch = input[0];
  result.channels = input[1];
  result.height = input[2];
  result.width = input[3];
  llvm::copy(window.getKernel(), result.kernel);
  llvm::copy(window.getStrides(), result.strides);
  llvm::copy(window.getDilations(), result.dilations);
  ArrayRef<int64_t> padding = window.getPadding();
  result.padTop = padding[0];
  result.padLeft = padding[1];
  result.padBottom = padding[2];
  result.padRight = padding[3];
  result.outHeight = output[2];
  result.outWidth = output[3];
  return result;
}

std::optional<model::APSpec> pumice::processorsOf(pum::DeviceAttr device,
                                                  StringRef group) {
  auto processors = groupOf<pum::AssociativeGroupAttr>(device, group);
  if (!processors)
    return std::nullopt;
  return toSpec(processors.getAp());
}

bool pumice::hasCrossbars(pum::DeviceAttr device) {
  return bool(arrayOf(device, ""));
}

bool pumice::hasProcessors(pum::DeviceAttr device) {
  return bool(groupOf<pum::AssociativeGroupAttr>(device, ""));
}

bool pumice::hasCams(pum::DeviceAttr device) {
  return bool(groupOf<pum::CamGroupAttr>(device, ""));
}

std::optional<model::CamSpec> pumice::camsOf(pum::DeviceAttr device,
                                             StringRef group) {
  auto cams = groupOf<pum::CamGroupAttr>(device, group);
  if (!cams)
    return std::nullopt;
  return toSpec(cams.getCam());
}

bool pumice::takesTemporaryWeights(pum::DeviceAttr device, StringRef group) {
  auto arrays = groupOf<pum::CrossbarGroupAttr>(device, group);
  return arrays && arrays.getDynamicMatmul() == pum::DynamicMatmul::crossbar;
}

std::optional<LayerTarget> pumice::targetOfGroup(pum::DeviceAttr device,
                                                 StringRef group) {
  if (group.empty())
    return std::nullopt;
  if (arrayOf(device, group))
    return LayerTarget::crossbar;
  if (groupOf<pum::AssociativeGroupAttr>(device, group))
    return LayerTarget::ap;
  if (groupOf<pum::CamGroupAttr>(device, group))
    return LayerTarget::cam;
  if (groupOf<pum::DigitalGroupAttr>(device, group))
    return LayerTarget::digital;
  return std::nullopt;
}
