"""Table 1: the published rows, those of its replay, and the distribution over many seeds."""

import pandas as pd

from jfb.analysis import published
from jfb.analysis.shares import shares

SOURCE_TIMED = "timed"
LOSS_DECIMALS = 4
SECONDS_DECIMALS = 1
CELLS = ("lowest_loss", "epoch_of_lowest_loss")


def distribution(summary: pd.DataFrame) -> pd.DataFrame:
    """What a study of many seeds says of each batch size.

    Args:
        summary: see `jfb.engines.summary`.

    Returns:
        A row per batch size: batch_size, runs, the medians of training_seconds, lowest_loss and
        epoch_of_lowest_loss, the quartiles of the last two (`_q1`, `_q3`), reached (the number of
        runs whose lowest loss is at most 0.001), diverged (of runs, whether they had reached it
        before or not), share_reached = reached / runs, and its 95 % Wilson interval, share_low and
        share_high; reached_exact and share_reached_exact, the same by the exact loss
        (`jfb.analysis.shares`). Runs without a finite loss count as not reached, and not in the
        quartiles.
    """
    groups = summary.groupby("batch_size", sort=False)
    table = groups[["training_seconds", *CELLS]].median()
    for cell in CELLS:
        table[f"{cell}_q1"] = groups[cell].quantile(0.25)
        table[f"{cell}_q3"] = groups[cell].quantile(0.75)
    return table.reset_index().merge(shares(summary, ["batch_size"]), on="batch_size")


def tidy(
    replay: pd.DataFrame, replay_name: str, seeds: pd.DataFrame, seeds_name: str
) -> pd.DataFrame:
    """Published rows, those of the replay and those of many seeds, one below the other.

    Args:
        replay, seeds: summaries, see `jfb.engines.summary`; the first of a study with one seed.
        replay_name, seeds_name: names of the studies, which become the sources of their rows.

    Returns:
        batch_size, source and the columns of `distribution`, of which published rows and those
        of the replay have training_seconds, lowest_loss (rounded as published) and
        epoch_of_lowest_loss; batch sizes in the report's order, further ones after them.
    """
    seconds = replay["training_seconds"]
    # Runs of less than a second have digits too.
    seconds = seconds.round(SECONDS_DECIMALS).where(seconds >= 1, seconds.round(3))
    measured = replay.assign(source=replay_name, training_seconds=seconds)[list(published.TABLE)]
    measured = measured.round({"lowest_loss": LOSS_DECIMALS})
    many = distribution(seeds).assign(source=seeds_name)
    many["training_seconds"] = many["training_seconds"].round(3)
    parts = [
        part.astype({"epoch_of_lowest_loss": float}) for part in (published.TABLE, measured, many)
    ]
    table = pd.concat(parts, ignore_index=True).astype(
        dict.fromkeys(["runs", "reached", "reached_exact"], "Int64")
    )
    order = {size: place for place, size in enumerate(dict.fromkeys(table["batch_size"]))}
    return table.sort_values(
        "batch_size", key=lambda s: s.map(order), kind="stable", ignore_index=True
    )


def with_times(table: pd.DataFrame, seconds: pd.DataFrame) -> pd.DataFrame:
    """The tidy table with a row per batch size for the time that the report's protocol takes here.

    Args:
        table: as `tidy` returns it.
        seconds: as `jfb.analysis.timing.summarised` returns it, of what was measured with the
            collector as Python starts it; those of the engine dataloader are taken.

    Returns:
        The table; the new rows have the source `timed`, and of the cells training_seconds only.
    """
    own = seconds[seconds["engine"] == "dataloader"].set_index("batch_size")["median"]
    sizes = [size for size in table["batch_size"].unique() if size in own]
    rows = pd.DataFrame(
        {"batch_size": sizes, "source": SOURCE_TIMED, "training_seconds": own[sizes].round(1)}
    )
    first = table["source"] == published.SOURCE
    parts = [table[first], rows.reset_index(drop=True), table[~first]]
    place = {size: k for k, size in enumerate(table["batch_size"].unique())}
    return pd.concat(parts).sort_values(
        "batch_size", key=lambda s: s.map(place), kind="stable", ignore_index=True
    )


def matches(table: pd.DataFrame, study: str) -> pd.DataFrame:
    """Which of the published cells a study reproduces.

    Args:
        table: as `tidy` returns it.
        study: the source to compare with the published one.

    Returns:
        A row per published cell: batch_size, cell, published, reproduced, equal. A cell that
        the study lacks is not equal.
    """
    values = table.set_index(["source", "batch_size"])[list(CELLS)].stack().unstack("source")
    values = values.reindex(columns=[published.SOURCE, study]).dropna(subset=[published.SOURCE])
    values = values.rename_axis(["batch_size", "cell"]).set_axis(
        ["published", "reproduced"], axis=1
    )
    values["equal"] = values["published"] == values["reproduced"]
    return values.reindex(published.TABLE["batch_size"], level="batch_size").reset_index()
