// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_AP_SEARCHES_H
#define PUMICE_LIB_TRANSFORMS_AP_SEARCHES_H

#include "dialects/AP/AP.h"
#include "lib/Model/Cam/Search.h"

namespace pumice {

/// A search, its kind and its mapping, as the hardware model sees them.
model::SearchSpec searchSpecOf(ap::CamSearchOp op);
model::SearchKind searchKindOf(ap::SearchKind kind);
/// The op has a mapping.
model::SearchMapping searchMappingOf(ap::CamSearchOp op);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SEARCHES_H
