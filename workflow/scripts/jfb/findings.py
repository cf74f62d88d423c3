"""What was found, as a page: a template and the numbers that it asks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
import pandas as pd

from jfb import table1, timings
from jfb.claims import span
from jfb.shares import shares


@dataclass(frozen=True)
class Results:
    """What the page is made of.

    Tables as `jfb.verdicts` makes them (claims, evidence), Table 1 as `jfb.table1.tidy`, summaries
    by their part (seeds, landscape, updates, gradients), final networks as
    `jfb.minima.by_category` and `jfb.minima.fates` (of the seeds, and the first of the replay), and
    times as `jfb.timings.read` returns them. `replay` is the name of the study that Table 1
    replays, `epochs` and `updates` what the runs of seeds and of updates have.
    """

    claims: pd.DataFrame
    evidence: pd.DataFrame
    table1: pd.DataFrame
    summaries: Mapping[str, pd.DataFrame]
    minima: pd.DataFrame
    minima_of_replay: pd.DataFrame
    fates: pd.DataFrame
    timing: pd.DataFrame
    replay: str
    epochs: int
    updates: int


def render(template: str, results: Results) -> str:
    """The page.

    Args:
        template: in Jinja; a name that it asks for in vain is an error.
        results: the numbers.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    environment.filters |= {
        "sig": _significant,
        "percent": _percent,
        "whole": _whole,
        "interval": _interval,
    }
    return environment.from_string(template).render(_names(results))


def _names(results: Results) -> dict[str, object]:
    """What the template may ask for."""
    cells = table1.matches(results.table1, results.replay)
    verdicts = results.claims["verdict"].value_counts()
    summaries = results.summaries
    by_size = {name: shares(table, ["batch_size"]) for name, table in summaries.items()}
    gradients = shares(summaries["gradients"], ["gradient", "batch_size"])
    pieces = dict(iter(results.evidence.groupby(["id", "part"])))
    both = timings.as_run(timings.with_published(results.timing))
    medians = timings.summarised(both, results.epochs).set_index(["engine", "batch_size"])["median"]
    ratios = timings.relative(both).set_index(["engine", "batch_size"])["median"]
    printed = results.table1[results.table1["source"] == table1.SOURCE_PUBLISHED]

    def piece(claim: str, part: str, place: int) -> pd.Series:
        parts = {"general": "general", "published": "published runs"}
        return pieces[claim, parts[part]].iloc[place]

    def found(claim: str, part: str, place: int) -> str:
        return _interval(piece(claim, part, place))

    return {
        "claims": results.claims.to_dict("records"),
        "count": lambda verdict: int(verdicts.get(verdict, 0)),
        "share_of_cells": f"{cells['equal'].sum()} of {len(cells)}",
        "sizes": printed["batch_size"].tolist(),
        "published": lambda size: _cell(printed, size, "lowest_loss"),
        "epochs": f"{results.epochs:,}",
        "updates": f"{results.updates:,}",
        **{
            name: f"{summaries[part]['seed'].nunique():,}"
            for name, part in {
                "seeds": "seeds",
                "landscape_seeds": "landscape",
                "updates_seeds": "updates",
                "gradient_seeds": "gradients",
            }.items()
        },
        "share": lambda part, size: _share(by_size[part], batch_size=size),
        "gradients": list(dict.fromkeys(gradients["gradient"])),
        "gradient_sizes": list(dict.fromkeys(gradients["batch_size"])),
        "share_of_gradient": lambda name, size: _share(gradients, gradient=name, batch_size=size),
        "minima": results.minima.to_dict("records"),
        "replayed": lambda category: _sizes_in(results.minima_of_replay, category),
        "fates": results.fates.to_dict("records"),
        "rounds": results.timing["round"].nunique(),
        "seconds": lambda *place: (
            f"{_significant(medians[place])} ({ratios[place]:.2f})" if place in medians else "-"
        ),
        "found": found,
        "n": lambda *place: int(piece(*place)["n"]),
        "allowed": lambda *place: span(piece(*place)["holds_low"], piece(*place)["holds_high"]),
    }


def _share(table: pd.DataFrame, **place: object) -> str:
    """A share with its interval, as people read it; a dash where there are no such runs."""
    rows = table
    for column, value in place.items():
        rows = rows[rows[column] == value]
    if rows.empty:
        return "-"
    (row,) = rows.to_dict("records")
    low, high = (f"{100 * row[end]:.0f}" for end in ("share_low", "share_high"))
    return f"{row['reached']}/{row['runs']} = {100 * row['share_reached']:.0f} % [{low}, {high}]"


def _sizes_in(minima: pd.DataFrame, category: str) -> str:
    """The batch sizes of the replay whose final networks are of a category."""
    rows = minima[minima["category"] == category]
    counts = rows.filter(regex=r"^runs_\d+$").sum()
    return ", ".join(name.removeprefix("runs_") for name, count in counts.items() if count)


def _cell(table: pd.DataFrame, size: int, column: str) -> str:
    return f"{table.set_index('batch_size').loc[size, column]:.{table1.LOSS_DECIMALS}f}"


def _significant(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _interval(row: Mapping[str, float]) -> str:
    """An estimate with its interval, if it has one."""
    if pd.isna(row["estimate"]):
        return "not known"
    if pd.isna(row["low"]) or row["low"] == row["high"]:
        return _significant(row["estimate"])
    return f"{_significant(row['estimate'])} {span(row['low'], row['high'])}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _whole(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"
