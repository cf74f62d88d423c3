"""Ways to differentiate the loss through the fixed point. A gradient has the signature of `JFB`."""

import torch
from torch import Tensor

from jfb import layout
from jfb.network import Network


class JFB:
    """Jacobian-free backpropagation (Wu Fung et al. 2021, arXiv:2103.12803).

    Write h = latent(u) + injection(d), a = relu(h) and y = output(a), a point per row, and
    L = |y - t|^2 / size for the mean squared error. The gradient is that of L with u held
    constant: the implicit gradient with the inverse of I - dT/du replaced by the identity. By
    the chain rule

        dL/dy = 2 (y - t) / size,      dL/dh = (dL/dy W_output) * [a > 0],
        dL/dW_output = (dL/dy)^T a,    dL/dW_latent = (dL/dh)^T u,    dL/dW_injection = (dL/dh)^T d,

    and each bias gets the sum over the points. Nothing but u, d, a and y is kept for it.

    Args:
        network: whose parameters the gradient belongs to.
        size: number of points of a batch.
    """

    def __init__(self, network: Network, size: int) -> None:
        n, m = network.dimensions.latent_dim, network.dimensions.input_dim
        self._output_weight = network.output_weight
        self._gradient = torch.zeros_like(network.parameters)
        self._of = layout.views(self._gradient, network.dimensions)
        self._d, self._u, self._a = (network.empty(size, width) for width in (m, n, n))
        self._dy, self._dh = network.empty(size, 1), network.empty(size, n)
        self._active = torch.empty(size, n, dtype=torch.bool)
        self._scale = 2 / size

    def __call__(self, d: Tensor, u: Tensor, a: Tensor, error: Tensor) -> Tensor:
        """The gradient for one batch.

        Args:
            d: (m, size) inputs.
            u: (n, size) fixed point.
            a: (n, size) T(u; d).
            error: (1, size) y - t.

        Returns:
            (p,) the gradient, valid until the next call.
        """
        of, dy, dh = self._of, self._dy, self._dh
        # A point per row from here: sums over the batch then add in autograd's order.
        d, u, a = self._d.copy_(d.T), self._u.copy_(u.T), self._a.copy_(a.T)
        torch.mul(error.T, self._scale, out=dy)
        torch.mm(dy.T, a, out=of["output.weight"])
        torch.sum(dy, dim=0, out=of["output.bias"])
        torch.mm(dy, self._output_weight, out=dh)
        dh.mul_(torch.gt(a, 0, out=self._active))
        torch.mm(dh.T, u, out=of["latent.weight"])
        torch.sum(dh, dim=0, out=of["latent.bias"])
        torch.mm(dh.T, d, out=of["injection.weight"])
        of["injection.bias"].copy_(of["latent.bias"])
        return self._gradient


GRADIENTS = {"jfb": JFB}
