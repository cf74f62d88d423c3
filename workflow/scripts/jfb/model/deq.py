"""The report's network as a `torch.nn.Module` that autograd differentiates, by any gradient.

The training engines compute the same gradients by hand, without a graph. This form is what one
would write with PyTorch: its memory is what a gradient needs there.
"""

import os

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.profiler import ProfilerActivity, profile, record_function

from jfb.config import choices, settings
from jfb.model.activations import ACTIVATIONS
from jfb.model.adjoints import open_adjoint
from jfb.model.solvers import SOLVERS

_BACKWARD = "jfb.deq: backward"


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
        # Points in columns: autograd hands them over in rows.
        own = v.clone(memory_format=torch.contiguous_format)
        return ctx.adjoint(own.T, slope.T, latent_weight).T, None, None, None


class DEQ(nn.Module):
    """y = output(T(u*; d)) at the fixed point u* = T(u*; d) = f(latent(u*) + injection(d)).

    Args:
        network: dimensions and activation f.
        solver: of the fixed point; for the gradient unrolled, picard or explicit.
        gradient: what `backward` computes; see `jfb.model.gradients`.
    """

    def __init__(
        self, network: settings.Network, solver: choices.Solver, gradient: choices.Gradient
    ) -> None:
        super().__init__()
        n = network.latent_dim
        self.latent = nn.Linear(n, n)
        self.injection = nn.Linear(network.input_dim, n)
        self.output = nn.Linear(n, 1)
        self._activation = ACTIVATIONS[network.activation]
        self._solver, self._gradient = solver, gradient
        if gradient.name in ("jfb", "neumann", "implicit"):
            self.adjoint = open_adjoint(gradient, n)

    def forward(self, d: Tensor) -> Tensor:
        """Predict: (size, m) to (size, 1)."""
        # Points stand in columns whatever the gradient, as in `jfb.model.network.Transformation`.
        offset = self.injection(d).T.contiguous() + self.latent.bias[:, None]
        match self._gradient.name:
            case "unrolled":
                a = self._unrolled(offset)
            case "phantom":
                a = self._damped(self._fixed_point(offset), offset)
            case "jfb":
                a = self._transform(self._fixed_point(offset), offset)
            case _:
                a = self._transform(self._fixed_point(offset), offset)
                a = _WithAdjoint.apply(a, self.latent.weight, self._activation, self.adjoint)
        return self.output(a.T)

    def _transform(self, u: Tensor, offset: Tensor, out: Tensor | None = None) -> Tensor:
        """T(u; d), (n, size), with offset = injection(d) + latent bias."""
        return self._activation.apply_(torch.mm(self.latent.weight, u, out=out).add_(offset))

    @torch.no_grad()
    def _fixed_point(self, offset: Tensor) -> Tensor:
        """The solver's point, (n, size), without a graph."""
        n, size = offset.shape
        solve = SOLVERS[self._solver.name](self._solver, size, n, offset.dtype)
        return solve(lambda u, out: self._transform(u, offset, out)).point

    def _damped(self, z: Tensor, offset: Tensor) -> Tensor:
        for _ in range(self._gradient.steps):
            z = torch.lerp(z, self._transform(z, offset), self._gradient.damping)
        return z

    def _unrolled(self, offset: Tensor) -> Tensor:
        """T(u; d) of the point that the solver would find, with every iteration in the graph."""
        u = torch.zeros_like(offset)
        if self._solver.name == "explicit":
            for _ in range(self._solver.applications):
                u = self._transform(u, offset)
            return u
        for _ in range(self._solver.max_iterations):
            image = self._transform(u, offset)
            if (image.detach() - u.detach()).abs().max() < self._solver.tolerance:
                return image
            u = image
        return self._transform(u, offset)


def peak_of_backward(module: nn.Module, d: Tensor, target: Tensor) -> int:
    """Peak memory of the backward pass of the mean squared error, in bytes.

    The most that tensors take at one moment of the backward pass: what the forward pass keeps for
    it, what it computes itself, and the parameters' gradients. Parameters, inputs and targets do
    not count: they are there anyway. By PyTorch's allocator, whose every allocation and release the
    profiler tells; work space that MKL takes for itself does not count.

    Args:
        module: from (size, m) to (size, 1); has no gradients afterwards.
        d: (size, m) inputs.
        target: (size, 1).
    """
    # Read at the first profile of a process; else each tells on standard error that it starts.
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")
    module.zero_grad(set_to_none=True)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        loss = nn.functional.mse_loss(module(d), target)
        with record_function(_BACKWARD):
            loss.backward()
    module.zero_grad(set_to_none=True)
    events = sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    (span,) = (event for event in events if event.name() == _BACKWARD)
    peak = taken = 0
    for event in events:
        if event.name() == "[memory]" and event.start_ns() <= span.end_ns():
            taken += event.nbytes()
            if event.start_ns() >= span.start_ns():
                peak = max(peak, taken)
    return peak
