"""Eigenvalues of the Gram matrix of the fixed points at the start (Ling et al. 2023)."""

import numpy as np

from jfb.config import settings
from jfb.model import fixed_points
from jfb.records.dataset import Part
from jfb.records.gram import SCHEMA, Row
from jfb.records.levels import level_of
from jfb.records.snapshots import Snapshots

__all__ = ["SCHEMA", "along", "ends"]


def ends(points: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of Z Z^T, Z of shape (size, n)."""
    if not np.isfinite(points).all():
        return np.nan, np.nan
    values = np.linalg.svd(points, compute_uv=False) ** 2
    # Of fewer units than samples, the rank is at most their number.
    return float(values[-1]) if len(values) == len(points) else 0.0, float(values[0])


def along(run: settings.Run, kept: Snapshots, training: Part, _: Part) -> list[Row]:
    """A row, of the start."""
    point = fixed_points.find(kept.parameters[0], run.network, training.inputs).point
    place = level_of(run), run.batch_size, run.seed, run.network.latent_dim, len(training)
    return [Row(*place, *ends(point))]
