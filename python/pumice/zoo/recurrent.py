# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent networks over sequences of fixed length; export unrolls them."""

from __future__ import annotations

from torch import Tensor, nn

from pumice.zoo.weights import seeded

__all__ = ["Recurrent", "gru", "lstm"]


class Recurrent(nn.Module):
    """A torch.nn.GRU or LSTM and a linear layer on the last state of its last layer.

    Args:
        cell: nn.GRU or nn.LSTM.
        features: values per step.
        hidden: width of the state.
        layers: recurrent layers on top of each other.
        classes: outputs.
    """

    def __init__(
        self,
        cell: type[nn.GRU] | type[nn.LSTM],
        features: int,
        hidden: int,
        layers: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.rnn = cell(features, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, steps, features) -> (N, classes)."""
        states, _ = self.rnn(x)
        logits: Tensor = self.head(states[:, -1])
        return logits


def gru(features: int = 28, hidden: int = 128, layers: int = 1, seed: int = 0) -> Recurrent:
    """GRU over the rows of a 28x28 image, 10 classes: 61,962 parameters."""
    with seeded(seed):
        return Recurrent(nn.GRU, features, hidden, layers, 10).eval()


def lstm(features: int = 28, hidden: int = 128, layers: int = 2, seed: int = 0) -> Recurrent:
    """Two LSTM layers over the rows of a 28x28 image, 10 classes: 214,282 parameters."""
    with seeded(seed):
        return Recurrent(nn.LSTM, features, hidden, layers, 10).eval()
