# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Op classes of the `crossbar` dialect."""

from ._crossbar_ops_gen import *  # noqa: F403
