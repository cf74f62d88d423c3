"""What a dataset is: frozen dataclasses, made from the checked configuration.

Each has `points`, `training_size`, `input_dim` and `outputs`, from which its network follows.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

#: Columns of a dataset of points that are the coordinates of one.
INPUTS = ("x", "y", "z")


class _Split:
    """What all have: `training_share` of the points are for training, drawn by `split_seed`."""

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

    #: Points in each part.
    fewest: ClassVar[int] = 1
    input_dim: ClassVar[int] = len(INPUTS)
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
    input_dim: ClassVar[int] = 64
    outputs: ClassVar[int] = 10
    #: Nothing is added to the classes.
    variance_of_targets: ClassVar[float] = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The values by name."""
        return dict(vars(self))


def from_dict(values: Mapping[str, Any]) -> Dataset | Digits:
    """The dataset that `to_dict` wrote down, or a configuration has.

    Raises:
        TypeError: there is none with these keys.
    """
    return (Digits if "source" in values else Dataset)(**values)
