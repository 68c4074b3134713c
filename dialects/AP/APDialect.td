// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_AP_APDIALECT_TD
#define PUMICE_DIALECTS_AP_APDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def AP_Dialect : Dialect {
  let name = "ap";
  let cppNamespace = "::pumice::ap";
  let summary = "bit-serial arithmetic on associative processors";
  let description = [{
    An associative processor is a content-addressable memory whose rows operate
    simultaneously: a *search* tags the rows that match a key in some bit
    columns, and a *write* sets bit columns in the tagged rows. Arithmetic is a
    sequence of such passes, bit by bit. The dialect contains layers with
    ternary weights, the compiled microprograms of layers, and microprograms
    that are spelled out, down to the passes, for people to read. See
    dialects/AP/README.md.
  }];
  let dependentDialects = ["::pumice::crossbar::CrossbarDialect"];
  let useDefaultAttributePrinterParser = 1;
}

#endif // PUMICE_DIALECTS_AP_APDIALECT_TD
