# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network with weights -a, 0 and a: trained, compiled for associative processors, checked."""

import torch
from torch import nn

import pumice
from pumice import demo

torch.manual_seed(0)
images, labels = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))
y = torch.from_numpy(labels).long()

model = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=2, padding=2),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(8 * 49, 10),
)


def train(network: nn.Module, epochs: int) -> None:
    """Trains on the first 200 digits."""
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(epochs):
        for batch in torch.randperm(200).split(25):
            loss = nn.functional.cross_entropy(network(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


train(model, epochs=10)
network = pumice.ternarize(model, [x[:100]], activation_bits=4, sparsity=0.7)
train(network, epochs=10)
network.eval()

program = pumice.compile(network, x[200:210], device="rtm-ap")
program.require_ternary()  # an error names the layer whose weights are not ternary
result = program.run(x[200:210])
answers = result.outputs.argmax(1)
print("same answers as PyTorch:", torch.equal(answers, network(x[200:210]).argmax(1)))
print(f"{int((answers == y[200:210]).sum())} of 10 digits right")
print(f"{result.report.counters['ap_passes']:,} passes of the processors")
