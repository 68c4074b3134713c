// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD
#define PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def TaskOpInterface : OpInterface<"TaskOpInterface"> {
  let cppNamespace = "::pumice";
  let description = [{
    An op that occupies units of the device for some time: a task of the pum
    dialect or an instruction of the simulator dialect. The interface describes
    its work, operands and place independently of the level. lib/Cost implements
    the interface and computes the cost. A new kind of unit needs a new
    alternative of TaskWork and a case in lib/Cost.
  }];
  let methods = [
    InterfaceMethod<"The work of the op. Fails if its body is not a single "
                    "layer.",
      "::mlir::FailureOr<::pumice::TaskWork>", "getTaskWork", (ins)>
  ];
}

#endif // PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_TD
