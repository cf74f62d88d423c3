"""The cell of each network that a configuration names."""

from jfb.config import settings
from jfb.model.autograd import cells, own_cell


def open_cell(network: settings.Network, seed: int = 0) -> cells.Cell:
    """The cell of a network, with its parameters in the order of `jfb.records.layout`.

    Args:
        network: which.
        seed: from which a user's module draws its parameters and whatever else.

    Raises:
        jfb.storage.own.Faulty: a user's class is no cell.
    """
    return CELLS[network.cell.name](network, seed)


def input_shape(network: settings.Network) -> tuple[int, ...]:
    """The shape in which a cell takes an input: that of a picture, or flat."""
    if network.image and network.cell.keeps_shape:
        return network.image
    return (network.input_dim,)


def _affine(network: settings.Network, _: int) -> cells.Cell:
    return cells.Affine(network.input_dim, network.latent_dim, network.outputs, network.activation)


def _mlp(network: settings.Network, _: int) -> cells.Cell:
    dimensions = network.input_dim, network.latent_dim, network.outputs
    cell = network.cell
    return cells.MLP(*dimensions, network.activation, cell.depth, cell.normalisation, cell.ghost)


def _fpn(network: settings.Network, _: int) -> cells.Cell:
    cell, image = network.cell, network.image
    options = {key: getattr(cell, key) for key in ("half", "blocks", "gamma", "pool", "ghost")}
    return cells.FPN(
        image,
        network.outputs,
        cell.latent_shape(image),
        normalisation=cell.normalisation,
        injection_normalisation=cell.injection_normalisation or cell.normalisation,
        **options,
    )


def _own(network: settings.Network, seed: int) -> cells.Cell:
    shape, latent_dim = input_shape(network), network.latent_dim
    return own_cell.load(network.cell, shape, latent_dim, network.outputs, seed)


CELLS = {"report": _affine, "mlp": _mlp, "fpn": _fpn, "own": _own}
