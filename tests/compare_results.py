"""Tell where two folders of results differ byte for byte, but for times and metadata.

Usage: compare_results.py ONE OTHER

Prints what each kind of file was compared by, and what differs; exit status 1 if anything does.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

#: Columns that tell how long something took, or on what machine it did.
TIMES = re.compile(r"seconds|(^|_)time|load$|^peak_bytes|collections|tracked_objects")
#: Files that hold nothing else, or that Snakemake writes of its jobs.
NOT_COMPARED = ("logs/", "benchmarks/", "timing.csv", "cost.csv", "report.html")
#: Figures and pages that show times.
OF_TIMES = ("figures/timing", "figures/cost", "figures/figure1.")
OF_TIMES += ("table1.md", "table1.html", "table1.tex")


def is_of_time(column: str) -> bool:
    """Whether a column is left out."""
    return bool(TIMES.search(column))


def parquet(path: Path) -> object:
    """The columns of a table that tell no time, without its metadata."""
    table = pq.ParquetFile(path).read()
    timeless = table.drop_columns([name for name in table.column_names if is_of_time(name)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, timeless.schema.remove_metadata()) as writer:
        writer.write_table(timeless.combine_chunks())
    return sink.getvalue().to_pybytes()


def csv(path: Path) -> object:
    """The text of every cell that tells no time."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table = table[[name for name in table if not is_of_time(name)]]
    if "label" in table:
        # Claims about times say so in words.
        table = table[~table["label"].str.contains("[Tt]ime|[Ss]econds")]
    return table.to_csv(index=False)


def page(path: Path) -> object:
    """The lines of a page that are neither about times nor its provenance."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not re.search(r"[Tt]ime|[Ss]econds|settings_sha256", line)]


def without_origin(path: Path) -> object:
    """The bytes of a figure without the provenance in its metadata."""
    origin = rb"\{(?:&quot;|\"|\\?\")settings_sha256.*?\}\}"
    return re.sub(origin, b"", path.read_bytes(), flags=re.DOTALL)


def pixels(path: Path) -> object:
    """The pixels of a picture."""
    from PIL import Image

    with Image.open(path) as image:
        return image.size, image.tobytes()


def columns(path: Path) -> object:
    """The columns that the metadata of a CSV file names."""
    return json.loads(path.read_text(encoding="utf-8"))["tableSchema"]


#: By ending, how a file is compared; any other by its bytes.
KINDS: dict[str, Callable[[Path], object]] = {
    ".parquet": parquet,
    ".csv": csv,
    ".json": columns,
    ".md": page,
    ".html": page,
    ".tex": page,
    ".svg": without_origin,
    ".png": pixels,
}


def differing(one: Path, other: Path) -> Iterator[tuple[str, str]]:
    """The files that differ, each with what is wrong; and by ending, how many were compared."""
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (one, other)
    ]
    compared: Counter[str] = Counter()
    for name in sorted(names[0] ^ names[1]):
        if not name.startswith(NOT_COMPARED):
            yield name, "is in one of them only"
    for name in sorted(names[0] & names[1]):
        suffix = Path(name).suffix
        if name.startswith(NOT_COMPARED + OF_TIMES) or suffix == ".pdf":
            continue
        read = KINDS.get(suffix, Path.read_bytes)
        compared[suffix] += 1
        if read(one / name) != read(other / name):
            yield name, "differs"
    print(", ".join(f"{count} {suffix}" for suffix, count in sorted(compared.items())), "compared")


if __name__ == "__main__":
    found = list(differing(*map(Path, sys.argv[1:])))
    for name, fault in found:
        print(f"{name} {fault}")
    print(f"{len(found)} differ")
    sys.exit(bool(found))
