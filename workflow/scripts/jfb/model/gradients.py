"""Ways to differentiate the loss through the fixed point.

Each gradient says what is read out after a solve (`follow`) and gives the gradient of the mean
squared error of that readout. With h = latent(u) + injection(d), a = T(u; d), y = output(a), a
point per row, and L = |y - t|^2 / size:

    dL/dy = 2 (y - t) / size,      dL/dW_output = (dL/dy)^T a,      v = dL/dy W_output.
"""

from typing import Protocol

import torch
from torch import Tensor

from jfb.config import choices
from jfb.model.adjoints import open_adjoint
from jfb.model.network import Network
from jfb.model.solvers import Map, Solve
from jfb.records import layout


class Gradient(Protocol):
    """What the engines ask of a gradient."""

    @property
    def applications(self) -> int:
        """Products with J^T that the adjoint of the last call took, for each point."""

    @property
    def converged(self) -> bool:
        """Whether the last call found its adjoint."""

    def follow(self, transform: Map, solve: Solve) -> Tensor:
        """What is read out after a solve, (n, size), valid until the next call."""

    def __call__(self, d: Tensor, error: Tensor) -> Tensor:
        """The gradient for the batch that was followed last.

        Args:
            d: (m, size) inputs.
            error: (1, size) y - t.

        Returns:
            (p,) the gradient, valid until the next call.
        """


class AtTheFixedPoint:
    """Gradients that keep the fixed point and one application of T: jfb, neumann and implicit.

    With w the adjoint of v (see `jfb.model.adjoints`; for jfb, w = v) and f' the activation's
    derivative,

        dL/dh = w * f'(h),   dL/dW_latent = (dL/dh)^T u,   dL/dW_injection = (dL/dh)^T d,

    and each bias gets the sum over the points. Nothing but u, d, a and y is kept for it. For jfb
    (Wu Fung et al. 2021, arXiv:2103.12803) it is the gradient of L with u held constant.

    Args:
        network: whose parameters the gradient belongs to.
        size: number of points of a batch.
        options: of the gradient.
    """

    def __init__(self, network: Network, size: int, options: choices.Gradient) -> None:
        n, m = network.dimensions.latent_dim, network.dimensions.input_dim
        self._network = network
        self._adjoint = open_adjoint(options, n)
        self._gradient = torch.zeros_like(network.parameters)
        self._of = layout.views(self._gradient, network.dimensions)
        self._activation = network.empty(n, size)
        self._d, self._u, self._a = (network.empty(size, width) for width in (m, n, n))
        self._dy, self._v = network.empty(size, 1), network.empty(size, n)
        self._slope = network.empty_slope(size, n)
        self._scale = 2 / size

    @property
    def applications(self) -> int:
        """See `Gradient`."""
        return self._adjoint.applications

    @property
    def converged(self) -> bool:
        """Whether the adjoint of the last call was found."""
        return self._adjoint.converged

    def follow(self, transform: Map, solve: Solve) -> Tensor:
        """T(u; d) of the solver's point u."""
        self._point = solve.point
        return transform(solve.point, self._activation)

    def jacobian(self, d: Tensor) -> Tensor:
        """dy/dtheta of each point of the batch that was followed last, (size, p).

        The gradient of the mean squared error is its product with 2 (y - t) / size.
        """
        u, a = self._point.T, self._activation.T
        size = len(a)
        v = self._network.output_weight.expand(size, -1).clone()
        slope = self._network.activation.slope(a, out=self._slope)
        dh = self._adjoint(v, slope, self._network.latent_weight) * slope
        by_weight = [torch.einsum("ki,kj->kij", dh, x).reshape(size, -1) for x in (u, d.T)]
        one = torch.ones(size, 1, dtype=a.dtype)
        return torch.cat([by_weight[0], dh, by_weight[1], dh, a, one], dim=1)

    def __call__(self, d: Tensor, error: Tensor) -> Tensor:
        """The gradient for the batch that was followed last, see `Gradient`."""
        of, dy = self._of, self._dy
        # A point per row from here: sums over the batch then add in autograd's order.
        d, u, a = (
            self._d.copy_(d.T),
            self._u.copy_(self._point.T),
            self._a.copy_(self._activation.T),
        )
        torch.mul(error.T, self._scale, out=dy)
        torch.mm(dy.T, a, out=of["output.weight"])
        torch.sum(dy, dim=0, out=of["output.bias"])
        v = torch.mm(dy, self._network.output_weight, out=self._v)
        slope = self._network.activation.slope(a, out=self._slope)
        dh = self._adjoint(v, slope, self._network.latent_weight).mul_(slope)
        torch.mm(dh.T, u, out=of["latent.weight"])
        torch.sum(dh, dim=0, out=of["latent.bias"])
        torch.mm(dh.T, d, out=of["injection.weight"])
        of["injection.bias"].copy_(of["latent.bias"])
        return self._gradient


