"""The dataset on disk: one row per point, in the order in which training indexes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb.config.datasets import INPUTS
from jfb.storage import parquet

TRAINING, VALIDATION = "training", "validation"
_SPLIT = pa.field("split", pa.dictionary(pa.int8(), pa.string()), nullable=False)


def schema_of(inputs: Sequence[str]) -> pa.Schema:
    """The schema of a dataset with inputs of these names."""
    numbers = [pa.field(name, pa.float32(), nullable=False) for name in (*inputs, "target")]
    return pa.schema([*numbers, _SPLIT])


@dataclass(frozen=True)
class Part:
    """One part of the split: `inputs` (n, m) and `target` (n,), both float32.

    Inputs are positions in metres, grey values in [0, 1], or what a user's file has; targets
    numbers without unit, or the numbers of classes.
    """

    inputs: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)


def write(
    path: str | Path, training: Part, validation: Part, inputs: Sequence[str] = INPUTS
) -> None:
    """Write both parts to `path` (Parquet): training rows first, each part in its order."""
    columns = [
        *np.concatenate([training.inputs, validation.inputs]).T,
        np.concatenate([training.target, validation.target]),
        [TRAINING] * len(training) + [VALIDATION] * len(validation),
    ]
    schema = schema_of(inputs)
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
    parquet.write(path, pa.Table.from_arrays(arrays, schema=schema))


def read(path: str | Path, names: Sequence[str] = INPUTS) -> tuple[Part, Part]:
    """Read the training part and the validation part.

    Args:
        path: where from.
        names: of the inputs.

    Raises:
        jfb.storage.files.Unreadable: the file is no dataset of this project with such inputs.
    """
    schema = schema_of(names)
    table = parquet.read(path, schema, "a dataset")
    split = table["split"].combine_chunks()
    parts = np.array(split.dictionary.to_pylist())[parquet.to_numbers(split.indices)]
    inputs = np.stack([parquet.to_numbers(table[name]) for name in names], axis=1)
    target = parquet.to_numbers(table["target"])
    training, validation = (
        Part(inputs[parts == part], target[parts == part]) for part in (TRAINING, VALIDATION)
    )
    return training, validation
