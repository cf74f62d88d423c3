"""Parquet tables, to and from NumPy.

PyArrow's own conversions import pandas where it is installed, which takes a job of one second a
quarter of a second; these do not.
"""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jfb import files

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px sans-serif; margin: 1.5em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.3em 0.7em; border-bottom: 1px solid #ccc; text-align: left; }}
th {{ border-bottom: 2px solid #666; }}
p {{ max-width: 60em; }}
</style>
</head>
<body>
<h1>{title}</h1>
{table}
<p>{note}</p>
</body>
</html>
"""


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
    """Read one Parquet file, whatever the folders that it lies in are called.

    Raises:
        ValueError: it cannot be read, or has another schema; the message names it, and `what` it
            should have been.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path}: not readable as {what} ({error})") from error
    if not table.schema.equals(schema):
        found, wanted = (
            ", ".join(f"{f.name}: {f.type}" for f in s) for s in (table.schema, schema)
        )
        raise ValueError(f"{path}: not {what} (columns {found}; wanted {wanted})")
    return table


def to_page(table: str, title: str, note: str) -> str:
    """An HTML page with a table, which is HTML already, and a note below it."""
    return _PAGE.format(title=html.escape(title), table=table, note=html.escape(note))


def write(path: str | Path, table: pa.Table) -> None:
    """Write a table to `path`, whole or not at all."""
    with files.whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
