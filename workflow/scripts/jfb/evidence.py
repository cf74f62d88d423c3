"""The tables that claims are decided by, made from what the workflow has written."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jfb import alignments, table1, tables, timings
from jfb.levels import REACHED

#: Accuracy that comes between these shares of the epochs comes about halfway.
HALFWAY = (0.25, 0.75)
#: A run is accurate at once if it is in the first twentieth of its epochs.
AT_ONCE = 0.05
#: Runs whose losses are this close are at the same level, in decades.
LEVEL_WIDTH = 0.1
#: A run improves at the end if its lowest loss is in the last hundredth of its epochs.
AT_THE_END = 0.99


def published() -> pd.DataFrame:
    """The published rows of Table 1, with log10_training_seconds."""
    return table1.PUBLISHED.assign(
        seed=0, log10_training_seconds=np.log10(table1.PUBLISHED["training_seconds"])
    )


def of_summary(summary: pd.DataFrame) -> pd.DataFrame:
    """A summary with what claims ask of a run.

    Added: log10_lowest_loss; reached (0.001); absolute_log10_gap, of the last validation over the
    last training loss; log10_of_spread, of log10_loss_spread; first_accurate_share, the first
    accurate epoch as a share of all, infinite where there is none; accurate, accurate_at_once,
    accurate_halfway; improves_at_the_end; always_converged, norm_below_one (the spectral norm of
    the latent weight at the end).
    """
    table = summary.copy()
    first = table["first_accurate_epoch"].astype(float) / table["epochs"]
    gap = np.log10(table["final_val_loss"] / table["final_train_loss"])
    improves = table["epoch_of_lowest_loss"] > AT_THE_END * table["epochs"]
    return table.assign(
        log10_lowest_loss=np.log10(table["lowest_loss"]),
        reached=table["lowest_loss"] <= REACHED,
        absolute_log10_gap=gap.abs(),
        first_accurate_share=first.fillna(np.inf),
        log10_of_spread=np.log10(table["log10_loss_spread"].where(table["log10_loss_spread"] > 0)),
        accurate=first.notna(),
        accurate_at_once=first <= AT_ONCE,
        accurate_halfway=first.between(*HALFWAY),
        improves_at_the_end=improves & ~table["diverged"],
        always_converged=table["unconverged_solves"] == 0,
        norm_below_one=table["final_spectral_norm"] < 1,
    )


def cells(summary: pd.DataFrame) -> pd.DataFrame:
    """The published cells of the batch sizes that a study of one seed has, and which are equal."""
    table = table1.tidy(summary, "study", summary, "again")
    found = table1.matches(table, "study")
    return found[found["batch_size"].isin(summary["batch_size"])]


def of_alignments(rows: pd.DataFrame) -> pd.DataFrame:
    """Alignments with contractive, whether the latent weight is, and downhill.

    Downhill says whether the inner product is positive; where the exact gradient is not known it is
    missing.
    """
    downhill = (rows["sign"] > 0).astype(float).where(rows["exact_converged"])
    return rows.assign(downhill=downhill, contractive=(rows["spectral_norm"] < 1).astype(float))


def of_sharpness(table: pd.DataFrame) -> pd.DataFrame:
    """Sharpness with its logarithms, and the level of the loss, a tenth of a decade each."""
    level = (np.log10(table["loss"]) / LEVEL_WIDTH).round()
    positive = {
        f"log10_{name}": np.log10(table[name].where(table[name] > 0))
        for name in ("largest_eigenvalue", "keskar_sharpness")
    }
    return table.assign(level=level, **positive)


def of_timing(timing: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Timing by engine, and `label`: the published column beside the engine dataloader.

    Taken is what was measured with the collector as Python starts it, of every machine. Added to
    `label`: source, published or dataloader, and seconds, as printed and of as many epochs as a
    published run has.
    """
    engines = dict(iter(timings.as_run(timing).groupby("engine")))
    if "dataloader" not in engines:
        return engines
    own = engines["dataloader"]
    total = own["seconds_per_epoch"] * table1.PUBLISHED_EPOCHS
    column = table1.PUBLISHED.set_index("batch_size")["training_seconds"]
    printed = own["batch_size"].map(column)
    both = [
        own.assign(source="dataloader", seconds=total),
        own.assign(source="published", seconds=printed),
    ]
    return engines | {"label": pd.concat([part[printed.notna()] for part in both])}


def of_cost(cost: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cost of a step by what varied, with backward_bytes: kept, and taken by the pass."""
    cost = cost.assign(backward_bytes=cost["bytes_kept"] + cost["backward_peak_bytes"])
    return {str(varied): rows for varied, rows in cost.groupby("varied")}


def read(files: Mapping[str, Sequence[str]]) -> dict[str, pd.DataFrame]:
    """The tables of claims, from files by the name of what they are.

    Args:
        files: of `summaries/<study>`, `alignment/<study>`, `sharpness/<study>`, `timing`, `cost`,
            `data`; what has not been made is not among them. A timing has a file per machine.
    """
    found = {"published": published()}
    for name, paths in files.items():
        kind, _, study = name.partition("/")
        if kind == "alignment":
            found[name] = of_alignments(alignments.read(paths))
            continue
        if kind == "timing":
            parts = of_timing(timings.read(paths))
            found |= {f"{kind}/{part}": rows for part, rows in parts.items()}
            continue
        (path,) = paths
        if kind == "summaries":
            summary = tables.read_frame(path, "a summary")
            found[name] = of_summary(summary)
            if summary["seed"].nunique() == 1:
                found[f"cells/{study}"] = cells(summary)
        elif kind == "sharpness":
            found[name] = of_sharpness(tables.read_frame(path, "sharpness"))
        elif kind == "data":
            found[name] = tables.read_frame(path, "a dataset")
        else:
            parts = of_cost(pd.read_csv(path))
            found |= {f"{kind}/{part}": rows for part, rows in parts.items()}
    return found
