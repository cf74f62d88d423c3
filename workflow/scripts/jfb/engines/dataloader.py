"""Training as the report's program does it: nn.Module, autograd, DataLoader, optim.Adam.

Nothing is made faster here. It is there to be timed beside the other engines.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from jfb.config import settings
from jfb.engines.bookkeeping import Record
from jfb.engines.interface import Outcome
from jfb.model import numerics
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream


class Network(nn.Module):
    """The report's network: T(u; d) = relu(latent(u) + injection(d)), y = output(T(u*; d)).

    Args:
        run: its dimensions and its solver's tolerance and limit.
        parameters: (p,) in the order of `jfb.records.layout`, which is that of the layers here.
    """

    def __init__(self, run: settings.Run, parameters: np.ndarray) -> None:
        super().__init__()
        n = run.network.latent_dim
        self.latent = nn.Linear(n, n)
        self.injection = nn.Linear(run.network.input_dim, n)
        self.output = nn.Linear(n, 1)
        nn.utils.vector_to_parameters(torch.from_numpy(parameters), self.parameters())
        self._solver = run.solver
        #: Applications of T in each search for a fixed point, and whether it was found.
        self.solves: list[tuple[int, bool]] = []

    def forward(self, d: Tensor) -> Tensor:
        """Predictions (size, 1) at the points d (size, m); the gradient is that of JFB."""
        with torch.no_grad():
            u = self._fixed_point(d)
        return self.output(self._transform(u, d))

    def _transform(self, u: Tensor, d: Tensor) -> Tensor:
        return torch.relu(self.latent(u) + self.injection(d))

    def _fixed_point(self, d: Tensor) -> Tensor:
        u = torch.zeros(len(d), self.latent.in_features)
        for iterations in range(1, self._solver.max_iterations + 1):
            image = self._transform(u, d)
            if torch.max(torch.abs(u - image)) < self._solver.tolerance:
                self.solves.append((iterations, True))
                return u
            u = image
        self.solves.append((self._solver.max_iterations, False))
        return u


class _Orders(Sampler[int]):
    """Draws the order of an epoch from the stream of the run, where a program would shuffle."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._size = size

    def __iter__(self) -> Iterator[int]:
        return iter(self._stream.orders(1)[0].tolist())

    def __len__(self) -> int:
        return self._size


def train(
    run: settings.Run,
    stream: Stream,
    training: Part,
    validation: Part,
    after_epoch: Callable[[Epoch], None],
) -> Outcome:
    """Carry out `run`, validating after each epoch.

    Args:
        run: the settings; its solver is picard, its gradient jfb.
        stream: of random numbers, standing where the run starts.
        training, validation: the two parts of the data.
        after_epoch: called with each row as it comes.

    Returns:
        The rows and the parameters.
    """
    numerics.pin()
    network = Network(run, stream.initial_parameters())
    chosen = run.optimiser
    betas = chosen.beta1, chosen.beta2
    kind = torch.optim.AdamW if chosen.decoupled else torch.optim.Adam
    optimiser = kind(
        network.parameters(),
        lr=chosen.learning_rate,
        betas=betas,
        eps=chosen.epsilon,
        weight_decay=chosen.weight_decay,
    )
    batches = DataLoader(_dataset(training), run.batch_size, sampler=_Orders(stream, len(training)))
    whole = DataLoader(_dataset(validation), len(validation))
    record = Record(run, _flat(network), after_epoch)
    while record.unfinished:
        network.solves.clear()
        start = time.perf_counter()
        total, shares, sizes = 0.0, [], []
        for d, target in batches:
            prediction = network(d)
            loss = nn.functional.mse_loss(prediction, target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(d)
            shares.append(_accuracy(run, prediction, target))
            sizes.append(len(d))
        seconds = time.perf_counter() - start
        iterations = sum(
            size * count for size, (count, _) in zip(sizes, network.solves, strict=True)
        )
        with torch.no_grad():
            ((d, target),) = whole
            prediction = network(d)
            val_loss = nn.functional.mse_loss(prediction, target).item()
        record.add(
            _flat(network),
            network.latent.weight.detach().numpy(),
            network.solves,
            train_loss=total / len(training),
            val_loss=val_loss,
            train_accuracy=sum(shares) / len(shares),
            val_accuracy=_accuracy(run, prediction, target),
            train_seconds=seconds,
            applications=iterations / len(training),
            adjoint_applications=0.0,
        )
    return record.outcome(_flat(network), torch)


def _dataset(part: Part) -> TensorDataset:
    return TensorDataset(torch.from_numpy(part.inputs), torch.from_numpy(part.target)[:, None])


def _flat(network: Network) -> np.ndarray:
    return nn.utils.parameters_to_vector(network.parameters()).detach().numpy()


def _accuracy(run: settings.Run, prediction: Tensor, target: Tensor) -> float:
    close = torch.abs(prediction - target) <= run.accuracy_threshold
    return close.float().mean().item()
