"""The report's network: an implicit layer and a linear readout, on one flat parameter vector."""

import torch
from torch import Tensor

from jfb.config import settings
from jfb.model.activations import ACTIVATIONS
from jfb.records import layout


class Network:
    """T(u; d) = relu(latent(u) + injection(d)) and y = output(T(u*; d)), u* = T(u*; d).

    (Or with another activation than relu.)

    `latent`, `injection` and `output` are affine (report, section Network, where T is R_Theta
    and the injection is Q_Theta). They are views of one vector: what an optimiser does to the
    vector, it does to them.

    Args:
        parameters: (p,) flat vector, in the order of `jfb.records.layout`; not copied.
        dimensions: latent dimension n, input dimension m, and the activation.
    """

    def __init__(self, parameters: Tensor, dimensions: settings.Network) -> None:
        self.parameters = parameters
        self.dimensions = dimensions
        self.activation = ACTIVATIONS[dimensions.activation]
        self.shapes = layout.shapes(dimensions)
        layers = layout.split(parameters, self.shapes)
        self.latent_weight, self.latent_bias = layers["latent.weight"], layers["latent.bias"]
        self.injection_weight = layers["injection.weight"]
        self.injection_bias = layers["injection.bias"]
        self.output_weight, self.output_bias = layers["output.weight"], layers["output.bias"]

    def read_out(self, a: Tensor, out: Tensor) -> Tensor:
        """Write y = output(a) to `out`: (n, size) to (1, size)."""
        return torch.mm(self.output_weight, a, out=out).add_(self.output_bias)

    def empty(self, *shape: int) -> Tensor:
        """An uninitialised tensor of the parameters' type, to write results to."""
        return torch.empty(shape, dtype=self.parameters.dtype)

    def empty_slope(self, *shape: int) -> Tensor:
        """An uninitialised tensor for the activation's derivative."""
        dtype = self.activation.slope_dtype or self.parameters.dtype
        return torch.empty(shape, dtype=dtype)


class Transformation:
    """u -> T(u; d) for batches of one size, with d held fixed between calls of `fix`.

    Points stand in columns: a product with a weight then runs along the batch, which is several
    times faster than along three components, and rounds as `torch.nn.functional.linear` does.

    Args:
        network: whose layers are applied.
        size: number of points of a batch.
    """

    def __init__(self, network: Network, size: int) -> None:
        self._network = network
        self._activate = network.activation.apply_
        self._latent_weight = network.latent_weight
        self._latent_bias = network.latent_bias[:, None]
        self._injection_bias = network.injection_bias[:, None]
        self._injected = network.empty(network.dimensions.latent_dim, size)

    def fix(self, d: Tensor) -> None:
        """Compute injection(d) for a batch d, (m, size)."""
        product = torch.mm(self._network.injection_weight, d, out=self._injected)
        product.add_(self._injection_bias)

    def __call__(self, u: Tensor, out: Tensor) -> Tensor:
        """Write T(u; d) to `out`; both (n, size)."""
        latent = torch.mm(self._latent_weight, u, out=out).add_(self._latent_bias)
        return self._activate(latent.add_(self._injected))
