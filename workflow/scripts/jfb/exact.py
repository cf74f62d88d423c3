"""Fixed points of a network as exactly as float64 has them, and the loss there."""

from typing import NamedTuple

import torch
from torch import Tensor

from jfb import settings
from jfb.dataset import Part
from jfb.network import Network, Transformation
from jfb.solvers import SOLVERS

#: How they are found, whatever solver a run used.
EXACT = settings.Solver("picard", tolerance=1e-10, max_iterations=20_000)


class FixedPoints(NamedTuple):
    """A network in float64, a = T(u*; d) (n, size) at its fixed points, and if they were found."""

    network: Network
    activation: Tensor
    converged: bool


def solve(parameters: Tensor, dimensions: settings.Network, part: Part) -> FixedPoints:
    """The fixed points of a network with the flat `parameters` (p,) at the points of `part`."""
    network = Network(parameters, dimensions)
    transform = Transformation(network, len(part))
    transform.fix(torch.from_numpy(part.inputs).to(parameters.dtype).T.contiguous())
    shape = len(part), dimensions.latent_dim
    found = SOLVERS[EXACT.name](EXACT, *shape, parameters.dtype)(transform)
    return FixedPoints(network, transform(found.point, found.point.clone()), found.converged)


def mean_squared_error(found: FixedPoints, part: Part) -> float:
    """The loss at the fixed points of all points of `part`."""
    error = found.network.read_out(found.activation, found.network.empty(1, len(part)))
    return error.sub_(torch.from_numpy(part.target)).square_().mean().item()
