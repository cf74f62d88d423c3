"""How often intervals of a mean of shares contain it, where they promise 95 %.

Each of 20 seeds has a share near 1 (say of the points along training at which something holds), and
what is asked is their mean. Populations of shares: beta distributions, some rows of each seed only,
and a few seeds with low shares among many with 1, of which a sample may have none.

    .venv/bin/python benchmarks/interval_coverage.py [seeds]
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow/scripts"))

from jfb.analysis import intervals

SAMPLES = 500
_Z = stats.norm.ppf(0.975)


def populations(
    rng: np.random.Generator, n: int
) -> Iterator[tuple[str, Callable[[], np.ndarray], float]]:
    """Name, what draws n shares, and their mean."""
    yield "beta, mean 0.97, narrow", lambda: rng.beta(19.4, 0.6, n), 0.97
    yield "beta, mean 0.95, wide", lambda: rng.beta(4.75, 0.25, n), 0.95
    yield "beta of 41 rows, mean 0.97", lambda: rng.binomial(41, rng.beta(19.4, 0.6, n)) / 41, 0.97
    yield "0.9 at 1, others 0 to 1", lambda: _mixed(rng, n, 0.1, 0), 0.95
    yield "0.8 at 1, others 0.5 to 1", lambda: _mixed(rng, n, 0.2, 0.5), 0.95
    yield "all or nothing, mean 0.95", lambda: (rng.random(n) < 0.95).astype(float), 0.95


def _mixed(rng: np.random.Generator, n: int, share: float, low: float) -> np.ndarray:
    return np.where(rng.random(n) < share, rng.uniform(low, 1, n), 1.0)


def student(values: np.ndarray) -> tuple[float, float]:
    """Student's t."""
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - reach, values.mean() + reach


def wilson(values: np.ndarray) -> tuple[float, float]:
    """Wilson's, of as many runs as there are seeds: no shares vary more than 0 and 1 do."""
    n, p = len(values), values.mean()
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * np.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return centre - reach, centre + reach


METHODS = {
    "Student": student,
    "BCa": intervals.of_mean,
    "Wilson": wilson,
    "Gaffke": intervals.of_mean_of_shares,
}


def main(n: int) -> None:
    """Print the coverage and the mean width of each method, of samples of n seeds."""
    intervals._DRAWS = intervals._BATCH = 4000
    intervals._RESAMPLES = 1999
    rng = np.random.default_rng(0)
    print(f"{n} seeds, {SAMPLES} samples: coverage in per cent, mean width")
    print(f"{'':28}" + "".join(f"{name:>15}" for name in METHODS))
    for name, draw, mean in populations(rng, n):
        samples = [draw() for _ in range(SAMPLES)]
        cells = []
        for method in METHODS.values():
            low, high = np.transpose([method(values) for values in samples])
            # What is 1 but for rounding is.
            covered = (low <= mean + 1e-9) & (mean - 1e-9 <= high)
            width = np.clip(high, 0, 1) - np.clip(low, 0, 1)
            cells.append(f"{100 * covered.mean():.0f}, {width.mean():.3f}")
        print(f"{name:28}" + "".join(f"{cell:>15}" for cell in cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