class _AlongSteps:
    """Backpropagation through steps z <- (1 - damping) z + damping T(z; d), every state kept."""

    #: See `Gradient`: no adjoint is searched for.
    converged = True

    def __init__(self, network: Network, size: int, options: choices.Gradient) -> None:
        self._network = network
        self._gradient = torch.zeros_like(network.parameters)
        self._of = layout.views(self._gradient, network.dimensions)
        self._scale = 2 / size

    @property
    def applications(self) -> int:
        """See `Gradient`: as many as there are steps between the states."""
        return len(self._images) - 1

    def _step(self, transform: Map, start: Tensor, steps: int, damping: float) -> Tensor:
        """Take the steps and keep their states; the last of them."""
        self._damping = damping
        self._states, self._images = [start], []
        for _ in range(steps):
            state = self._states[-1]
            image = transform(state, torch.empty_like(state))
            self._images.append(image)
            # Without damping the image is the state: the same bits as a solver's iterates.
            self._states.append(image if damping == 1 else torch.lerp(state, image, damping))
        return self._states[-1]

    def __call__(self, d: Tensor, error: Tensor) -> Tensor:
        """The gradient for the batch that was followed last, see `Gradient`."""
        network, of = self._network, self._of
        self._gradient.zero_()
        dy = error * self._scale
        torch.mm(dy, self._states[-1].T, out=of["output.weight"])
        torch.sum(dy, dim=1, out=of["output.bias"])
        w = network.output_weight.T @ dy
        for u, image in zip(reversed(self._states[:-1]), reversed(self._images), strict=True):
            slope = network.activation.slope(image, network.empty_slope(*image.shape))
            dh = (w * slope).mul_(self._damping)
            of["latent.weight"].addmm_(dh, u.T)
            of["injection.weight"].addmm_(dh, d.T)
            of["latent.bias"].add_(dh.sum(dim=1))
            w = w.mul_(1 - self._damping).addmm_(network.latent_weight.T, dh)
        of["injection.bias"].copy_(of["latent.bias"])
        return self._gradient


class Phantom(_AlongSteps):
    """Phantom gradient: backpropagation through k damped steps from the fixed point.

    The unrolling form of Geng et al. 2021 (arXiv:2111.05177, section 3.3); the last state is read
    out. One step without damping is jfb.

    Args:
        network: whose parameters the gradient belongs to.
        size: number of points of a batch.
        options: steps k, and damping, the weight of T in each step.
    """

    def __init__(self, network: Network, size: int, options: choices.Gradient) -> None:
        super().__init__(network, size, options)
        self._steps, self._weight = options.steps, options.damping

    def follow(self, transform: Map, solve: Solve) -> Tensor:
        """The last of the damped steps from the solver's point."""
        return self._step(transform, solve.point.clone(), self._steps, self._weight)


class Unrolled(_AlongSteps):
    """Backpropagation through every iteration from u = 0 to T(u; d).

    For solvers that iterate T and nothing else (picard, explicit): their iterates are gone through
    again and kept.

    Args:
        network: whose parameters the gradient belongs to.
        size: number of points of a batch.
        options: none are used.
    """

    def follow(self, transform: Map, solve: Solve) -> Tensor:
        """T(u; d) of the solver's point u."""
        # The point that passes is the one before the last image, the one at the limit is the image.
        steps = solve.iterations + (not solve.converged)
        return self._step(transform, torch.zeros_like(solve.point), steps, 1.0)


GRADIENTS = {
    "jfb": AtTheFixedPoint,
    "neumann": AtTheFixedPoint,
    "implicit": AtTheFixedPoint,
    "phantom": Phantom,
    "unrolled": Unrolled,
}


def open_gradient(network: Network, size: int, options: choices.Gradient) -> Gradient:
    """The gradient that `options` name, for batches of one size."""
    return GRADIENTS[options.name](network, size, options)
