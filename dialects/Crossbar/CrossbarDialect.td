// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARDIALECT_TD
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def Crossbar_Dialect : Dialect {
  let name = "crossbar";
  let cppNamespace = "::pumice::crossbar";
  let summary = "integer layers on analog resistive crossbar arrays";
  let description = [{
    A crossbar stores integer weights in the conductances of its cells and
    multiplies an input vector by them in place. The dialect describes *what*
    such a layer computes (quantized values, zero points, windows), how its
    weights are cut into arrays (`#crossbar.tiling`), and what one array can do
    (`#crossbar.array`). The `pum` dialect describes where and when a layer
    runs. See dialects/Crossbar/README.md.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARDIALECT_TD
