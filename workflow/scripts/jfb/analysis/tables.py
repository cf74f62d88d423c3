"""The tables that claims are decided by, read from the files that the workflow has written."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from jfb.analysis import alignment, evidence, timing
from jfb.analysis.sources import Source, parse
from jfb.storage import parquet

Tables = dict[Source, pd.DataFrame]


def read(files: Mapping[str, Sequence[str]]) -> Tables:
    """The tables of claims.

    Args:
        files: of each product that is taken, by its name as `jfb.analysis.sources` has it: one, of
            an alignment one per batch size, of timing one per machine; of the catalogue its
            entries and its searches, of sharpness by entry the sharpness and the entries of runs.

    Returns:
        By their sources: what `jfb.analysis.evidence` makes of each file and of the published
        table; of a summary with one run per batch size also its `cells`; and where the replay is
        there, `above_lowest` of each study and of the catalogue: the replay beside the lowest loss
        in it.
    """
    found: Tables = {Source("published"): evidence.of_published()}
    for name, paths in files.items():
        product = parse(name)
        found |= _READERS[product.kind](product, paths)
    replay = found.get(Source("summaries", "replay"))
    if replay is not None:
        found |= {
            source.of_kind("above_lowest"): evidence.above_lowest(replay, many["exact_best_loss"])
            for source, many in found.items()
            if source.kind == "summaries"
        }
    entries = found.get(Source("catalogue", part="entries"))
    if replay is not None and entries is not None:
        lowest = evidence.above_lowest(replay, entries["loss"])
        found[Source("catalogue", part="above_lowest")] = lowest
    return found


def _summary(product: Source, paths: Sequence[str]) -> Tables:
    (path,) = paths
    runs = parquet.read_frame(path, "a summary")
    made = {product: evidence.of_summary(runs)}
    if runs["batch_size"].is_unique:
        made[product.of_kind("cells")] = evidence.cells(runs)
    return made


def _alignment(product: Source, paths: Sequence[str]) -> Tables:
    return {product: evidence.of_alignments(alignment.read(paths))}


def _sharpness(product: Source, paths: Sequence[str]) -> Tables:
    (path,) = paths
    return {product: evidence.of_sharpness(parquet.read_frame(path, "sharpness"))}


def _sharpness_by_entry(product: Source, paths: Sequence[str]) -> Tables:
    measured, placed = paths
    sharpness = evidence.of_sharpness(parquet.read_frame(measured, "sharpness"))
    return {product: evidence.at_minima(sharpness, pd.read_csv(placed))}


def _catalogue(product: Source, paths: Sequence[str]) -> Tables:
    entries, runs = map(pd.read_csv, paths)
    return _by_part(product, {"entries": entries} | evidence.of_searches(runs))


def _contraction(product: Source, paths: Sequence[str]) -> Tables:
    (path,) = paths
    return {product: evidence.of_contraction(parquet.read_frame(path, "contraction of maps"))}


def _data(product: Source, paths: Sequence[str]) -> Tables:
    (path,) = paths
    return {product: parquet.read_frame(path, "a dataset")}


def _timing(product: Source, paths: Sequence[str]) -> Tables:
    return _by_part(product, evidence.of_timing(timing.read(paths)))


def _cost(product: Source, paths: Sequence[str]) -> Tables:
    (path,) = paths
    return _by_part(product, evidence.of_cost(pd.read_csv(path)))


def _by_part(product: Source, parts: Mapping[str, pd.DataFrame]) -> Tables:
    return {dataclasses.replace(product, part=part): rows for part, rows in parts.items()}


#: By the kind of a product: what makes its tables from its files.
_READERS: Mapping[str, Callable[[Source, Sequence[str]], Tables]] = {
    "summaries": _summary,
    "alignment": _alignment,
    "sharpness": _sharpness,
    "sharpness_by_entry": _sharpness_by_entry,
    "catalogue": _catalogue,
    "contraction": _contraction,
    "data": _data,
    "timing": _timing,
    "timing_short": _timing,
    "cost": _cost,
    "cost_short": _cost,
}
