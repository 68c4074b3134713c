# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the modules beside the tests of this folder importable."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
