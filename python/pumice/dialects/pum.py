# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Op classes of the `pum` dialect."""

from ._pum_ops_gen import *  # noqa: F403
