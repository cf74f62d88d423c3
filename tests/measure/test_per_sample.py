"""Derivatives of each sample against autograd on a network that is iterated to its fixed point."""

import pytest
import torch
from torch import nn

from jfb.config import network_choices, settings
from jfb.measure import impurity, per_sample
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.storage.errors import Refused

NETWORKS = {
    "affine": settings.Network(5, 4, "tanh", outputs=3),
    "deep": settings.Network(5, 4, "tanh", network_choices.MLP(depth=2), outputs=3),
    "convolutions": settings.Network(
        16,
        8,
        cell=network_choices.FPN(channels=2, blocks=1, gamma=0.4, normalisation="layer"),
        outputs=3,
        image=(1, 4, 4),
    ),
}


@pytest.fixture(params=NETWORKS)
def cell_and_inputs(request):
    network = NETWORKS[request.param]
    generator = torch.Generator().manual_seed(3)
    cell = open_cell(network).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            shape = parameter.shape
            parameter.copy_(0.4 * torch.randn(shape, generator=generator, dtype=torch.float64))
    d = torch.rand(5, *input_shape(network), generator=generator, dtype=torch.float64)
    return cell, d


def iterated(cell, d):
    """The fixed points of inputs, with every iteration in the graph."""
    injected = cell.inject(d)
    u = injected.new_zeros(len(d), *cell.latent_shape)
    for _ in range(200):
        u = cell(u, injected)
    return u


def test_jacobians_are_autograds(cell_and_inputs):
    cell, d = cell_and_inputs
    u = torch.rand(len(d), *cell.latent_shape, dtype=torch.float64)
    found = per_sample.PerSample(cell).jacobians(u, d)
    n = u[0].numel()
    for k in range(len(d)):
        expected = torch.autograd.functional.jacobian(
            lambda at, k=k: cell(at[None], cell.inject(d[k : k + 1]))[0], u[k]
        )
        torch.testing.assert_close(found[k], expected.reshape(n, n))


def test_scores_are_differentiated_through_the_fixed_point(cell_and_inputs):
    """Against autograd through 200 iterations."""
    cell, d = cell_and_inputs
    with torch.no_grad():
        u = iterated(cell, d)
    found = per_sample.PerSample(cell).of_scores(u, d, lambda scores, by: by)
    for k in range(len(d)):
        one = d[k : k + 1]
        scores = cell.read_out(cell(iterated(cell, one), cell.inject(one)))[0]
        rows = [
            nn.utils.parameters_to_vector(
                torch.autograd.grad(score, list(cell.parameters()), retain_graph=True)
            )
            for score in scores
        ]
        torch.testing.assert_close(found[k], torch.stack(rows), rtol=1e-8, atol=1e-10)


def test_the_trace_is_that_of_the_gauss_newton_matrix(cell_and_inputs):
    """The matrix J^T (diag p - p p^T) J itself, by jacrev through the iterations."""
    cell, d = cell_and_inputs
    with torch.no_grad():
        u = iterated(cell, d)
    found = per_sample.PerSample(cell).of_scores(u, d, impurity.norms)
    named = {name: part.detach() for name, part in cell.named_parameters()}

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, d):
            return cell.read_out(cell(iterated(cell, d), cell.inject(d)))[0]

    whole = Whole()

    def scores(parameters, one):
        prefixed = {f"cell.{name}": part for name, part in parameters.items()}
        return torch.func.functional_call(whole, prefixed, (one,))

    for k in range(len(d)):
        parts = torch.func.jacrev(scores)(named, d[k : k + 1])
        jacobian = torch.cat([part.flatten(1) for part in parts.values()], dim=1)
        p = scores(named, d[k : k + 1]).softmax(dim=0)
        matrix = jacobian.T @ (torch.diag(p) - torch.outer(p, p)) @ jacobian
        expected = torch.stack([jacobian.square().sum(), torch.trace(matrix)])
        torch.testing.assert_close(found[k], expected, rtol=1e-8, atol=1e-12)


def test_coupled_samples_are_refused():
    network = settings.Network(5, 4, "tanh", network_choices.MLP(depth=1, normalisation="batch"))
    with pytest.raises(Refused, match="couples the samples"):
        per_sample.PerSample(open_cell(network))
