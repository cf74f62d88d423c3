"""Table 1: the published rows, those of its replay, and the distribution over many seeds."""

from pathlib import Path

import pandas as pd

from jfb import pages
from jfb.levels import REACHED
from jfb.shares import shares

SOURCE_PUBLISHED = "published"
SOURCE_TIMED = "timed"
#: Report, Table 1. Its time column says "Avg time per epoch (s)" but is the total of a run.
PUBLISHED = pd.DataFrame(
    {
        "batch_size": [2400, 1200, 600, 64, 32],
        "source": SOURCE_PUBLISHED,
        "training_seconds": [146.5, 100.5, 114.2, 597.0, 750.8],
        "lowest_loss": [0.0005, 0.0202, 0.0202, 0.0005, 0.0005],
        "epoch_of_lowest_loss": [3000.0, 2561.0, 2775.0, 1410.0, 2863.0],
    }
)
#: Epochs of each published run.
PUBLISHED_EPOCHS = 3000
LOSS_DECIMALS = 4
SECONDS_DECIMALS = 1
CELLS = ("lowest_loss", "epoch_of_lowest_loss")

NOTE = (
    "Total time is that of all training epochs of a run, in seconds. "
    'The report prints it under "Avg time per epoch (s)", but it is a total, not a time per epoch. '
    "Over many seeds: median [quartiles], and the share of runs whose lowest loss is at most "
    f"{REACHED:g}, with its 95 % interval (Wilson)."
)
NOTE_TIMED = (
    " Timed: what the report's protocol (nn.Module, autograd, DataLoader, optim.Adam) takes here, "
    "on one thread, from the time of some epochs at several stages of training."
)
_TIME, _LOSS, _EPOCH = "total time (s)", "lowest loss", "epoch of lowest loss"
_SHARE = f"share at most {REACHED:g}"


def distribution(summary: pd.DataFrame) -> pd.DataFrame:
    """What a study of many seeds says of each batch size.

    Args:
        summary: see `jfb.summary`.

    Returns:
        A row per batch size: batch_size, runs, the medians of training_seconds, lowest_loss and
        epoch_of_lowest_loss, the quartiles of the last two (`_q1`, `_q3`), reached (the number of
        runs whose lowest loss is at most 0.001), diverged (of runs, whether they had reached it
        before or not), share_reached = reached / runs, and its 95 % Wilson interval, share_low and
        share_high. Runs without a finite loss count as not reached, and not in the quartiles.
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
        replay, seeds: summaries, see `jfb.summary`; the first of a study with one seed.
        replay_name, seeds_name: names of the studies, which become the sources of their rows.

    Returns:
        batch_size, source and the columns of `distribution`, of which published rows and those
        of the replay have training_seconds, lowest_loss (rounded as published) and
        epoch_of_lowest_loss; batch sizes in the report's order, further ones after them.
    """
    rounding = {"training_seconds": SECONDS_DECIMALS, "lowest_loss": LOSS_DECIMALS}
    measured = replay.assign(source=replay_name)[list(PUBLISHED)].round(rounding)
    many = distribution(seeds).assign(source=seeds_name)
    many["training_seconds"] = many["training_seconds"].round(3)
    parts = [part.astype({"epoch_of_lowest_loss": float}) for part in (PUBLISHED, measured, many)]
    table = pd.concat(parts, ignore_index=True).astype({"runs": "Int64", "reached": "Int64"})
    order = {size: place for place, size in enumerate(dict.fromkeys(table["batch_size"]))}
    return table.sort_values(
        "batch_size", key=lambda s: s.map(order), kind="stable", ignore_index=True
    )


