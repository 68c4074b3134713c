// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LayerOpInterface.h - A layer on some kind of unit --------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_H
#define PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_H

#include "dialects/Crossbar/CrossbarTypes.h"
#include "dialects/Crossbar/QuantizedFormat.h"
#include "mlir/IR/OpDefinition.h"

#include <optional>

#include "dialects/Interfaces/LayerTarget.h.inc"

#include "dialects/Interfaces/LayerOpInterface.h.inc"

#endif // PUMICE_DIALECTS_INTERFACES_LAYEROPINTERFACE_H
