// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APATTRS_TD
#define PUMICE_DIALECTS_AP_APATTRS_TD

include "dialects/AP/APDialect.td"

#endif // PUMICE_DIALECTS_AP_APATTRS_TD
