// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMDIALECT_TD
#define PUMICE_DIALECTS_PUM_PUMDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def PUM_Dialect : Dialect {
  let name = "pum";
  let cppNamespace = "::pumice::pum";
  let summary = "tasks of a network, placed on one processing-using-memory device";
  let description = [{
    A module at this level names its device (`pum.device = #pum.device<...>`)
    and holds a graph of tasks: `pum.program` writes weights into arrays,
    `pum.load` / `pum.store` move tensors between the host and the device,
    `pum.compute` runs a layer on programmed arrays, `pum.digital` runs a region
    of upstream ops on the digital unit. Values order tasks by data; tokens
    order them where no data flows, such as a write of arrays that another task
    still reads. See dialects/PUM/README.md.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::pumice::crossbar::CrossbarDialect"];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
}

#endif // PUMICE_DIALECTS_PUM_PUMDIALECT_TD
