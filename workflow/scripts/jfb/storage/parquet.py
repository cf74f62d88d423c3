"""Parquet tables, to and from NumPy, with a digest by which damage is noticed.

PyArrow's own conversions import pandas where it is installed, which takes a job of one second a
quarter of a second; these do not.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jfb.storage import files

_MAGIC = b"PAR1"
#: The length of the footer, in four bytes, and the magic number.
_FOOTER_END = 8
_DIGEST_SIZE = 32
_TYPES = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}


def from_numbers(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """An Arrow array of a numeric type, of (rows,) numbers."""
    numbers = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def from_arrays(arrays: Sequence[np.ndarray], kind: pa.DataType) -> pa.Array:
    """An Arrow array of lists of a numeric type, one of each (length,) array."""
    ends = from_numbers(np.cumsum([0, *map(len, arrays)]), pa.int32())
    return pa.ListArray.from_arrays(ends, from_numbers(np.concatenate(arrays), kind))


def from_cells(cells: Sequence, kind: pa.DataType) -> pa.Array:
    """An Arrow array of a numeric type or of booleans, of single values; None becomes null."""
    values = np.array([cell or 0 for cell in cells], dtype=kind.to_pandas_dtype())
    data = np.packbits(values, bitorder="little") if pa.types.is_boolean(kind) else values
    return pa.Array.from_buffers(kind, len(cells), [_present(cells), pa.py_buffer(data)])


def from_texts(texts: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    """An Arrow array of strings; None becomes null."""
    encoded = [(text or "").encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    data = [_present(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(kind, len(texts), data)


def _present(cells: Sequence) -> pa.Buffer | None:
    """The bitmap of the cells that are there; None where all are."""
    present = np.array([cell is not None for cell in cells], dtype=bool)
    return None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))


def schema_of(row: type) -> pa.Schema:
    """The schema of a table whose rows are named tuples: a column per field, in their order.

    Args:
        row: the class, whose fields are int, float, bool or str, or one of them or None.
    """
    return pa.schema(
        pa.field(name, _TYPES[kind], nullable=False)
        if kind in _TYPES
        else pa.field(name, _TYPES[_or_none(kind)])
        for name, kind in row.__annotations__.items()
    )


def _or_none(kind: UnionType) -> type:
    """The type of a field that may be None."""
    (given,) = (part for part in get_args(kind) if part is not NoneType)
    return given


def from_rows(rows: Sequence[Sequence], schema: pa.Schema) -> pa.Table:
    """The table of some rows, each with a cell per column of the schema, None where it has none."""
    columns = []
    for place, field in enumerate(schema):
        cells = [row[place] for row in rows]
        make = from_texts if field.type == pa.string() else from_cells
        columns.append(make(cells, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def to_numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The (rows,) numbers of a column without nulls."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.from_dlpack(whole)


def read(path: str | Path, schema: pa.Schema, what: str) -> pa.Table:
    """Read one Parquet file that `write` wrote, whatever the folders that it lies in are called.

    Raises:
        jfb.storage.files.Unreadable: it cannot be read, has other columns than `schema`, or is not
        byte for
            byte what was written; the message names it, and `what` it should have been.
    """
    table = _read(path, what)
    if not table.schema.equals(schema):
        found, wanted = (
            ", ".join(f"{f.name}: {f.type}" for f in s) for s in (table.schema, schema)
        )
        raise files.Unreadable(path, f"not {what} (columns {found}; wanted {wanted})")
    return table


def read_frame(path: str | Path, what: str):
    """Read a table of any columns that `write` wrote, as a pandas table; raises as `read` does."""
    return _read(path, what).to_pandas()


def write(path: str | Path, table: pa.Table) -> None:
    """Write a table to `path`, whole or not at all, with a digest by which damage is noticed."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    end = _end_of_pages(content)
    with files.whole(path) as temporary:
        temporary.write_bytes(content[:end] + _digest(content) + content[end:])


def _read(path: str | Path, what: str) -> pa.Table:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise files.Unreadable(path, f"not readable as {what} ({error.strerror})") from error
    if len(content) < len(_MAGIC) + _FOOTER_END or not content.endswith(_MAGIC):
        raise files.Unreadable(path, f"not readable as {what} (not a whole Parquet file)")
    end = _end_of_pages(content)
    start = max(0, end - _DIGEST_SIZE)
    if content[start:end] != _digest(content[:start] + content[end:]):
        raise files.Unreadable(path, f"damaged: not what was written as {what}")
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        return file.read()


def _end_of_pages(content: bytes) -> int:
    """Where the footer of a Parquet file starts.

    The digest stands before it: pages are found by their distance from the start of the file, the
    footer by its from the end, so that no reader comes across what lies between.
    """
    length = int.from_bytes(content[-_FOOTER_END : -len(_MAGIC)], "little")
    return max(0, len(content) - _FOOTER_END - length)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
