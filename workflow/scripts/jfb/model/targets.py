"""The points of the room, and the heat-like target that the network learns."""

from collections.abc import Callable

import numpy as np

from jfb.config import datasets
from jfb.records.dataset import Part
from jfb.storage import own


def diagonal(points: int, length: float, width: float, height: float) -> np.ndarray:
    """Points on the room's diagonal, from the origin to the opposite corner.

    Args:
        points: number of points n.
        length, width, height: the room's dimensions in metres.

    Returns:
        (3, n) float32 coordinates x, y and z, in metres, equal to those of `torch.linspace`. They
        are collinear, as in the report's program.
    """
    return np.stack([_linspace(side, points) for side in (length, width, height)])


def uniform(points: int, seed: int, *lengths: float) -> np.ndarray:
    """Points that are uniform in the room, drawn by NumPy's default generator.

    Args:
        points: number of points n.
        seed: of the generator.
        lengths: the room's dimensions in metres.

    Returns:
        (3, n) float32 coordinates x, y and z, in metres.
    """
    drawn = np.random.default_rng(seed).uniform(size=(len(lengths), points))
    return (drawn * np.array(lengths)[:, None]).astype(np.float32)


def _linspace(end: float, points: int) -> np.ndarray:
    """From 0 to `end`: steps from the nearer end, each rounded to float32 once."""
    last, end = points - 1, np.float32(end)
    step = np.float64(end / np.float32(max(last, 1)))
    place = np.arange(points)
    # In float64 both are exact.
    from_start, from_end = step * place, np.float64(end) - step * (last - place)
    return np.where(place < points // 2, from_start, from_end).astype(np.float32)


def code(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Target of the report's program: tanh(x / (1 + e^-y)) + y / (1 + x^2 + z^2).

    Args:
        x, y, z: (n,) coordinates in metres.

    Returns:
        (n,), dimensionless. exp and tanh are rounded from float64: no value of the report's lies so
        near to the middle of two float32 that libraries could differ.
    """
    sigmoid = x / (1 + _rounded(np.exp, -y))
    return _rounded(np.tanh, sigmoid) + y / (1 + x * x + z * z)


def _rounded(function: np.ufunc, x: np.ndarray) -> np.ndarray:
    return function(x.astype(np.float64)).astype(x.dtype)


def printed(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Target as the report prints it: tanh(x / (1 + e^-y) + y / (1 + x^2 + z^2)).

    Args:
        x, y, z: (n,) coordinates in metres.

    Returns:
        (n,), dimensionless. In float32 by PyTorch with MKL, whose tanh is another than float64's at
        three of the report's points: on another processor than x86-64 they may differ.
    """
    # What has no need of it does without: to load it takes a second.
    import torch

    from jfb.model import numerics

    numerics.pin()
    x, y, z = map(torch.from_numpy, (x, y, z))
    return torch.tanh(x / (1 + torch.exp(-y)) + y / (1 + x**2 + z**2)).numpy()


GEOMETRIES = {
    "diagonal": lambda options, *lengths: diagonal(options.points, *lengths),
    "uniform": lambda options, *lengths: uniform(options.points, options.position_seed, *lengths),
}
FORMULAS = {"code": code, "printed": printed}


def _formula(options: datasets.Dataset) -> Callable[..., np.ndarray]:
    if options.formula != "own":
        return FORMULAS[options.formula]
    file, function = options.formula_file, own.load(options.formula_file, options.formula_function)

    own.require_takes(file, function, "x", "y", "z")

    def checked(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        # Copies: what a user's function does to them is not to move the points.
        target = np.asarray(function(x.copy(), y.copy(), z.copy()))
        what = "must return an array of shape"
        own.require_shape(file, function, target, np.ndarray, x.shape, what)
        if target.dtype.kind not in "iufb":
            raise own.wrong(file, function, f"must return numbers, not {target.dtype}")
        target = target.astype(np.float32)
        if not np.isfinite(target).all():
            raise own.wrong(file, function, "must return numbers that are finite in float32")
        return target

    return checked


def make(
    options: datasets.Dataset, noise: np.ndarray | None, order: np.ndarray
) -> tuple[Part, Part]:
    """The training part and the validation part of a dataset.

    Args:
        options: geometry, formula, noise and split.
        noise: (3, n) float32 standard normal noise, for x, y and z; the first row for the targets.
            None where there is none.
        order: (n,) permutation of the points; its first `training_size` are for training.
    """
    lengths = options.length, options.width, options.height
    position = GEOMETRIES[options.geometry](options, *lengths)
    shift = np.zeros_like(position) if noise is None else np.float32(options.noise_std) * noise
    if options.noise_on == "position":
        position = position + shift
    target = _formula(options)(*position)
    if options.noise_on == "inputs":
        position = position + shift
    elif options.noise_on == "targets":
        target = target + shift[0]
    target = target[order]
    inputs = np.ascontiguousarray(position.T[order])
    size = options.training_size
    return Part(inputs[:size], target[:size]), Part(inputs[size:], target[size:])
