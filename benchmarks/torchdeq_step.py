"""A training step beside torchdeq's, for the same cell, solver and gradient: seconds and bytes.

    .venv/bin/python benchmarks/torchdeq_step.py [--channels 4] [--batch-size 64] [--repeats 15]

A step is the forward pass on digits and the backward pass of the cross-entropy. Both take the cell
fpn and Picard's iteration. Their norms differ, so torchdeq is given the number of iterations that
ours takes to 1e-3, forwards and for the exact gradient's adjoint, which ours iterates in float64.
JFB is one phantom step in torchdeq. The two take turns; ratios are theirs over ours of each round,
their median and quartiles.
Bytes are what autograd keeps for the backward pass.
"""

import argparse
import statistics
import time

import common  # noqa: F401  (it finds the library)
import torch
from torchdeq import get_deq

TOLERANCE = 1e-3


def cell_of(channels):
    """The cell fpn with PyTorch's start."""
    from jfb.config import network_choices, settings
    from jfb.model.autograd.networks import open_cell

    options = network_choices.FPN(channels=channels, blocks=1, gamma=0.5, normalisation="layer")
    return open_cell(settings.Network(64, 16 * channels, "relu", options, 10, (1, 8, 8)))


def samples(size):
    """The first pictures of digits, and their classes."""
    from jfb.config.datasets import Digits
    from jfb.model import digits

    part, _ = digits.make(Digits(training_share=0.75, split_seed=1))
    inputs = torch.from_numpy(part.inputs[:size]).reshape(-1, 1, 8, 8)
    return inputs, torch.from_numpy(part.target[:size]).long()


def theirs(cell, iterations, adjoint_iterations):
    """Predictions by torchdeq; of no iterations of the adjoint the gradient is JFB."""
    deq = get_deq(
        f_solver="fixed_point_iter",
        b_solver="fixed_point_iter",
        f_max_iter=iterations,
        b_max_iter=max(1, adjoint_iterations),
        f_tol=1e-30,
        b_tol=1e-30,
        ift=adjoint_iterations > 0,
        grad=1,
    )
    deq.train()

    def predict(d):
        injected = cell.inject(d)
        start = torch.zeros(len(d), *cell.latent_shape)
        points, _ = deq(lambda u: cell(u, injected), start)
        return cell.read_out(points[-1])

    return predict


def step(cell, predict, d, target):
    """Seconds of a step."""
    cell.zero_grad(set_to_none=True)
    start = time.perf_counter()
    torch.nn.functional.cross_entropy(predict(d), target).backward()
    return time.perf_counter() - start


def kept(predict, d, target):
    """Bytes that autograd keeps for the backward pass, each storage once."""
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = torch.nn.functional.cross_entropy(predict(d), target)
    total = sum(storages.values())
    del loss
    return total


def main():
    """Print a line for each gradient."""
    from jfb.config import choices, gradient_choices
    from jfb.model.autograd.equilibrium import DEQ

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    cell = cell_of(arguments.channels)
    d, target = samples(arguments.batch_size)
    solver = choices.Picard(tolerance=TOLERANCE, max_iterations=1000)
    exact = gradient_choices.Implicit(adjoint="picard", tolerance=TOLERANCE)
    for name, gradient in (("JFB", gradient_choices.JFB()), ("exact", exact)):
        ours = DEQ(cell, solver, gradient)
        step(cell, ours, d, target)
        counts = ours.solve.iterations, ours.adjoint.applications
        pair = {"ours": ours, "torchdeq": theirs(cell, *counts)}
        size = {who: kept(predict, d, target) for who, predict in pair.items()}
        rounds = [
            {who: step(cell, predict, d, target) for who, predict in pair.items()}
            for _ in range(arguments.repeats)
        ]
        ratios = [each["torchdeq"] / each["ours"] for each in rounds]
        low, middle, high = statistics.quantiles(ratios, n=4)
        seconds = statistics.median(each["ours"] for each in rounds)
        print(
            f"{name}: {counts[0]} iterations, {counts[1]} of the adjoint, "
            f"{1e3 * seconds:.2f} ms; torchdeq over ours: "
            f"{middle:.2f} [{low:.2f}, {high:.2f}] in time, "
            f"{size['torchdeq'] / size['ours']:.2f} in bytes ({size['ours'] / 1e6:.2f} MB)"
        )


if __name__ == "__main__":
    main()
