// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD
#define PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def TaskOpInterface : OpInterface<"TaskOpInterface"> {
  let cppNamespace = "::pumice";
  let description = [{
    An op that occupies units of the device for a time: a task of the pum
    dialect or an instruction of the simulator dialect. It says what is done, on
    what and where, in terms that do not depend on the level; lib/Cost, which
    also implements the interface, says what that costs. A new unit is a new
    alternative of TaskWork and a case there.
  }];
  let methods = [
    InterfaceMethod<"What the op does. Fails, with a diagnostic, if it cannot "
                    "be said: a body that is not a single layer.",
      "::mlir::FailureOr<::pumice::TaskWork>", "getTaskWork", (ins)>
  ];
}

#endif // PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD
