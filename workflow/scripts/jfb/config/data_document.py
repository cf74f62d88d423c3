"""The shape that datasets must have in a configuration; see `jfb.config.document`."""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from jfb.config.choice import Identifier, Positive, PythonFile
from jfb.config.choices import BY_NAME

Seed = Annotated[int, Ge(0), Le(2**32 - 1)]


class Strict(BaseModel):
    """A mapping with these keys and no others, and values of these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Digits(Strict):
    """The digits of scikit-learn, and the split."""

    source: Literal["digits"]
    training_share: Annotated[float, Gt(0), Lt(1)]
    split_seed: Seed


class Camera(Strict):
    """The picture of scikit-image, and the split."""

    source: Literal["camera"]
    side: Literal[8, 16, 32, 64, 128, 256]
    frequencies: Annotated[int, Ge(0), Le(8)] = None
    training_share: Annotated[float, Gt(0), Lt(1)]
    split_seed: Seed


class File(Strict):
    """A user's file of samples, and the split."""

    file: Annotated[str, MinLen(1)]
    points: Annotated[int, Ge(2), Le(10_000_000)]
    shape: Annotated[list[Annotated[int, Ge(1), Le(100_000)]], Field(min_length=1, max_length=3)]
    classes: Annotated[int, Ge(2), Le(10_000)] = None
    training_share: Annotated[float, Gt(0), Lt(1)]
    split_seed: Seed


class Dataset(Strict):
    """Points of the room, their targets, and the split."""

    geometry: Literal[tuple(BY_NAME["geometry"].all())]
    formula: Literal[tuple(BY_NAME["formula"].all())]
    length: Positive
    width: Positive
    height: Positive
    points: Annotated[int, Ge(2), Le(10_000_000)]
    noise_std: Annotated[float, Ge(0), Le(1e30)]
    noise_seed: Seed
    training_share: Annotated[float, Gt(0), Lt(1)]
    split_seed: Seed
    noise_on: Literal[tuple(BY_NAME["noise_on"].all())] = None
    position_seed: Seed = None
    formula_file: PythonFile = None
    formula_function: Identifier = None


def _kind_of_dataset(value: Any) -> str:
    for key, kind in (("source", "of a package"), ("file", "of a file")):
        if isinstance(value, dict) and key in value:
            return kind
    return "of points"


AnyDataset = Annotated[
    Annotated[Dataset, Tag("of points")]
    | Annotated[Annotated[Digits | Camera, Field(discriminator="source")], Tag("of a package")]
    | Annotated[File, Tag("of a file")],
    Discriminator(_kind_of_dataset),
]
