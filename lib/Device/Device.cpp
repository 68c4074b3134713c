// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"

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

/// The folder of the presets: PUMICE_PRESETS, or `presets` beside the shared
/// library or program that holds this function.
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

/// `text` with its comments blanked, at the same positions: MLIR matches
/// brackets of an attribute's body before it knows of comments.
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
    return emitError(loc) << "device file '" << path << "': no device";
  MLIRContext *context = loc.getContext();
  context->getOrLoadDialect<pum::PUMDialect>();
  std::string problem;
  Attribute attr;
  size_t read = 0; // from the first token on
  {
    ScopedDiagnosticHandler handler(context, [&](Diagnostic &diag) {
      llvm::raw_string_ostream os(problem);
      if (auto at = dyn_cast<FileLineColLoc>(diag.getLocation()))
        os << "line " << at.getLine() << ", column " << at.getColumn() << ": ";
      os << diag;
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
  return device;
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

bool pumice::hasCrossbars(pum::DeviceAttr device) {
  return bool(device.getArray());
}

bool pumice::hasProcessors(pum::DeviceAttr device) {
  return bool(device.getAp());
}

bool pumice::takesTemporaryWeights(pum::DeviceAttr device) {
  return device.getDynamicMatmul() == pum::DynamicMatmul::crossbar;
}

//===----------------------------------------------------------------------===//
// Attribute to numbers
//===----------------------------------------------------------------------===//

model::ArraySpec pumice::toSpec(crossbar::CrossbarArrayAttr array) {
  model::ArraySpec spec;
  spec.rows = array.getRows();
  spec.columns = array.getColumns();
  spec.cellBits = array.getCellBits();
  spec.weightBits = array.getWeightBits();
  spec.inputBits = array.getInputBits();
  spec.dacBits = array.getDacBits();
  spec.adcBits = array.getAdc().getBits();
  switch (array.getAdc().getMode()) {
  case crossbar::AdcMode::lossless:
    spec.adcMode = model::AdcMode::lossless;
    break;
  case crossbar::AdcMode::clip:
    spec.adcMode = model::AdcMode::clip;
    break;
  case crossbar::AdcMode::full_scale:
    spec.adcMode = model::AdcMode::fullScale;
    break;
  case crossbar::AdcMode::calibrated:
    spec.adcMode = model::AdcMode::calibrated;
    break;
  }
  switch (array.getEncoding()) {
  case crossbar::Encoding::offset:
    spec.encoding = model::WeightEncoding::offset;
    break;
  case crossbar::Encoding::offset_flip:
    spec.encoding = model::WeightEncoding::offsetFlip;
    break;
  case crossbar::Encoding::differential:
    spec.encoding = model::WeightEncoding::differential;
    break;
  }
  spec.columnsPerAdc = array.getColumnsPerAdc();
  spec.rowsPerRead = array.getRowsPerRead();
  if (crossbar::AnalogAttr analog = array.getAnalog())
    spec.analog = model::AnalogSpec{analog.getSeed(),
                                    analog.getProgramErrorAbsolute(),
                                    analog.getProgramErrorRelative(),
                                    analog.getReadNoise(),
                                    analog.getOnOffRatio(),
                                    analog.getReferenceColumn(),
                                    analog.getNonlinearity(),
                                    analog.getStuckOn(),
                                    analog.getStuckOff(),
                                    analog.getDriftExponent(),
                                    analog.getDriftExponentSigma(),
                                    analog.getDriftTimeS(),
                                    analog.getWireResistanceOhm(),
                                    analog.getOnResistanceOhm()};
  return spec;
}

model::APSpec pumice::toSpec(pum::APAttr ap) {
  model::APSpec spec;
  spec.rows = ap.getRows();
  spec.columns = ap.getColumns();
  spec.domains = ap.getDomains();
  spec.searchNs = ap.getSearchNs();
  spec.searchPjPerBit = ap.getSearchPjPerBit();
  spec.writeNs = ap.getWriteNs();
  spec.writePjPerBit = ap.getWritePjPerBit();
  spec.readNs = ap.getReadNs();
  spec.readPjPerBit = ap.getReadPjPerBit();
  spec.shiftNs = ap.getShiftNs();
  spec.shiftPjPerBit = ap.getShiftPjPerBit();
  spec.linkPjPerBit = ap.getLinkPjPerBit();
  spec.fetchPjPerByte = ap.getFetchPjPerByte();
  spec.elementwiseBits = ap.getElementwiseBits();
  return spec;
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

static model::MemorySpec toSpec(StringRef name, pum::MemoryAttr memory) {
  model::MemorySpec spec;
  spec.name = name.str();
  spec.capacityBytes = memory.getCapacityBytes();
  spec.ports = memory.getPorts();
  spec.bandwidthBytesPerNs = memory.getBandwidthBytesPerNs();
  spec.latencyNs = memory.getLatencyNs();
  spec.readPjPerByte = memory.getReadPjPerByte();
  spec.writePjPerByte = memory.getWritePjPerByte();
  return spec;
}

model::DeviceSpec pumice::toSpec(pum::DeviceAttr device) {
  model::DeviceSpec spec;
  spec.name = device.getName().str();
  if (pum::APAttr ap = device.getAp()) {
    spec.ap = toSpec(ap);
    spec.array.rows = ap.getRows();
    spec.array.columns = ap.getColumns();
  } else {
    spec.array = toSpec(device.getArray());
    pum::TimingAttr timing = device.getTiming();
    spec.timing = {timing.getReadNs(), timing.getAdcNs(),
                   timing.getRowWriteNs()};
    pum::EnergyAttr energy = device.getEnergy();
    spec.energy = {energy.getCellReadPj(),   energy.getDacPj(),
                   energy.getSampleHoldPj(), energy.getAdcPj(),
                   energy.getShiftAddPj(),   energy.getCellWritePj()};
  }
  spec.arraysPerIma = device.getArraysPerIma();
  spec.imasPerTile = device.getImasPerTile();
  spec.tiles = device.getTiles();
  spec.enduranceWrites = device.getEnduranceWrites();
  spec.buffer = ::toSpec("buffer", device.getBuffer());
  spec.dram = ::toSpec("dram", device.getDram());
  pum::DigitalUnitAttr digital = device.getDigital();
  spec.digital.units = digital.getUnits();
  spec.digital.lanes = digital.getLanes();
  spec.digital.clockGhz = digital.getClockGhz();
  for (auto op : digital.getOps().getAsRange<pum::DigitalOpAttr>())
    spec.digital.ops.push_back(
        {op.getKind().str(), op.getEnergyPj(), op.getCycles()});
  for (auto part : device.getComponents().getAsRange<pum::ComponentAttr>())
    spec.components.push_back({part.getName().str(), part.getLevel().str(),
                               part.getCount(), part.getSharedBy(),
                               part.getPowerMw(), part.getAreaUm2(),
                               part.getAlwaysOn()});
  return spec;
}
