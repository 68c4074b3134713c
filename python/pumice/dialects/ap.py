# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Op classes of the `ap` dialect."""

from ._ap_ops_gen import *  # noqa: F403
