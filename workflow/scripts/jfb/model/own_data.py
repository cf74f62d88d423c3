"""Samples of a user's file, and whether they are what the configuration says."""

import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from jfb.config.datasets import File
from jfb.model import parts
from jfb.records.dataset import Part
from jfb.storage.own import Faulty

TARGET, INPUTS = "target", "inputs"


#: Of files that are no Parquet or no archive, and of archives whose members are damaged.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError),
    *(pa.ArrowException, zipfile.BadZipFile, zlib.error),
)


def make(options: File) -> tuple[Part, Part]:
    """The training part and the validation part.

    A Parquet file has a column `target`, and an input in each other column; a file of NumPy has
    arrays `inputs`, (n, *shape), and `target`, (n,).

    Raises:
        jfb.storage.own.Faulty: the file can't be read, or holds something else.
    """
    try:
        read = _of_numpy if options.file.endswith(".npz") else _of_parquet
        inputs, target = read(options)
    except _UNREADABLE as error:
        raise Faulty(options.file, f"can't be read: {error}") from error
    _check(options, inputs, target)
    inputs = inputs.reshape(len(inputs), -1).astype(np.float32)
    return parts.split(options, inputs, target.astype(np.float32), bool(options.classes))


def _of_numpy(options: File) -> tuple[np.ndarray, np.ndarray]:
    if not zipfile.is_zipfile(options.file):
        raise ValueError("no archive of NumPy's savez")
    with np.load(options.file, allow_pickle=False) as arrays:
        return arrays[INPUTS], arrays[TARGET]


def _of_parquet(options: File) -> tuple[np.ndarray, np.ndarray]:
    table = pa.parquet.read_table(options.file)
    target = table[TARGET].to_numpy()
    columns = [table[name].to_numpy() for name in table.column_names if name != TARGET]
    inputs = np.stack(columns, axis=1)
    if inputs.shape[1] == len(options.inputs):
        inputs = inputs.reshape(-1, *options.shape)
    return inputs, target


def _check(options: File, inputs: np.ndarray, target: np.ndarray) -> None:
    wanted = options.points, *options.shape
    if inputs.shape != wanted:
        what = f"has inputs of shape {inputs.shape}, not {wanted}, of points and shape"
        raise Faulty(options.file, what)
    if target.shape != wanted[:1]:
        raise Faulty(options.file, f"has targets of shape {target.shape}, not {wanted[:1]}")
    for name, values in ((INPUTS, inputs), (TARGET, target)):
        if values.dtype.kind not in "iufb":
            raise Faulty(options.file, f"has {name} of type {values.dtype}, not numbers")
        if not np.isfinite(values.astype(np.float32)).all():
            raise Faulty(options.file, f"has {name} that are not finite in float32")
    if not options.classes:
        return
    found, counts = np.unique(target, return_counts=True)
    if not np.array_equal(found, np.arange(options.classes)) or counts.min() < 2:
        last = options.classes - 1
        what = f"must have every class from 0 to {last} as target, twice at least, and no other"
        raise Faulty(options.file, what)
