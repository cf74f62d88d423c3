"""Which sufficient conditions for one fixed point hold, and does enforcing one cost accuracy?"""

from collections.abc import Mapping, Sequence

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    log_loss,
    mean,
    mean_difference,
    reached,
    share,
    share_by_seed,
    share_difference,
)

READERS = {"networks": inputs.frames, "summaries": inputs.summaries}

#: Sufficient conditions, by the column that must be below 1.
CONDITIONS = {
    "spectral": "spectral_norm",
    "infinity": "infinity_norm",
    "perron_frobenius": "perron_frobenius",
    "joint": "contraction_high",
}
#: Where nothing keeps the map contractive.
FREE = "none"


def measure(networks: Sequence[pd.DataFrame], summaries: Sequence[pd.DataFrame]) -> list[Measured]:
    """Shares of networks that meet each condition, and what a contraction does to the result.

    The gain is that of the networks at the end that have one: whose Perron-Frobenius eigenvalue is
    below 1.

    Args:
        networks: see `jfb.records.wellposed.Row`, of several studies.
        summaries: of these studies, with the factor `contraction` where they have one.
    """
    rows = []
    networks = [table.rename(columns={"level": "contraction"}) for table in networks]
    met = conditions(pd.concat(networks, ignore_index=True))
    of_run = met.groupby(["contraction", "batch_size", "seed"])
    last = met[met["epoch"] == of_run["epoch"].transform("max")]
    names = (*CONDITIONS, "norms", "any", "unique", "reached", "unexplained")
    for when, some, of in (("along", met, share_by_seed), ("end", last, share)):
        groups = some.set_index("seed").groupby(["contraction", "batch_size"], sort=False)
        for (contraction, size), group in groups:
            rows += [of((f"{name}_{when}", contraction, size), group[name]) for name in names]
            if when == "end":
                rows.append(mean(("gain_end", contraction, size, ""), group["gain"]))
    free = last[last["contraction"] == FREE]
    unique = free[free["unique"]].set_index("seed")
    for name in (*CONDITIONS, "norms", "any", "reached"):
        rows.append(share_by_seed((f"{name}_of_unique", FREE, 0), unique[name]))
    return rows + _cost(_by_contraction(summaries))


def conditions(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks with a column per condition, and what follows from them.

    norms: one of the three that need no search is below 1; any: one of all; unexplained: a unique
    fixed point without any.
    """
    met = networks.assign(**{name: networks[column] < 1 for name, column in CONDITIONS.items()})
    norms = met["spectral"] | met["infinity"] | met["perron_frobenius"]
    every = norms | met["joint"]
    return met.assign(norms=norms, any=every, unexplained=met["unique"] & ~every)


def _by_contraction(summaries: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The runs of each contraction."""
    runs = pd.concat(
        table if "contraction" in table else table.assign(contraction=FREE) for table in summaries
    )
    return {name: rows.drop(columns="contraction") for name, rows in runs.groupby("contraction")}


def _cost(summaries: Mapping[str, pd.DataFrame]) -> list[Measured]:
    """Each contraction against none, of the same seeds, at each batch size and over all.

    Over all batch sizes, a seed counts once: the mean of its differences.
    """
    rows = []
    free = summaries[FREE]
    for name, summary in summaries.items():
        if name == FREE:
            continue
        for size in sorted(set(summary["batch_size"]), reverse=True):
            one, other = (table[table["batch_size"] == size] for table in (summary, free))
            place = name, size, FREE
            rows.append(share_difference(("cost_reached", *place), reached(one), reached(other)))
            rows.append(mean_difference(("cost_loss", *place), log_loss(one), log_loss(other)))
        apart = (log_loss(summary) - log_loss(free)).dropna()
        rows.append(mean(("cost_loss", name, 0, FREE), apart.groupby(level="seed").mean()))
    return rows
