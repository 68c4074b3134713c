# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports as self-contained HTML pages."""

from pumice.pages.report import report_page

__all__ = ["report_page"]
