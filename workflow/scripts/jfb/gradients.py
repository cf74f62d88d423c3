"""Ways to differentiate the loss through the fixed point. A gradient has the signature of `JFB`."""

import torch
from torch import Tensor

from jfb import layout
from jfb.network import Network


class JFB:
    """Jacobian-free backpropagation (Wu Fung et al. 2021, equation 10).

    With a = relu(h), h = latent(u) + injection(d), y = output(a) and the mean squared error
    L = |y - t|^2 / rows, the gradient is that of L with u held constant: the implicit
    gradient with the inverse of I - dT/du replaced by the identity. By the chain rule

        dL/dy = 2 (y - t) / rows,      dL/dh = (dL/dy W_output) * [a > 0],
        dL/dW_output = (dL/dy)^T a,    dL/dW_latent = (dL/dh)^T u,    dL/dW_injection = (dL/dh)^T d,

    and each bias gets the sum over the rows. Nothing but u, d, a and y is kept for it.

    Args:
        network: whose parameters the gradient belongs to.
        rows: number of rows of a batch.
    """

    def __init__(self, network: Network, rows: int) -> None:
        n = network.dimensions.latent_dim
        self._output_weight = network.output_weight
        self._gradient = torch.zeros_like(network.parameters)
        self._of = layout.views(self._gradient, network.dimensions)
        self._dy, self._dh = network.empty(rows, 1), network.empty(rows, n)
        self._active = torch.empty(rows, n, dtype=torch.bool)
        self._scale = 2 / rows

    def __call__(self, d: Tensor, u: Tensor, a: Tensor, error: Tensor) -> Tensor:
        """The gradient for one batch.

        Args:
            d: (rows, m) inputs.
            u: (rows, n) fixed point.
            a: (rows, n) T(u; d).
            error: (rows, 1) y - t.

        Returns:
            (p,) the gradient, valid until the next call.
        """
        of, dy, dh = self._of, self._dy, self._dh
        torch.mul(error, self._scale, out=dy)
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
