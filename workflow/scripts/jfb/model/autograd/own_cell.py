"""A user's cell: its class, opened and tried before a run trusts it."""

import torch
from torch import Tensor

from jfb.config.network_choices import Own
from jfb.model.autograd.cells import Cell
from jfb.storage import own

_NEEDED = ("latent_shape", "forward", "read_out")
#: Samples that a cell is tried with.
_SAMPLES = 3


def load(options: Own, shape: tuple[int, ...], latent_dim: int, outputs: int) -> Cell:
    """The cell of a user's file.

    Args:
        options: file and class.
        shape: of an input d.
        latent_dim: of the study, for the class to use or not.
        outputs: of the readout.

    Raises:
        jfb.storage.own.Faulty: the class is no cell, or T is no map from u to u; the message names
            file and line.
    """
    kind = own.load(options.file, options.cell)
    if not (isinstance(kind, type) and issubclass(kind, Cell)):
        raise own.wrong(options.file, kind, f"{options.cell} must be a subclass of jfb's Cell")
    cell = kind(shape, latent_dim, outputs)
    _try(options, cell, shape, outputs)
    return cell


@torch.no_grad()
def _try(options: Own, cell: Cell, shape: tuple[int, ...], outputs: int) -> None:
    """Apply T to random points, and refuse what is no map of each sample."""
    for name in _NEEDED:
        if getattr(type(cell), name, None) is getattr(Cell, name, None) and name not in vars(cell):
            raise own.wrong(options.file, type(cell), f"{options.cell} has no {name}")
    if not any(True for _ in cell.parameters()):
        raise own.wrong(options.file, type(cell), f"{options.cell} has no parameters to train")
    generator = torch.Generator().manual_seed(0)
    d = torch.rand(_SAMPLES, *shape, generator=generator)
    u = torch.rand(_SAMPLES, *cell.latent_shape, generator=generator)
    injected = cell.inject(d)
    image = cell(u, injected)
    if image.shape != u.shape:
        what = f"T(u; d) must have the shape of u, {tuple(u.shape)}, not {tuple(image.shape)}"
        raise own.wrong(options.file, type(cell).forward, what)
    y = cell.read_out(image)
    if y.shape != (_SAMPLES, outputs):
        what = f"read_out must return {(_SAMPLES, outputs)}, not {tuple(y.shape)}"
        raise own.wrong(options.file, type(cell).read_out, what)
    if not torch.equal(cell(u, injected), image):
        what = "T(u; d) is another each time: it must have no dropout and no running statistics"
        raise own.wrong(options.file, type(cell).forward, what)
    if not cell.coupled and not _near(cell(u[:1], cell.inject(d[:1])), image[:1]):
        what = "T of a sample depends on the others of its batch: set coupled = True"
        raise own.wrong(options.file, type(cell).forward, what)


def _near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
