"""What claims ask of the tables that the workflow has written: columns that are made for them."""

import numpy as np
import pandas as pd

from jfb.analysis import alignment, catalogue, cost, minima, published, table1, timing
from jfb.analysis.intervals import CONFIDENCE
from jfb.analysis.shares import LEVELS, REACHED
from jfb.records import descents, summary

#: Accuracy that comes between these shares of the epochs comes about halfway.
HALFWAY = (0.25, 0.75)
#: A run is accurate at once if it is in the first twentieth of its epochs.
AT_ONCE = 0.05
#: A run improves at the end if its last hundredth of epochs lowers the loss so much, in decades.
LEAST_FALL = 0.001
#: Columns of the first epoch at an accuracy, by what the columns made from it end with: 0.99, 0.97.
ACCURACIES = {"": "first_accurate_epoch", "_97": "first_epoch_at_97_percent"}
#: The numbers that decide claims and are not in workflow/claims.yaml.
NUMBERS = {
    "reached": REACHED,
    "halfway": HALFWAY,
    "at_once": AT_ONCE,
    "least_fall": LEAST_FALL,
    "end": summary.END,
    "accurate": [summary.ACCURATE, summary.NEARLY_ACCURATE],
    "spread_over": summary.LAST_EPOCHS,
    "diverged_above": summary.DIVERGED_ABOVE,
    "same_entry": descents.SAME,
    "at_entry": catalogue.AT,
    "often": catalogue.OFTEN,
    "nearby": descents.NEARBY,
    "adequate": cost.ADEQUATE,
    "confidence": CONFIDENCE,
}


def of_published() -> pd.DataFrame:
    """The published rows of Table 1, with log10_training_seconds."""
    return published.TABLE.assign(
        seed=0, log10_training_seconds=np.log10(published.TABLE["training_seconds"])
    )


def of_summary(runs: pd.DataFrame) -> pd.DataFrame:
    """A summary with what claims ask of a run.

    Added: log10_lowest_loss; reached (0.001) and reached_exactly, at exact fixed points;
    reached_<level> of each level, below 0.001 at exact fixed points, since what is logged is a
    running mean; absolute_log10_gap, of the last validation over the last training loss;
    log10_of_spread, of log10_loss_spread, of runs that did not diverge; first_accurate_share, the
    first accurate epoch as a share of all, infinite where there is none; accurate,
    accurate_at_once, accurate_halfway, and the same of an accuracy of 0.97, which end with _97;
    improves_at_the_end, by 0.001 decades or more, and falls_at_the_end, by anything;
    always_converged, norm_below_one (the spectral norm of the latent weight at the end); start, the
    batch size and seed in one, which runs that differ in a factor only have in common.
    """
    table = runs.copy()
    spread = table["log10_loss_spread"]
    gap = np.log10(table["final_val_loss"] / table["final_train_loss"])
    falls = {
        name: (table["fall_at_the_end"] >= least) & ~table["diverged"]
        for name, least in {
            "improves_at_the_end": LEAST_FALL,
            "falls_at_the_end": np.finfo(float).tiny,
        }.items()
    }
    reached = {
        of_level("reached", level): table["lowest_loss" if level >= REACHED else "exact_best_loss"]
        <= level
        for level in LEVELS
    }
    accurate = {}
    for ending, column in ACCURACIES.items():
        first = table[column].astype(float) / table["epochs"]
        accurate |= {
            f"first_accurate_share{ending}": first.fillna(np.inf),
            f"accurate{ending}": first.notna(),
            f"accurate_at_once{ending}": first <= AT_ONCE,
            f"accurate_halfway{ending}": first.between(*HALFWAY),
        }
    return table.assign(
        log10_lowest_loss=np.log10(table["lowest_loss"]),
        reached=table["lowest_loss"] <= REACHED,
        reached_exactly=table["exact_best_loss"] <= REACHED,
        absolute_log10_gap=gap.abs(),
        log10_of_spread=np.log10(spread.where((spread > 0) & ~table["diverged"])),
        always_converged=table["unconverged_solves"] == 0,
        norm_below_one=table["final_spectral_norm"] < 1,
        start=table["batch_size"].astype(str) + "/" + table["seed"].astype(str),
        **falls,
        **reached,
        **accurate,
    )


def of_level(column: str, level: float) -> str:
    """The column that says whether a run has reached another level than 0.001."""
    return f"{column}_{level:g}"


def above_lowest(one: pd.DataFrame, losses: pd.Series) -> pd.DataFrame:
    """Summary `one` with decades_above_lowest: its exact losses above the lowest of all."""
    lowest = min(one["exact_best_loss"].min(), losses.min())
    return one.assign(decades_above_lowest=np.log10(one["exact_best_loss"] / lowest))


