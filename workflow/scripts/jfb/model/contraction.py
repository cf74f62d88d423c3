"""Ways to keep the latent map contractive: a norm of its weight at most a bound.

T is then a contraction in u, since relu and tanh are 1-Lipschitz in each component, and has exactly
one fixed point (Banach 1922). A contraction is a class with the signature of `Free`.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from jfb.config import choices
from jfb.model.network import Network
from jfb.records import layout


class Free:
    """No bound, as in the report.

    Args:
        network: whose latent weight it is about.
        options: the bound.
    """

    def __init__(self, network: Network, options: choices.Contraction) -> None:
        #: (p,) what the optimiser changes.
        self.trained = network.parameters

    def pull_back(self, gradient: Tensor) -> Tensor:
        """The gradient with respect to `trained`, of one with respect to the parameters; (p,)."""
        return gradient

    def apply(self) -> None:
        """Let the network's parameters follow a change of `trained`."""


class Projection(Free):
    """After each step, the nearest weight, in the Frobenius norm, whose norm is within the bound.

    The spectral norm: singular values are cut there. The infinity norm, the largest sum of absolute
    values in a row: each row is projected onto an l1 ball.
    """

    def __init__(self, network: Network, options: choices.Contraction) -> None:
        super().__init__(network, options)
        self._weight = network.latent_weight
        self._ceiling = options.ceiling(len(self._weight))
        self._project = {"spectral": cut_singular_values, "infinity": shrink_rows}[options.norm]
        self.apply()

    def apply(self) -> None:
        """Project the latent weight."""
        weight = self._weight.double()
        if weight.isfinite().all():
            self._weight.copy_(self._project(weight, self._ceiling))


def cut_singular_values(weight: Tensor, ceiling: float) -> Tensor:
    """The nearest matrix to a float64 `weight` (n, n) with a spectral norm of at most `ceiling`."""
    left, values, right = torch.linalg.svd(weight)
    return left * values.clamp_max(ceiling) @ right if values[0] > ceiling else weight


def shrink_rows(weight: Tensor, ceiling: float) -> Tensor:
    """The nearest matrix to a float64 `weight`, (n, n), with an infinity norm of at most `ceiling`.

    A row w that is too long becomes sign(w) max(|w| - t, 0), with the t that makes the sum of the
    absolute values `ceiling` (Duchi et al. 2008, figure 1). What is computed is the distance of t
    from the largest |w|, so that no weight is too large for it.
    """
    size = weight.abs()
    ordered = size.sort(dim=1, descending=True).values
    largest = ordered[:, :1]
    gaps = largest - ordered
    count = torch.arange(1, len(weight) + 1, dtype=weight.dtype)
    levels = (ceiling + gaps.cumsum(dim=1)) / count
    last = (levels > gaps).sum(dim=1, keepdim=True) - 1
    shrunk = weight.sign() * (levels.gather(1, last) - (largest - size)).clamp_min(0)
    return torch.where(size.sum(dim=1, keepdim=True) > ceiling, shrunk, weight)


class SpectralCap(nn.Module):
    """V -> V min(1, c / |V|) with the spectral norm |V|, for `torch.nn.utils.parametrize`.

    A cap: it leaves a weight within the bound as it is. `torch.nn.utils.parametrizations.
    spectral_norm` divides by the norm always, so that every weight has norm 1, and estimates it by
    power iteration.

    Args:
        bound: c, the largest spectral norm of the result.
    """

    def __init__(self, bound: float) -> None:
        super().__init__()
        self._bound = bound

    def forward(self, weight: Tensor) -> Tensor:
        """The capped weight, (n, n); one that is not finite has no norm, and is left as it is."""
        if not weight.isfinite().all():
            return weight
        norm = torch.linalg.matrix_norm(weight.double(), 2)
        return (weight * (self._bound / norm).clamp_max(1)).to(weight.dtype)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """A weight that gives this one."""
        return weight


class Parametrization(Free):
    """The latent weight is a `SpectralCap` of a free one, which the optimiser changes.

    The gradient goes through the cap by PyTorch's autograd.
    """

    def __init__(self, network: Network, options: choices.Contraction) -> None:
        n = network.dimensions.latent_dim
        self._parameters = network.parameters
        self._weight = network.latent_weight
        self.trained = network.parameters.clone()
        self._free = layout.views(self.trained, network.dimensions)["latent.weight"]
        with torch.inference_mode(False):
            self._layer = nn.Linear(n, n, bias=False, dtype=self._weight.dtype)
            cap = SpectralCap(options.ceiling(n))
            parametrize.register_parametrization(self._layer, "weight", cap)
        self._source = self._layer.parametrizations.weight.original
        self.apply()

    def pull_back(self, gradient: Tensor) -> Tensor:
        """The gradient with respect to the free parameters, (p,)."""
        n = len(self._weight)
        with torch.inference_mode(False), torch.enable_grad():
            outer = gradient[: n * n].reshape(n, n).clone()
            (inner,) = torch.autograd.grad(self._capped, self._source, outer)
        return torch.cat([inner.flatten(), gradient[n * n :]])

    def apply(self) -> None:
        """Let the network have the capped weight, and the free parameters otherwise."""
        self._parameters.copy_(self.trained)
        with torch.inference_mode(False), torch.enable_grad():
            self._source.data.copy_(self._free)
            self._capped = self._layer.weight
        self._weight.copy_(self._capped.detach())


CONTRACTIONS = {"none": Free, "projection": Projection, "parametrization": Parametrization}
