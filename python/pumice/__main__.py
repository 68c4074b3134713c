# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m pumice`: the command `pumice`."""

import sys

from pumice.cli import main

sys.exit(main())
