# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Op classes of the `simulator` dialect."""

from ._simulator_ops_gen import *  # noqa: F403