def cells(runs: pd.DataFrame) -> pd.DataFrame:
    """The published cells of the batch sizes that a study of one seed has, and which are equal."""
    table = table1.tidy(runs, "study", runs, "again")
    found = table1.matches(table, "study")
    return found[found["batch_size"].isin(runs["batch_size"])]


def of_alignments(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per run of the alignments, with shares of its epochs.

    Downhill_, followed by a name of `jfb.analysis.alignment.COMPARISONS`, is the share in which the
    inner product of gradient and reference is positive. A snapshot stands for the epochs that are
    nearest to it, see `jfb.analysis.alignment.epochs_stood_for`; where its gradients are not known,
    they do not count.
    """
    rows = alignment.weighted(rows)
    shares = {
        f"downhill_{name}": alignment.mean_over_epochs(alignment.compared(rows, name), "downhill")
        for name in alignment.COMPARISONS
    }
    return pd.DataFrame(shares).reset_index()


def of_sharpness(table: pd.DataFrame) -> pd.DataFrame:
    """Sharpness with its logarithms, and that of the loss of networks that can be compared.

    Added: log10_<name> of each measure, missing where it is not positive; category, the kind of
    function (`jfb.analysis.minima.category`); log10_loss, missing where no unit is active, since
    all constants have the curvature 2; log10_loss_with_kink, that of functions with a kink.
    """
    positive = {
        f"log10_{name}": np.log10(table[name].where(table[name] > 0))
        for name in ("largest_eigenvalue", "rescaled_eigenvalue", "keskar_sharpness")
    }
    loss = np.log10(table["loss"])
    return table.assign(
        category=minima.category(table).astype(str),
        log10_loss=loss.where(table["active_units"] != 0),
        log10_loss_with_kink=loss.where(table["function_kinks"] > 0),
        **positive,
    )


def at_minima(sharpness: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """What `of_sharpness` returns, with minimum: the entry of the catalogue that a run settles in.

    That is the entry at which a search from the run ends, if it is a minimum and the loss of the
    run is above its loss by a tenth at most (`jfb.analysis.catalogue.AT`); missing otherwise.

    Args:
        sharpness: of the runs of a study.
        placed: of the same runs, as `jfb.analysis.catalogue.placed` returns them.
    """
    is_minimum = placed["what"].isin([catalogue.MINIMUM, catalogue.FLAT])
    is_near = placed["start_loss"] <= (1 + catalogue.AT) * placed["entry_loss"]
    found = placed[["batch_size", "seed"]].assign(minimum=placed["id"].where(is_minimum & is_near))
    return sharpness.merge(found, on=["batch_size", "seed"], how="left", validate="one_to_one")


def of_searches(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The searches of the catalogue as from_<source>, with at_lowest: at the lowest entry."""
    return {
        f"from_{source}": rows.assign(at_lowest=rows["at"] == catalogue.LOWEST)
        for source, rows in runs.groupby("source")
    }


def of_contraction(table: pd.DataFrame) -> pd.DataFrame:
    """Contraction with contracts: in some norm, missing where the bounds do not decide."""
    low, high = table["contraction_low"], table["contraction_high"]
    # A run that diverged has no bounds, and does not contract.
    known = (high < 1) | (low >= 1) | table["diverged"]
    return table.assign(contracts=(high < 1).astype(object).where(known))


def of_timing(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Timing by engine, and `label`: the published column beside the engine dataloader.

    Taken is what was measured with the collector as Python starts it, of every machine. Added to
    `label`: source, published or dataloader, and seconds, as printed and of as many epochs as a
    published run has.
    """
    engines = dict(iter(timing.as_run(table).groupby("engine")))
    if "dataloader" not in engines:
        return engines
    own = engines["dataloader"]
    total = own["seconds_per_epoch"] * published.EPOCHS
    column = published.TABLE.set_index("batch_size")["training_seconds"]
    printed = own["batch_size"].map(column)
    both = [
        own.assign(source="dataloader", seconds=total),
        own.assign(source=published.SOURCE, seconds=printed),
    ]
    return engines | {"label": pd.concat([part[printed.notna()] for part in both])}


def of_cost(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cost of a step by what varied: medians over rounds, and `jfb.analysis.cost.cheapest`."""
    medians = cost.summarised(table)
    both = pd.concat([medians, cost.cheapest(medians)], ignore_index=True)
    return {str(varied): rows for varied, rows in both.groupby("varied")}
