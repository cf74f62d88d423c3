"""The dataset on disk: one row per point, in the order in which training indexes it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb.config.settings import INPUTS
from jfb.storage import parquet

TRAINING, VALIDATION = "training", "validation"
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.float32(), nullable=False) for name in (*INPUTS, "target")),
        pa.field("split", pa.dictionary(pa.int8(), pa.string()), nullable=False),
    ]
)


@dataclass(frozen=True)
class Part:
    """Points of one part of the split: `inputs` (n, 3) in metres, `target` (n,), both float32."""

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
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    parquet.write(path, pa.Table.from_arrays(arrays, schema=SCHEMA))


def read(path: str | Path) -> tuple[Part, Part]:
    """Read the training part and the validation part.

    Raises:
        jfb.storage.files.Unreadable: the file is no dataset of this project.
    """
    table = parquet.read(path, SCHEMA, "a dataset")
    split = table["split"].combine_chunks()
    names = np.array(split.dictionary.to_pylist())[parquet.to_numbers(split.indices)]
    inputs = np.stack([parquet.to_numbers(table[name]) for name in INPUTS], axis=1)
    target = parquet.to_numbers(table["target"])
    training, validation = (
        Part(inputs[names == part], target[names == part]) for part in (TRAINING, VALIDATION)
    )
    return training, validation
