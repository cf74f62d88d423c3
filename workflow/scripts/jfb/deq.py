"""The report's network as a `torch.nn.Module` that autograd differentiates, by any gradient.

The training engines compute the same gradients by hand, without a graph. This form is what one
would write with PyTorch: it says what a gradient keeps for the backward pass.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from jfb import settings
from jfb.activations import ACTIVATIONS
from jfb.adjoints import open_adjoint
from jfb.solvers import SOLVERS


class _WithAdjoint(torch.autograd.Function):
    """The identity, whose backward pass replaces dL/da by the adjoint."""

    @staticmethod
    def forward(ctx, a: Tensor, latent_weight: Tensor, activation, adjoint) -> Tensor:
        ctx.save_for_backward(a, latent_weight)
        ctx.activation, ctx.adjoint = activation, adjoint
        return a.view_as(a)

    @staticmethod
    @once_differentiable
    def backward(ctx, v: Tensor):
        a, latent_weight = ctx.saved_tensors
        slope = ctx.activation.slope(a, torch.empty_like(a, dtype=ctx.activation.slope_dtype))
        return ctx.adjoint(v.clone(), slope, latent_weight), None, None, None


class DEQ(nn.Module):
    """y = output(T(u*; d)) at the fixed point u* = T(u*; d) = f(latent(u*) + injection(d)).

    Args:
        network: dimensions and activation f.
        solver: of the fixed point; for the gradient unrolled, picard or explicit.
        gradient: what `backward` computes; see `jfb.gradients`.
    """

    def __init__(
        self, network: settings.Network, solver: settings.Solver, gradient: settings.Gradient
    ) -> None:
        super().__init__()
        n = network.latent_dim
        self.latent = nn.Linear(n, n)
        self.injection = nn.Linear(network.input_dim, n)
        self.output = nn.Linear(n, 1)
        self._activation = ACTIVATIONS[network.activation]
        self._solver, self._gradient = solver, gradient
        if gradient.name in ("jfb", "neumann", "implicit"):
            self._adjoint = open_adjoint(gradient, n)

    def forward(self, d: Tensor) -> Tensor:
        """Predict: (size, m) to (size, 1)."""
        injected = self.injection(d)
        match self._gradient.name:
            case "unrolled":
                a = self._unrolled(injected)
            case "phantom":
                a = self._damped(self._fixed_point(injected), injected)
            case "jfb":
                a = self._transform(self._fixed_point(injected), injected)
            case _:
                a = self._transform(self._fixed_point(injected), injected)
                a = _WithAdjoint.apply(a, self.latent.weight, self._activation, self._adjoint)
        return self.output(a)

    def _transform(self, u: Tensor, injected: Tensor) -> Tensor:
        return self._activation.apply_(self.latent(u) + injected)

    @torch.no_grad()
    def _fixed_point(self, injected: Tensor) -> Tensor:
        """The solver's point, (size, n), without a graph."""
        size, n = injected.shape
        weight, offset = self.latent.weight, injected.T + self.latent.bias[:, None]

        def transform(u: Tensor, out: Tensor) -> Tensor:
            return self._activation.apply_(torch.mm(weight, u, out=out).add_(offset))

        solve = SOLVERS[self._solver.name](self._solver, size, n, injected.dtype)
        return solve(transform).point.T

    def _damped(self, z: Tensor, injected: Tensor) -> Tensor:
        for _ in range(self._gradient.steps):
            z = torch.lerp(z, self._transform(z, injected), self._gradient.damping)
        return z

    def _unrolled(self, injected: Tensor) -> Tensor:
        """T(u; d) of the point that the solver would find, with every iteration in the graph."""
        # An explicit network takes its number of steps whatever the residual.
        tolerance = self._solver.tolerance or 0.0
        limit = self._solver.max_iterations or self._solver.applications - 1
        u = torch.zeros_like(injected)
        for _ in range(limit):
            image = self._transform(u, injected)
            if (image.detach() - u.detach()).abs().max() < tolerance:
                return image
            u = image
        return self._transform(u, injected)


def kept_for_backward(module: nn.Module, d: Tensor, target: Tensor) -> int:
    """Bytes that autograd keeps from the forward pass of the mean squared error to the backward.

    Every storage that a saved tensor lies in counts once. Parameters, inputs and targets do not:
    they are there anyway.

    Args:
        module: from (size, m) to (size, 1).
        d: (size, m) inputs.
        target: (size, 1).
    """
    there = {x.untyped_storage().data_ptr() for x in (d, target, *module.parameters())}
    saved: dict[int, int] = {}

    def pack(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in there:
            saved[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        loss = nn.functional.mse_loss(module(d), target)
    # Until here the graph holds the storages, so that no two of them had one address.
    del loss
    return sum(saved.values())
