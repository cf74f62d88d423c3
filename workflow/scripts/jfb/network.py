"""The report's network: an implicit layer and a linear readout, on one flat parameter vector."""

import torch
from torch import Tensor

from jfb import layout, settings


class Network:
    """T(u; d) = relu(latent(u) + injection(d)) and y = output(T(u*; d)), u* = T(u*; d).

    `latent`, `injection` and `output` are affine (report, section Network, where T is R_Theta
    and the injection is Q_Theta). They are views of one vector: what an optimiser does to the
    vector, it does to them.

    Args:
        parameters: (p,) flat vector, in the order of `jfb.layout`; not copied.
        dimensions: latent dimension n and input dimension m.
    """

    def __init__(self, parameters: Tensor, dimensions: settings.Network) -> None:
        self.parameters = parameters
        self.dimensions = dimensions
        layers = layout.views(parameters, dimensions)
        self.latent_weight, self.latent_bias = layers["latent.weight"], layers["latent.bias"]
        self.injection_weight = layers["injection.weight"]
        self.injection_bias = layers["injection.bias"]
        self.output_weight, self.output_bias = layers["output.weight"], layers["output.bias"]

    def read_out(self, a: Tensor, out: Tensor) -> Tensor:
        """Write y = output(a) to `out`: (rows, n) to (rows, 1)."""
        return torch.addmm(self.output_bias, a, self.output_weight.T, out=out)

    def empty(self, *shape: int) -> Tensor:
        """An uninitialised tensor of the parameters' type, to write results to."""
        return torch.empty(shape, dtype=self.parameters.dtype)


class Transformation:
    """u -> T(u; d) for batches of one size, with d held fixed between calls of `fix`.

    Args:
        network: whose layers are applied.
        rows: number of rows of a batch.
    """

    def __init__(self, network: Network, rows: int) -> None:
        self._network = network
        self._latent_weight = network.latent_weight.T
        self._injection_weight = network.injection_weight.T
        self._latent_bias = network.empty(rows, network.dimensions.latent_dim)
        self._injected = torch.empty_like(self._latent_bias)

    def fix(self, d: Tensor) -> None:
        """Compute injection(d) for a batch d, (rows, m)."""
        net = self._network
        torch.addmm(net.injection_bias, d, self._injection_weight, out=self._injected)
        # A bias of the shape of the product spares addmm a broadcast at every iteration.
        self._latent_bias.copy_(net.latent_bias)

    def __call__(self, u: Tensor, out: Tensor) -> Tensor:
        """Write relu(latent(u) + injection(d)) to `out`; both (rows, n)."""
        product = torch.addmm(self._latent_bias, u, self._latent_weight, out=out)
        return product.add_(self._injected).relu_()
