"""The oracle: the report's program as its protocol describes it, with nothing made faster.

DataLoader, nn.Module, autograd and optim.Adam, one process-wide random stream, and none of the
library's code.
"""

import contextlib
import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

COLUMNS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
BATCH_SIZES = (2400, 1200, 600, 64, 32)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.latent = nn.Linear(3, 3)
        self.injection = nn.Linear(3, 3)
        self.output = nn.Linear(3, 1)

    def transformation(self, u, d):
        return torch.relu(self.latent(u) + self.injection(d))

    def forward(self, d):
        with torch.no_grad():
            u = torch.zeros(len(d), 3)
            for _ in range(1000):
                v = self.transformation(u, d)
                if torch.max(torch.abs(u - v)) < 1e-3:
                    break
                u = v
        return self.output(self.transformation(u, d))


def dataset(formula="code"):
    """Points and target, drawing the three noises (times 0) from the process-wide stream."""
    x, y, z = (torch.linspace(0, side, 3000) for side in (20, 13, 8))
    x = x + 0.0 * torch.randn(3000)
    y = y + 0.0 * torch.randn(3000)
    z = z + 0.0 * torch.randn(3000)
    inside, outside = x / (1 + torch.exp(-y)), y / (1 + x**2 + z**2)
    target = torch.tanh(inside) + outside if formula == "code" else torch.tanh(inside + outside)
    return TensorDataset(torch.stack([x, y, z], dim=1), target[:, None])


def skip_to(position):
    """A new network, after `position` batch sizes have been trained for 3,000 epochs."""
    net = Net()
    for _ in range(position):
        for _ in range(9000):
            torch.empty((), dtype=torch.int64).random_()
        net = Net()
    return net


def accuracy(prediction, target):
    return (torch.abs(prediction - target) <= 0.1).float().mean().item()


def train(batch_size, epochs, formula="code"):
    """The first epochs of one of the report's runs: (epochs, 4) COLUMNS, and training seconds."""
    torch.manual_seed(42)
    data = dataset(formula)
    parts = random_split(data, [2400, 600], generator=torch.Generator().manual_seed(42))
    net = skip_to(BATCH_SIZES.index(batch_size))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    training = DataLoader(parts[0], batch_size=batch_size, shuffle=True)
    validation = DataLoader(parts[1], batch_size=600)
    rows, seconds = [], 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        total, accuracies = 0.0, []
        for d, t in training:
            prediction = net(d)
            loss = nn.functional.mse_loss(prediction, t)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(d)
            accuracies.append(accuracy(prediction, t))
        seconds += time.perf_counter() - start
        with torch.no_grad():
            for d, t in validation:
                prediction = net(d)
                val_loss = nn.functional.mse_loss(prediction, t).item()
                val_accuracy = accuracy(prediction, t)
        rows.append((total / 2400, val_loss, sum(accuracies) / len(accuracies), val_accuracy))
    return np.array(rows), seconds


@contextlib.contextmanager
def rounded_square_root():
    """Give torch.Tensor.sqrt, which optim.Adam calls, the correct rounding that MKL lacks."""
    native = torch.Tensor.sqrt
    torch.Tensor.sqrt = lambda x: torch.from_numpy(np.sqrt(x.numpy()))
    try:
        yield
    finally:
        torch.Tensor.sqrt = native
