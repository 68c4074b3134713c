// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "pum-attach-device"

namespace pumice {
#define GEN_PASS_DEF_PUMATTACHDEVICE
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {
struct PUMAttachDevicePass
    : pumice::impl::PUMAttachDeviceBase<PUMAttachDevicePass> {
  using PUMAttachDeviceBase::PUMAttachDeviceBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<pum::DeviceAttr> attr = device.empty()
                                          ? getDevice(module)
                                          : loadDevice(device, module.getLoc());
    if (failed(attr))
      return signalPassFailure();
    LDBG() << "device '" << attr->getName() << "'";
    module->setAttr(pum::deviceAttrName, *attr);
  }
};
} // namespace
