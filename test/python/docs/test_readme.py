# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The README's example is docs/example.py, and prints what the README says."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_example_prints_what_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", readme, re.S)
    output = re.search(r"prints\n\n```\n(.*?)```", readme, re.S)
    assert code is not None
    assert output is not None
    example = (ROOT / "docs" / "example.py").read_text()
    assert code[1] in example
    result = subprocess.run(
        [sys.executable, ROOT / "docs" / "example.py"], capture_output=True, text=True, check=True
    )
    assert result.stdout == output[1]
