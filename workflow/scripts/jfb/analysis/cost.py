"""Measured costs as tables: medians over rounds, and the cheapest way to the exact gradient."""

import pandas as pd

#: What the fastest adequate solver of the adjoint is called, as if it were a gradient.
CHEAPEST = "implicit_cheapest"
#: Largest residual of an adjoint that counts as that of the exact gradient: |v + J^T w - w| / |v|.
ADEQUATE = 1e-5
_CASE = ["varied", "iterations", "latent_dim"]


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """A row per case and gradient, in their order.

    Args:
        table: as `jfb.measure.cost.measure` returns it.

    Returns:
        varied, iterations, latent_dim, gradient; adjoint, how an implicit gradient is solved, and
        adjoint_residual; step_seconds, the median over rounds, with step_seconds_lowest and
        step_seconds_highest; peak_bytes.
    """
    groups = table.groupby([*_CASE, "gradient"], sort=False, dropna=False)
    return groups.agg(
        adjoint=("adjoint", "first"),
        adjoint_residual=("adjoint_residual", "first"),
        step_seconds=("step_seconds", "median"),
        step_seconds_lowest=("step_seconds", "min"),
        step_seconds_highest=("step_seconds", "max"),
        peak_bytes=("peak_bytes", "first"),
    ).reset_index()


def cheapest(costs: pd.DataFrame) -> pd.DataFrame:
    """Of each latent dimension the fastest gradient whose adjoint is adequate, named `CHEAPEST`.

    Adequate is a residual of at most 1e-5 in every case of that dimension: direct, by pattern, and
    iterated in float32 to 1e-6 all are, a series that is cut after a few terms is not. The fastest
    is the one whose time over the least of the case has the smallest median over the cases: one
    solver for a dimension, so that noise does not choose another in each case.

    Args:
        costs: as `summarised` returns them.

    Returns:
        Its rows, one per case.
    """
    # Neumann's series has a residual too, and may have a small one: it is not the exact gradient.
    exact = costs[costs["adjoint"].notna()]
    adequate = exact.groupby(["latent_dim", "gradient"])["adjoint_residual"].transform("max")
    solved = exact[adequate.le(ADEQUATE)]
    least = solved.groupby(_CASE, sort=False)["step_seconds"].transform("min")
    over = (solved["step_seconds"] / least).groupby([solved["latent_dim"], solved["gradient"]])
    fastest = over.median().unstack().idxmin(axis=1)
    chosen = solved["gradient"] == solved["latent_dim"].map(fastest)
    return solved[chosen].assign(gradient=CHEAPEST)


def ratios(costs: pd.DataFrame, against: str = "jfb") -> pd.DataFrame:
    """The costs over those of one gradient in the same case.

    Args:
        costs: as `summarised` returns them.
        against: the gradient.

    Returns:
        The costs with step_seconds_ratio and peak_bytes_ratio; cases without `against` are left
        out.
    """
    measured = ["step_seconds", "peak_bytes"]
    base = costs.loc[costs["gradient"] == against, [*_CASE, *measured]]
    both = costs.merge(base, on=_CASE, suffixes=("", "_against"), validate="m:1")
    shares = {f"{name}_ratio": both[name] / both[f"{name}_against"] for name in measured}
    return both.drop(columns=[f"{name}_against" for name in measured]).assign(**shares)
