"""How sharp the minima are that runs end in, by batch size: figures of the sharpness at the end."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis import intervals
from jfb.analysis.evidence import of_sharpness
from jfb.analysis.published import TABLE
from jfb.output.figures.inputs import read_evidence, read_sharpness
from jfb.output.figures.marks import allowed, around, in_rows, noted, rows, size_names
from jfb.output.figures.style import (
    DASHED,
    categories,
    counted,
    drawn_from,
    estimates,
    in_times,
    level_legend,
    looks,
    name_ends,
    note,
    panels,
    plain_ticks,
    say,
)

#: Losses of a pair differ by this many decades at most, 1 %.
SAME = 0.0043
_MEASURES = {
    "log10_largest_eigenvalue": "largest\neigenvalue",
    "log10_rescaled_eigenvalue": "the same,\nrescaled",
    "log10_keskar_sharpness": "Keskar's\nsharpness",
}
_POINTS = {"linestyle": "", "markersize": 4.5, "alpha": 0.6, "markeredgewidth": 0}
_PAIRED = (
    "Pair: two runs of one seed and one form, with a kink, whose losses differ by 1 % at most. "
    "Diamond: geometric mean, with its 95 % interval."
)


@drawn_from(table=read_sharpness)
def sharpness(table: pd.DataFrame) -> Figure:
    """Sharpness of each run by its loss, and of the largest over the smallest batch in pairs.

    Of other batch sizes nothing is drawn. A pair is two runs of one seed at the same loss, with
    functions of one form that have a kink. Runs that ended without a unique fixed point, or
    diverged, have no sharpness; below the panels stands how many there are.

    Args:
        table: see `jfb.records.sharpness.Row`.
    """
    by_size = looks(table["batch_size"])
    first, last = max(by_size), min(by_size)
    table = table[table["batch_size"].isin([first, last])]
    known = of_sharpness(table[table["converged"] & ~table["diverged"]])
    pairs = _pairs(known, first, last)
    figure, (by_loss, *in_pairs) = panels(2 if len(pairs) else 1)
    _by_loss(by_loss, known[known["largest_eigenvalue"] > 0], by_size)
    notes = [_left_out(table)]
    for axes in in_pairs:
        axes.set_title(f"{counted(len(pairs), 'pair')} at the same loss")
        axes.set_ylabel(f"Sharpness of {first} over {last}")
        _ratios(axes, pairs)
        notes.insert(0, _PAIRED)
    if any(notes):
        note(figure, " ".join(filter(None, notes)))
    drawn = {f"{size}": by_size[size] | _POINTS for size in dict.fromkeys([first, last])}
    level_legend(figure, drawn, "Batch size")
    return figure


def _by_loss(axes: Axes, shown: pd.DataFrame, by_size: dict[int, dict]) -> None:
    """Draw the largest eigenvalue of each run by its loss."""
    for size, look in by_size.items():
        rows = shown[shown["batch_size"] == size]
        axes.plot("loss", "largest_eigenvalue", data=rows, **(look | _POINTS))
    axes.set(xscale="log", yscale="log", title=f"Each of {counted(len(shown), 'run')}")
    axes.set(xlabel="Final training loss\n(mean squared error)", ylabel="Largest eigenvalue")
    if shown.empty:
        axes.set(xlim=(1e-4, 1), ylim=(1, 1e3), title="")
        say(axes, "no run to measure")
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis)


def _pairs(known: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Of each pair of runs, what differs, first minus last batch size: a column per measure."""
    # A batch size alone makes no pair with itself.
    with_kink = known[known["log10_loss_with_kink"].notna() & (first != last)]
    one, other = (with_kink[with_kink["batch_size"] == size] for size in (first, last))
    both = one.merge(other, on=["seed", "category"], suffixes=("", "_last"))
    apart = both["log10_loss"] - both["log10_loss_last"]
    both = both[apart.abs() <= SAME]
    return pd.DataFrame({name: both[name] - both[f"{name}_last"] for name in _MEASURES})


