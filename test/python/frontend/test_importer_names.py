# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names of inputs in the IR."""

from __future__ import annotations

import pytest

for _name in ("torch", "torch_mlir"):
    pytest.importorskip(_name)

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from pumice.frontend.importer import import_model  # noqa: E402


class Two(nn.Module):
    """Inputs that different modules use; the first parameter belongs to a third one."""

    def __init__(self) -> None:
        super().__init__()
        self.late = nn.Linear(8, 4)
        self.embedding = nn.Embedding(10, 8)
        self.mix = nn.Linear(8, 8)

    def forward(self, ids: Tensor, x: Tensor, scale: Tensor) -> Tensor:
        return self.late(self.embedding(ids).mean(1) + self.mix(x)) * scale


def test_inputs_have_their_names_in_the_module_that_uses_them_first() -> None:
    examples = (torch.zeros(2, 3, dtype=torch.long), torch.randn(2, 8), torch.randn(4))
    module = import_model(Two().eval(), examples).module
    (block,) = module.body.operations[0].regions[0].blocks
    names = []
    for argument in block.arguments:
        location, path = argument.location, []
        while location.is_a_name():
            path.append(location.name_str)
            location = location.child_loc
        names.append(path)
    assert names == [["embedding", "ids"], ["mix", "x"], ["scale"]]
