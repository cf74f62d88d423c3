"""Table 1: the published rows, and those of a study beside them."""

from pathlib import Path

import pandas as pd

from jfb import files

SOURCE_PUBLISHED = "published"
#: Report, Table 1. Its time column says "Avg time per epoch (s)" but is the total of a run.
PUBLISHED = pd.DataFrame(
    {
        "batch_size": [2400, 1200, 600, 64, 32],
        "source": SOURCE_PUBLISHED,
        "training_seconds": [146.5, 100.5, 114.2, 597.0, 750.8],
        "lowest_loss": [0.0005, 0.0202, 0.0202, 0.0005, 0.0005],
        "epoch_of_lowest_loss": [3000, 2561, 2775, 1410, 2863],
    }
)
LOSS_DECIMALS = 4
SECONDS_DECIMALS = 1
CELLS = ("lowest_loss", "epoch_of_lowest_loss")

TIME_NOTE = (
    "Total time is that of all training epochs of a run, in seconds. "
    'The report prints it under "Avg time per epoch (s)", but it is a total, not a time per epoch.'
)
_HEADINGS = {
    "training_seconds": "total time (s)",
    "lowest_loss": "lowest loss",
    "epoch_of_lowest_loss": "epoch of lowest loss",
}


def tidy(summary: pd.DataFrame, study: str) -> pd.DataFrame:
    """Published rows and a study's rows, one below the other.

    Args:
        summary: of a study with one seed, see `jfb.summary`.
        study: its name, which becomes the source of its rows.

    Returns:
        batch_size, source, training_seconds, lowest_loss (rounded as published) and
        epoch_of_lowest_loss; batch sizes in the report's order, further ones after them.
    """
    measured = summary.assign(source=study)[list(PUBLISHED)]
    rounding = {"training_seconds": SECONDS_DECIMALS, "lowest_loss": LOSS_DECIMALS}
    both = pd.concat(
        [PUBLISHED.astype({"epoch_of_lowest_loss": "Int64"}), measured.round(rounding)]
    )
    order = {size: place for place, size in enumerate(dict.fromkeys(both["batch_size"]))}
    return both.sort_values("batch_size", key=lambda s: s.map(order), kind="stable").reset_index(
        drop=True
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
    text = pd.DataFrame(
        {
            "training_seconds": table["training_seconds"].map(f"{{:.{SECONDS_DECIMALS}f}}".format),
            "lowest_loss": table["lowest_loss"].map(f"{{:.{LOSS_DECIMALS}f}}".format),
            "epoch_of_lowest_loss": table["epoch_of_lowest_loss"].astype("string"),
        }
    ).rename(columns=_HEADINGS)
    index = pd.MultiIndex.from_frame(table[["batch_size", "source"]])
    wide = text.set_axis(index).unstack("source").swaplevel(axis=1)
    columns = [(source, h) for source in table["source"].unique() for h in _HEADINGS.values()]
    return wide.reindex(table["batch_size"].unique())[columns].rename_axis("batch size").fillna("-")


def to_markdown(table: pd.DataFrame) -> str:
    """The tidy table as a Markdown table with its note."""
    wide = side_by_side(table)
    wide.columns = [f"{source}: {heading}" for source, heading in wide.columns]
    cells = wide.to_markdown(disable_numparse=True, colalign=["right"] * (wide.shape[1] + 1))
    return f"{cells}\n\n{TIME_NOTE}\n"


def to_latex(table: pd.DataFrame) -> str:
    """The tidy table as a LaTeX table (package booktabs) with its note."""
    wide = side_by_side(table).rename_axis(columns=[None, None]).reset_index(names="batch size")
    return wide.to_latex(
        index=False,
        escape=True,
        column_format="r" * wide.shape[1],
        multicolumn_format="c",
        caption=f"Cost minimisation across batch sizes. {TIME_NOTE}",
        label="tab:table1",
        position="tbp",
    )


def write(table: pd.DataFrame, csv: str | Path, markdown: str | Path, latex: str | Path) -> None:
    """Write the three forms of the tidy table, each whole or not at all."""
    with files.whole(csv) as temporary:
        table.to_csv(temporary, index=False)
    with files.whole(markdown) as temporary:
        temporary.write_text(to_markdown(table), encoding="utf-8")
    with files.whole(latex) as temporary:
        temporary.write_text(to_latex(table), encoding="utf-8")
