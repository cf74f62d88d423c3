"""A user's cell: its class, opened and tried before a run trusts it."""

import torch
from torch import Tensor

from jfb.config.network_choices import Own
from jfb.model.autograd.cells import Cell, in_float64
from jfb.storage import own

#: Methods of a cell, and what they take.
_NEEDED = {"inject": ("d",), "forward": ("u", "d"), "read_out": ("a",)}
#: Samples that a cell is tried with.
_SAMPLES = 64


def load(options: Own, shape: tuple[int, ...], latent_dim: int, outputs: int, seed: int) -> Cell:
    """The cell of a user's file.

    Args:
        options: file and class.
        shape: of an input d.
        latent_dim: of the study, for the class to use or not.
        outputs: of the readout.
        seed: from which the class draws its parameters, and whatever else.

    Raises:
        jfb.storage.own.Faulty: the class is no cell, or T is no map from u to u; the message names
            file and line.
    """
    # What the file draws while it is read is to be the same for every seed, and in every job.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind = own.load(options.file, options.cell)
    if not (isinstance(kind, type) and issubclass(kind, Cell)):
        raise own.wrong(options.file, kind, f"{options.cell} must be a subclass of jfb's Cell")
    own.require_takes(options.file, kind, "shape", "latent_dim", "outputs")
    torch.manual_seed(seed)
    cell = kind(shape, latent_dim, outputs)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        _Trial(options, cell, shape).carry_out(outputs)
    return cell


class _Trial:
    """T is applied to random points; what is no map of each sample is refused.

    Args:
        options: file and class.
        cell: of the class.
        shape: of an input d.
    """

    def __init__(self, options: Own, cell: Cell, shape: tuple[int, ...]) -> None:
        self._options, self._cell, self._kind = options, cell, type(cell)
        self._require_methods()
        generator = torch.Generator("cpu").manual_seed(0)
        self._d, self._u = (
            torch.rand(_SAMPLES, *of, generator=generator, device="cpu").to(
                torch.get_default_device()
            )
            for of in (shape, cell.latent_shape)
        )

    def _require_methods(self) -> None:
        cell, kind, options = self._cell, self._kind, self._options
        for name, takes in _NEEDED.items():
            if name in ("forward", "read_out") and getattr(kind, name) is getattr(Cell, name):
                raise own.wrong(options.file, kind, f"{options.cell} has no {name}")
            own.require_takes(options.file, getattr(kind, name), "self", *takes)
        shape = getattr(cell, "latent_shape", None)
        if not (isinstance(shape, tuple) and all(isinstance(n, int) and n > 0 for n in shape)):
            what = f"latent_shape must be a tuple of whole numbers, the shape of u, not {shape!r}"
            raise own.wrong(options.file, kind, what)
        if not any(True for _ in cell.parameters()):
            raise own.wrong(options.file, kind, f"{options.cell} has no parameters to train")

    def _require(self, found: object, shape: tuple[int, ...], what: str, method: str) -> None:
        function = getattr(self._kind, method)
        own.require_shape(self._options.file, function, found, Tensor, shape, what)

    def _wrong(self, method: str, what: str) -> own.Faulty:
        return own.wrong(self._options.file, getattr(self._kind, method), what)

    def carry_out(self, outputs: int) -> None:
        """Try all that training and the exact gradient ask of the cell."""
        cell, u, d = self._cell, self._u, self._d
        injected = cell.inject(d)
        if not isinstance(injected, Tensor):
            raise self._wrong(
                "inject", f"inject must return a tensor, not {type(injected).__name__}"
            )
        image = cell(u, injected)
        self._require(image, tuple(u.shape), "T(u; d) must have the shape of u,", "forward")
        y = cell.read_out(image)
        self._require(y, (_SAMPLES, outputs), "read_out must return", "read_out")
        if not (image.isfinite().all() and y.isfinite().all()):
            raise self._wrong("forward", "T(u; d) must be finite for u and d in [0, 1]")
        again = cell(u, cell.inject(d))
        if not (torch.equal(again, image) and torch.equal(cell.read_out(image), y)):
            what = "T(u; d) is another each time: it must have no dropout and no running statistics"
            raise self._wrong("forward", what)
        if not cell.coupled and not _near(cell(u[:1], cell.inject(d[:1])), image[:1]):
            what = "T of a sample depends on the others of its batch: set coupled = True"
            raise self._wrong("forward", what)
        # The exact gradient's products are taken in float64.
        arguments = u.double(), injected.double()
        torch.func.functional_call(cell, in_float64(cell), arguments)


def _near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
