"""Table 1 as people read it: Markdown, HTML, LaTeX, and CSV with its metadata."""

import re
from pathlib import Path

import pandas as pd

from jfb.analysis import published
from jfb.analysis.shares import REACHED
from jfb.analysis.table1 import LOSS_DECIMALS, SECONDS_DECIMALS, SOURCE_TIMED
from jfb.output import engines, stacked
from jfb.storage import documents

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
_SHARE = f"seeds at {REACHED:g} or less"
# A window in which its columns do not stand beside each other.
_STACKED_BELOW = "60rem"
# The cells of a source stand beside each other there, each below its heading.
_CARDS = f"""
@media (max-width: {_STACKED_BELOW}) {{
  .table tr:has(td[data-label]) {{ display: grid; gap: 0 0.8rem;
    grid-template-columns: minmax(0, 9fr) minmax(0, 12fr) minmax(0, 9fr); }}
  .table td[data-label] {{ font-size: 0.77rem; line-height: 1.35; }}
  .table td[data-label]::before {{ display: block; font-size: 0.72rem; }}
  .table td:is(:first-child, :last-child) {{ grid-column: 1 / -1; }}
  .table td:is(:first-child, :last-child)::before {{ display: inline; font-size: inherit; }}
  .table td:last-child br {{ display: none; }}
  .table td:first-child {{ font-weight: 600; }}
}}"""
#: The headings where there is little room.
_SHORT = {_TIME: "time (s)", _LOSS: "loss", _EPOCH: "epoch", _SHARE: f"at {REACHED:g} or less"}


def side_by_side(table: pd.DataFrame, engine: str) -> pd.DataFrame:
    """The tidy table as people read it: a row per batch size, a block of columns per source.

    Args:
        table: as `jfb.analysis.table1.tidy` returns it.
        engine: of the runs that repeat the published ones.

    Returns:
        Text, indexed by batch size, with the columns (source in words, heading).
    """
    table = table.assign(source=table["source"].map(_named(table, engine)))
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


def _named(table: pd.DataFrame, engine: str) -> dict[str, str]:
    """Sources in words: studies by the number of their seeds, or as the published runs again."""
    words = {}
    for source, rows in table.groupby("source"):
        seeds = rows["runs"].dropna().astype(int).drop_duplicates().sort_values()
        again = f"made again ({engines.program(engine)})"
        said = " to ".join(map("{:,}".format, seeds)) + (" seed" if set(seeds) == {1} else " seeds")
        words[source] = said if len(seeds) else again
    return words | {source: source for source in (published.SOURCE, SOURCE_TIMED)}


def _cells(row: dict[str, object]) -> dict[str, str]:
    """The text of a row of the tidy table, by heading."""

    def loss(column: str) -> str:
        return "-" if pd.isna(row[column]) else f"{row[column]:.{LOSS_DECIMALS}f}"

    def epoch(column: str) -> str:
        return "-" if pd.isna(row[column]) else f"{row[column]:.0f}"

    cells = {
        _TIME: _seconds(row["training_seconds"]),
        _LOSS: loss("lowest_loss"),
        _EPOCH: epoch("epoch_of_lowest_loss"),
    }
    if row["source"] == SOURCE_TIMED:
        return {_TIME: cells[_TIME]}
    if pd.isna(row["runs"]):
        return cells
    cells[_LOSS] += f" [{loss('lowest_loss_q1')}, {loss('lowest_loss_q3')}]"
    cells[_EPOCH] += f" [{epoch('epoch_of_lowest_loss_q1')}, {epoch('epoch_of_lowest_loss_q3')}]"
    low, high = (f"{100 * row[column]:.0f}" for column in ("share_low", "share_high"))
    share = f"{100 * row['share_reached']:.0f} % [{low}, {high}]"
    return cells | {_SHARE: f"{row['reached']}/{row['runs']} = {share}"}


def _seconds(value: float) -> str:
    """A time as the report prints it, or with two digits where that has fewer."""
    return f"{value:.{SECONDS_DECIMALS}f}" if value >= 1 else f"{value:#.2g}"


def _note(table: pd.DataFrame) -> str:
    return NOTE + (NOTE_TIMED if SOURCE_TIMED in set(table["source"]) else "")


def to_markdown(table: pd.DataFrame, engine: str) -> str:
    """The tidy table as a Markdown table with its note; for arguments see `side_by_side`."""
    wide = side_by_side(table, engine)
    wide.columns = [f"{source}: {heading}" for source, heading in wide.columns]
    cells = wide.to_markdown(disable_numparse=True, colalign=["right"] * (wide.shape[1] + 1))
    return f"{cells}\n\n{_note(table)}\n"


