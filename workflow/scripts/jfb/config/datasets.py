"""What a dataset is: frozen dataclasses, made from the checked configuration.

Each has `points`, `training_size`, `input_dim` and `outputs`, from which its network follows.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

#: Columns of a dataset of points that are the coordinates of one.
INPUTS = ("x", "y", "z")


class _Split:
    """What all have: `training_share` of the points are for training, drawn by `split_seed`."""

    #: Names of the inputs, the columns on disk.
    inputs: ClassVar[tuple[str, ...]]

    @property
    def input_dim(self) -> int:
        """Number of inputs m."""
        return len(self.inputs)

    @property
    def training_size(self) -> int:
        """Number of training points; the others are for validation."""
        return round(self.points * self.training_share)

    def to_dict(self) -> dict[str, Any]:
        """The values by name, but for those at their defaults."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }


@dataclass(frozen=True)
class Dataset(_Split):
    """A set of points in the room, the target at each, and the split.

    Lengths are in metres. `formula` is `code` (what the report's program computes) or
    `printed` (what its text prints); `noise_std` is in metres, of the noise on targets without
    unit. `noise_on` is what the noise is added to; `position_seed` draws the points of a geometry
    that is random.
    """

    geometry: str
    formula: str
    length: float
    width: float
    height: float
    points: int
    noise_std: float
    noise_seed: int
    training_share: float
    split_seed: int
    noise_on: str = "position"
    position_seed: int | None = None
    #: Of a formula `own`: the Python file, and the function there.
    formula_file: str | None = None
    formula_function: str | None = None

    #: Points in each part.
    fewest: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = INPUTS
    outputs: ClassVar[int] = 1
    #: Channels, height and width of an input; None where it is no picture.
    image: ClassVar[tuple[int, int, int] | None] = None

    @property
    def variance_of_targets(self) -> float | None:
        """That which noise gives the targets beside their formula; None where it is elsewhere."""
        if not self.noise_std:
            return 0.0
        return self.noise_std**2 if self.noise_on == "targets" else None


@dataclass(frozen=True)
class Digits(_Split):
    """The handwritten digits of scikit-learn (Alpaydin and Kaynak 1998): pictures in ten classes.

    The split is stratified by class.
    """

    training_share: float
    split_seed: int
    source: str = "digits"

    points: ClassVar[int] = 1797
    #: In each part: one of each class.
    fewest: ClassVar[int] = 10
    image: ClassVar[tuple[int, int, int] | None] = (1, 8, 8)
    inputs: ClassVar[tuple[str, ...]] = tuple(f"pixel_{k}" for k in range(64))
    outputs: ClassVar[int] = 10
    #: Nothing is added to the classes.
    variance_of_targets: ClassVar[float] = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The values by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class Camera(_Split):
    """The picture `camera` of scikit-image as a function: grey values in [0, 1] at coordinates.

    It is averaged down to `side` x `side` pixels. Coordinates of their centres are in (-1, 1),
    first to the right, then down; with `frequencies` k, sin and cos of 2^j pi times each, j < k,
    come beside them (Mildenhall et al. 2020, equation 4).
    """

    side: int
    training_share: float
    split_seed: int
    frequencies: int = 0
    source: str = "camera"

    fewest: ClassVar[int] = 1
    outputs: ClassVar[int] = 1
    #: An input is a place, not a picture.
    image: ClassVar[tuple[int, int, int] | None] = None
    #: Nothing is added to the grey values.
    variance_of_targets: ClassVar[float] = 0.0

    @property
    def points(self) -> int:
        """Number of pixels."""
        return self.side**2

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        waves = [
            f"{wave}_{axis}_{j}"
            for j in range(self.frequencies)
            for wave in ("sin", "cos")
            for axis in ("x", "y")
        ]
        return "x", "y", *waves

    def to_dict(self) -> dict[str, Any]:
        """The values by name, but for `frequencies` at its default."""
        return super().to_dict() | {"source": self.source}


@dataclass(frozen=True)
class File(_Split):
    """Samples of a user's Parquet or npz file: `shape` of an input, and what its target is.

    `classes` is the number of classes, or 0 where the target is a number. The split is stratified
    by class where there are classes.
    """

    file: str
    points: int
    shape: tuple[int, ...]
    training_share: float
    split_seed: int
    classes: int = 0

    #: What noise gives the targets is not known.
    variance_of_targets: ClassVar[float | None] = None

    def __post_init__(self) -> None:
        # A list in JSON and YAML.
        object.__setattr__(self, "shape", tuple(self.shape))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(f"input_{k}" for k in range(math.prod(self.shape)))

    @property
    def outputs(self) -> int:
        """Of the network: a number, or a score for each class."""
        return self.classes or 1

    @property
    def fewest(self) -> int:
        """In each part: one of each class."""
        return self.classes or 1

    @property
    def image(self) -> tuple[int, int, int] | None:
        """The shape, if it is that of a picture."""
        return self.shape if len(self.shape) == 3 else None

    def to_dict(self) -> dict[str, Any]:
        """The values by name, but for those at their defaults."""
        return super().to_dict() | {"shape": list(self.shape)}


#: What a run can be of.
AnyDataset = Dataset | Digits | Camera | File
#: Those that a package has with it, by `source`.
PACKAGED = {"digits": Digits, "camera": Camera}


def from_dict(values: Mapping[str, Any]) -> AnyDataset:
    """The dataset that `to_dict` wrote down, or a configuration has.

    Raises:
        KeyError, TypeError: there is none with these keys.
    """
    if "source" in values:
        return PACKAGED[values["source"]](**values)
    return (File if "file" in values else Dataset)(**values)
