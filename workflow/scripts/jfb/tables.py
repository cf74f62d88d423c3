"""Parquet tables, to and from NumPy, with a digest by which damage is noticed.

PyArrow's own conversions import pandas where it is installed, which takes a job of one second a
quarter of a second; these do not.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jfb import files

_DIGEST = b"sha256"


def from_numbers(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """An Arrow array of a numeric type, of (rows,) numbers."""
    numbers = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def from_cells(cells: Sequence, kind: pa.DataType) -> pa.Array:
    """An Arrow array of a numeric type or of booleans, of single values; None becomes null."""
    present = np.array([cell is not None for cell in cells], dtype=bool)
    values = np.array([cell or 0 for cell in cells], dtype=kind.to_pandas_dtype())
    bits = pa.py_buffer(np.packbits(present, bitorder="little"))
    data = np.packbits(values, bitorder="little") if pa.types.is_boolean(kind) else values
    return pa.Array.from_buffers(kind, len(cells), [bits, pa.py_buffer(data)])


def from_texts(texts: Sequence[str], kind: pa.DataType) -> pa.Array:
    """An Arrow array of strings."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    data = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(kind, len(texts), data)


def to_numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The (rows,) numbers of a column without nulls."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.from_dlpack(whole)


def read(path: str | Path, schema: pa.Schema, what: str) -> pa.Table:
    """Read one Parquet file that `write` wrote, whatever the folders that it lies in are called.

    Raises:
        jfb.files.Unreadable: it cannot be read, has other columns than `schema`, or its contents
            are not those that were written; the message names it, and `what` it should have been.
    """
    table = _read(path, what)
    if not table.schema.equals(schema):
        found, wanted = (
            ", ".join(f"{f.name}: {f.type}" for f in s) for s in (table.schema, schema)
        )
        raise files.Unreadable(path, f"not {what} (columns {found}; wanted {wanted})")
    return _checked(path, table, what)


def read_frame(path: str | Path, what: str):
    """Read a table of any columns that `write` wrote, as a pandas table; raises as `read` does."""
    table = _read(path, what)
    return _checked(path, table, what).to_pandas()


def _checked(path: str | Path, table: pa.Table, what: str) -> pa.Table:
    """The table without its digest, which must be that of its contents."""
    metadata = table.schema.metadata or {}
    if metadata.get(_DIGEST) != _digest(table):
        raise files.Unreadable(path, f"damaged: not what was written as {what}")
    return table.replace_schema_metadata({k: v for k, v in metadata.items() if k != _DIGEST})


def _read(path: str | Path, what: str) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            return file.read()
    # What PyArrow raises on damaged files is not one class: footers, names and pages differ.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise files.Unreadable(path, f"not readable as {what} ({error})") from error


def write(path: str | Path, table: pa.Table) -> None:
    """Write a table to `path`, whole or not at all, with a digest of its contents."""
    metadata = (table.schema.metadata or {}) | {_DIGEST: _digest(table)}
    with files.whole(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")


def _digest(table: pa.Table) -> bytes:
    """SHA-256 of a table's columns and metadata, in hexadecimal."""
    digest = hashlib.sha256()
    for name, value in sorted((table.schema.metadata or {}).items()):
        if name not in (_DIGEST, b"ARROW:schema"):
            digest.update(b"%s=%d:%s\n" % (name, len(value), value))
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"{field.name}: {field.type}\n".encode())
        plain = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        if plain and not column.null_count:
            digest.update(to_numbers(column).tobytes())
        else:
            digest.update(repr(column.to_pylist()).encode())
    return digest.hexdigest().encode()