def _ratios(axes: Axes, pairs: pd.DataFrame) -> None:
    """Draw the ratio of each pair, and their mean, by measure."""
    means = []
    for place, name in enumerate(_MEASURES):
        differences = np.sort(pairs[name].dropna())
        within = (np.arange(len(differences)) + 0.5) / len(differences) - 0.5
        axes.plot(place - 0.1 + 0.5 * within, 10**differences, color="0.5", marker="o", **_POINTS)
        means.append((differences.mean(), *intervals.of_mean(differences)))
    rows = 10 ** pd.DataFrame(means, columns=["estimate", "low", "high"])
    estimates(axes, rows.index + 0.32, rows, {"color": "black", "marker": "D"})
    categories(axes, _MEASURES.values())
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.4), max(high, 2.5))
    plain_ticks(axes.yaxis, (1, 2, 5))
    axes.grid(visible=False, axis="x")
    axes.axhline(1, **DASHED)
    name_ends(axes, {"equally\nsharp": (len(_MEASURES) - 0.5, 1, "black")})


def _left_out(table: pd.DataFrame) -> str:
    """How many runs have no sharpness, and why."""
    measured = table["converged"] & ~table["diverged"]
    why = {
        "diverged": table["diverged"].sum(),
        "without a unique fixed point": (~table["converged"] & ~table["diverged"]).sum(),
        "without a positive eigenvalue": (measured & ~(table["largest_eigenvalue"] > 0)).sum(),
    }
    said = [f"{count} {what}" for what, count in why.items() if count]
    if not said:
        return ""
    return f"{sum(why.values())} of {counted(len(table), 'run')} not shown: {', '.join(said)}."


#: Rows by the start of a piece of evidence on the claim of sharper minima, panels by its end.
_CLAIMED = {
    "largest_eigenvalue": "largest eigenvalue\nof the Hessian",
    "rescaled_eigenvalue": "the same, least\nover rescalings",
    "keskar_sharpness": "Keskar's\nsharpness",
}
_WHICH = {
    "": "Both in one minimum:\nthese decide the claim",
    "_any_kind": "Functions of any form\nbut constants",
}
_TICKS = (0.7, 1, 1.5, 2, 3)
_PIECE = rf"^(?P<measure>{'|'.join(_CLAIMED)})_(?P<size>\d+)(?P<which>|_any_kind)$"


@drawn_from(evidence=read_evidence)
def sharp_minima(evidence: pd.DataFrame) -> Figure:
    """How many times as sharp the full batch ends as smaller batches, in pairs at the same loss.

    Args:
        evidence: on the claims, of which that of sharper minima is drawn.
    """
    figure, all_axes = panels(2, sharey=True)
    pieces = evidence["evidence_id"].str.extract(_PIECE)
    claimed = evidence.join(pieces)[evidence["id"].eq("sharp_minima") & pieces["size"].notna()]
    smaller = sorted(set(claimed["size"].astype(int)), reverse=True)
    # Of what is not measured there is a row without an estimate.
    claimed = claimed.dropna(subset="estimate")
    claimed = claimed.assign(y=claimed["measure"].map(list(_CLAIMED).index))
    full = int(TABLE["batch_size"].max())
    by_size = looks([full, *smaller])
    sizes = {f"{size}": by_size[size] for size in smaller}
    for axes, (which, title) in zip(all_axes, _WHICH.items(), strict=True):
        shown = claimed[claimed["which"] == which]
        rows(axes, list(_CLAIMED.values()), above=0.3)
        axes.set(xlim=around(claimed), title=title, xlabel="Full batch over smaller batch")
        in_times(axes.xaxis)
        axes.set_xticks(np.log10(_TICKS))
        if shown.empty:
            say(axes, "not measured")
        else:
            in_rows(axes, {size: shown[shown["size"] == size] for size in sizes}, sizes, 0.4)
        axes.axvline(0, color="black", linewidth=0.8)
    if len(claimed):
        bounds = claimed[["holds_low", "holds_high"]].iloc[0].astype(float)
        allowed(all_axes[0], *bounds)
    noted(figure, claimed, "1: equally sharp. Shaded: counts as sharper", of="pair")
    names = size_names([full, *smaller])
    legend = {names[size]: by_size[size] | {"linestyle": ""} for size in smaller}
    level_legend(figure, legend, "")
    return figure