def to_html(table: pd.DataFrame, engine: str) -> str:
    """The tidy table as an HTML page with its note; for arguments see `side_by_side`."""
    wide = side_by_side(table, engine).rename_axis(columns=[None, None])
    labels = ["batch size", *(f"{source}, {_SHORT[heading]}" for source, heading in wide.columns)]
    cells = wide.reset_index(names="batch size").to_html(index=False, border=0)
    cells = stacked.labelled(cells, labels)
    # An interval stands below its number, in one line: the table fits a page.
    cells = re.sub(r" (\[[^]]*\])", lambda ends: f" <br>{ends[1].replace(' ', '&nbsp;')}", cells)
    cells = re.sub(r"(\d) %", r"\1&nbsp;%", cells)
    style = f"<style>{stacked.style(_STACKED_BELOW)}{_CARDS}</style>"
    shown = f'{style}\n<div class="table">\n{cells}\n</div>'
    return documents.to_html(shown, "Table 1", _note(table))


def to_latex(table: pd.DataFrame, engine: str) -> str:
    """The tidy table as a LaTeX table (package booktabs) with its note; see `side_by_side`.

    Sources of many seeds stand below the others: it fits the text of the class article.
    """
    wide = side_by_side(table, engine)
    many = [source for source, heading in wide.columns if heading == _SHARE]
    parts = wide.drop(columns=many, level=0), wide[many]
    tabulars = [_tabular(part) for part in parts if part.shape[1]]
    note = re.sub('"(.*?)"', r"``\1''", _note(table).replace("%", r"\%"))
    caption = f"Cost minimisation across batch sizes. {note}"
    above = r"\begin{table}[tbp]", r"\centering", rf"\caption{{{caption}}}", r"\label{tab:table1}"
    fitted = r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"
    # Below the caption, and between them.
    spaced = [f"\\medskip\n{tabular}" for tabular in tabulars]
    return "\n".join([*above, *fitted, *spaced, r"\end{table}"])


def _tabular(wide: pd.DataFrame) -> str:
    return (
        wide.rename(columns=_SHORT, level=1)
        .rename_axis(columns=[None, None])
        .reset_index(names="batch size")
        .to_latex(
            index=False,
            escape=True,
            column_format=f"@{{}}{'r' * (wide.shape[1] + 1)}@{{}}",
            multicolumn_format="c",
        )
    )


def to_text(cells: pd.DataFrame, study: str) -> str:
    """The published cells beside those that the study gives, in 80 columns.

    Args:
        cells: as `jfb.analysis.table1.matches` returns it.
        study: the study that repeats the published runs.
    """
    headings = {"lowest_loss": "lowest loss", "epoch_of_lowest_loss": "at epoch"}
    lines = [
        f"Table 1: the runs of the report, and those of the study {study}",
        "",
        " " * 10 + "".join(f"   {heading:<32}" for heading in headings.values()),
        "batch size" + "   published      here          " * 2,
    ]
    for size, row in cells.groupby("batch_size", sort=False):
        row = row.set_index("cell").loc[list(headings)]
        texts = [_compared(cell, *row.loc[cell, ["published", "reproduced"]]) for cell in headings]
        lines.append(f"{size:>10}" + "".join(texts))
    lines += ["", f"{cells['equal'].sum()} of {len(cells)} published cells match"]
    if not cells["equal"].all():
        lines += ["With config.yaml as it came, cells differ only where the processor rounds"]
        lines += ["otherwise: docs/speed.md, Exactness."]
    return "\n".join(line.rstrip() for line in lines)


def _compared(cell: str, published_value: float, here: float) -> str:
    decimals = LOSS_DECIMALS if cell == "lowest_loss" else 0
    verdict = "equal" if published_value == here else "DIFFERS"
    text = "-" if pd.isna(here) else f"{here:.{decimals}f}"
    return f"   {published_value:>9.{decimals}f}{text:>10}  {verdict:<8}"


def write(
    table: pd.DataFrame,
    engine: str,
    origin: str,
    csv: str | Path,
    markdown: str | Path,
    latex: str | Path,
    html: str | Path,
) -> None:
    """Write the forms of the tidy table.

    For `table` and `engine` see `side_by_side`, for `origin` `jfb.storage.documents`; the others
    are where the forms go.
    """
    documents.write_csv(csv, table, origin)
    for path, form in {markdown: to_markdown, latex: to_latex, html: to_html}.items():
        documents.write_text(path, form(table, engine), origin)