def with_times(table: pd.DataFrame, seconds: pd.DataFrame) -> pd.DataFrame:
    """The tidy table with a row per batch size for the time that the report's protocol takes here.

    Args:
        table: as `tidy` returns it.
        seconds: as `jfb.timings.summarised` returns it, of what was measured with the collector as
            Python starts it; those of the engine dataloader are taken.

    Returns:
        The table; the new rows have the source `timed`, and of the cells training_seconds only.
    """
    own = seconds[seconds["engine"] == "dataloader"].set_index("batch_size")["median"]
    sizes = [size for size in table["batch_size"].unique() if size in own]
    rows = pd.DataFrame(
        {"batch_size": sizes, "source": SOURCE_TIMED, "training_seconds": own[sizes].round(1)}
    )
    published = table["source"] == SOURCE_PUBLISHED
    parts = [table[published], rows.reset_index(drop=True), table[~published]]
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
    values = values.reindex(columns=[SOURCE_PUBLISHED, study]).dropna(subset=[SOURCE_PUBLISHED])
    values = values.rename_axis(["batch_size", "cell"]).set_axis(
        ["published", "reproduced"], axis=1
    )
    values["equal"] = values["published"] == values["reproduced"]
    return values.reindex(PUBLISHED["batch_size"], level="batch_size").reset_index()


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """The tidy table as people read it: a row per batch size, a block of columns per source.

    Returns:
        Text, indexed by batch size, with the columns (source, heading).
    """
    cells = [_cells(row) for row in table.to_dict("records")]
    index = pd.MultiIndex.from_frame(table[["batch_size", "source"]])
    text = pd.DataFrame(cells, index=index, columns=[_TIME, _LOSS, _EPOCH, _SHARE])
    wide = text.unstack("source").swaplevel(axis=1)
    columns = [
        (source, heading)
        for source in table["source"].unique()
        for heading in text.columns
        if wide[source, heading].notna().any()
    ]
    return wide.reindex(table["batch_size"].unique())[columns].rename_axis("batch size").fillna("-")


def _cells(row: dict[str, object]) -> dict[str, str]:
    """The text of a row of the tidy table, by heading."""

    def loss(column: str) -> str:
        return "-" if pd.isna(row[column]) else f"{row[column]:.{LOSS_DECIMALS}f}"

    def epoch(column: str) -> str:
        return "-" if pd.isna(row[column]) else f"{row[column]:.0f}"

    cells = {
        _TIME: f"{row['training_seconds']:.{SECONDS_DECIMALS}f}",
        _LOSS: loss("lowest_loss"),
        _EPOCH: epoch("epoch_of_lowest_loss"),
    }
    if row["source"] == SOURCE_TIMED:
        return {_TIME: cells[_TIME]}
    if pd.isna(row["runs"]):
        return cells
    cells[_TIME] = f"{row['training_seconds']:.2f}"
    cells[_LOSS] += f" [{loss('lowest_loss_q1')}, {loss('lowest_loss_q3')}]"
    cells[_EPOCH] += f" [{epoch('epoch_of_lowest_loss_q1')}, {epoch('epoch_of_lowest_loss_q3')}]"
    low, high = (f"{100 * row[column]:.0f}" for column in ("share_low", "share_high"))
    share = f"{100 * row['share_reached']:.0f} % [{low}, {high}]"
    return cells | {_SHARE: f"{row['reached']}/{row['runs']} = {share}"}


def _note(table: pd.DataFrame) -> str:
    return NOTE + (NOTE_TIMED if SOURCE_TIMED in set(table["source"]) else "")


def to_markdown(table: pd.DataFrame) -> str:
    """The tidy table as a Markdown table with its note."""
    wide = side_by_side(table)
    wide.columns = [f"{source}: {heading}" for source, heading in wide.columns]
    cells = wide.to_markdown(disable_numparse=True, colalign=["right"] * (wide.shape[1] + 1))
    return f"{cells}\n\n{_note(table)}\n"


def to_html(table: pd.DataFrame) -> str:
    """The tidy table as an HTML page with its note."""
    wide = side_by_side(table).rename_axis(columns=[None, None])
    return pages.to_html(wide.to_html(border=0), "Table 1", _note(table))


def to_latex(table: pd.DataFrame) -> str:
    """The tidy table as a LaTeX table (package booktabs) with its note."""
    wide = side_by_side(table).rename_axis(columns=[None, None]).reset_index(names="batch size")
    return wide.to_latex(
        index=False,
        escape=True,
        column_format="r" * wide.shape[1],
        multicolumn_format="c",
        caption=f"Cost minimisation across batch sizes. {_note(table)}".replace("%", r"\%"),
        label="tab:table1",
        position="tbp",
    )


def write(
    table: pd.DataFrame,
    origin: str,
    csv: str | Path,
    markdown: str | Path,
    latex: str | Path,
    html: str | Path,
) -> None:
    """Write the forms of the tidy table, each whole or not at all; see `jfb.pages` for `origin`."""
    pages.write_csv(csv, table, origin)
    texts = {markdown: to_markdown(table), latex: to_latex(table), html: to_html(table)}
    for path, text in texts.items():
        pages.write_text(path, text, origin)
