"""The dataset on disk: one row per point, in the order in which training indexes it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb.config.datasets import INPUTS
from jfb.storage import parquet

TRAINING, VALIDATION = "training", "validation"
_SPLIT = pa.field("split", pa.dictionary(pa.int8(), pa.string()), nullable=False)


def schema_of(inputs: int) -> pa.Schema:
    """The schema of a dataset with so many inputs: x, y, z of points, else pixel_0, pixel_1, ..."""
    names = INPUTS if inputs == len(INPUTS) else [f"pixel_{k}" for k in range(inputs)]
    numbers = [pa.field(name, pa.float32(), nullable=False) for name in (*names, "target")]
    return pa.schema([*numbers, _SPLIT])


@dataclass(frozen=True)
class Part:
    """One part of the split: `inputs` (n, m) and `target` (n,), both float32.

    Inputs are positions in metres (m = 3), or grey values in [0, 1]; targets numbers without unit,
    or the numbers of classes.
    """

    inputs: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)


def write(path: str | Path, training: Part, validation: Part) -> None:
    """Write both parts to `path` (Parquet): training rows first, each part in its order."""
    columns = [
        *np.concatenate([training.inputs, validation.inputs]).T,
        np.concatenate([training.target, validation.target]),
        [TRAINING] * len(training) + [VALIDATION] * len(validation),
    ]
    schema = schema_of(training.inputs.shape[1])
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
    parquet.write(path, pa.Table.from_arrays(arrays, schema=schema))


def read(path: str | Path, input_dim: int = len(INPUTS)) -> tuple[Part, Part]:
    """Read the training part and the validation part.

    Args:
        path: where from.
        input_dim: number of inputs m.

    Raises:
        jfb.storage.files.Unreadable: the file is no dataset of this project with so many inputs.
    """
    schema = schema_of(input_dim)
    table = parquet.read(path, schema, "a dataset")
    split = table["split"].combine_chunks()
    names = np.array(split.dictionary.to_pylist())[parquet.to_numbers(split.indices)]
    inputs = np.stack(
        [parquet.to_numbers(table[name]) for name in schema.names[:input_dim]], axis=1
    )
    target = parquet.to_numbers(table["target"])
    training, validation = (
        Part(inputs[names == part], target[names == part]) for part in (TRAINING, VALIDATION)
    )
    return training, validation
